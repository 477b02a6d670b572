#if Program
internal import ArgumentParser
internal import Failover
internal import Glibc
internal import LinuxIO
internal import Reactor
internal import VRRPCore

/// Explains VRRP packets as they pass an interface: `lbctl monitor IFACE`.
struct MonitorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor",
        abstract: "Explain the VRRP packets that pass an interface, and what is wrong with them.",
        discussion: """
            Shows what arrives and what this host sends, over IPv4 and IPv6, until it is \
            interrupted. The interface is not made promiscuous. Exit status 1 if anything was \
            wrong with a packet.
            """)

    @Argument(help: "The interface, eth0 for example.")
    var interface: String

    @Option(help: "End after so many packets.")
    var count: Int?

    @Flag(help: "Print one JSON document per packet and line.")
    var json = false

    @Flag(help: "Print every field of each packet.")
    var fields = false

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count \(count): must be 1 or more") }
    }

    func run() throws {
        let signals = try opened { () throws(SystemError) in
            try SignalDescriptor([SIGINT, SIGTERM])
        }
        let loop = try opened { () throws(SystemError) in try EventLoop() }
        var printer = TrafficPrinter(asJSON: json, showsFields: fields)
        var isGone = false
        let capture = try opened { () throws(SystemError) in
            try TrafficCapture(
                interface: interface, loop: loop,
                onPacket: { packet in
                    guard printer.count < count ?? .max else { return }
                    printer.print(packet)
                    if printer.count == count { loop.stop() }
                },
                onEnd: {
                    isGone = true
                    loop.stop()
                })
        }
        let watch = try opened { () throws(SystemError) in
            try loop.watch(signals.descriptor.rawValue, for: .readable) { _ in loop.stop() }
        }
        loop.run()
        loop.unwatch(watch)
        capture.stop()
        guard !isGone else {
            throw Failure(.systemRefused, "\(interface): the interface is gone")
        }
        try printer.conclude()
    }

    /// Opens something, or says what the caller can do about it.
    private func opened<Opened: ~Copyable>(
        _ open: () throws(SystemError) -> Opened
    ) throws(Failure) -> Opened {
        do throws(SystemError) { return try open() } catch {
            switch error.errno {
            case .noSuchDevice:
                let known = CaptureSocket.interfaceNames.joined(separator: ", ")
                throw Failure(
                    .systemRefused, "no interface '\(interface)'; this host has \(known)")
            case .notSupported:
                throw Failure(.systemRefused, "\(interface): carries no IP packets")
            default: throw Failure(error, hint: "capturing needs root or CAP_NET_RAW")
            }
        }
    }
}
#endif
