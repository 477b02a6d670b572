import Glibc
import LinuxIO
import Netlink
import VRRPCore

/// A virtual address that comes and goes, with its announcement, in a network namespace of its own.
struct AddressMoves {
    let plan: Plan
    let report: Report

    func run() throws {
        guard geteuid() == 0 else {
            report.note("address: NOT RUN", "needs root, for a network namespace of its own")
            return
        }
        // The namespace is the thread's: it ends with it, and with all that is in it.
        let outcome = Outbox()
        let (plan, box) = (plan, outcome)
        try LinuxIO.Thread(name: "address") { box.fill { try Self.measure(plan) } }.join()
        report.add(
            "address: one virtual address, in an empty network namespace", try outcome.take())
    }

    private static func measure(_ plan: Plan) throws -> [Row] {
        try NetworkNamespace.enterNew()
        let links = try Links()
        guard let loopback = try links.link(named: "lo") else { throw NoLoopback() }
        try links.set(index: loopback.index, isUp: true)
        return [
            try moves(plan, "add and remove", on: loopback.index, announcements: 0),
            try moves(plan, "add, announce 5 times, remove", on: loopback.index, announcements: 5),
        ]
    }

    private static func moves(
        _ plan: Plan, _ work: String, on interfaceIndex: Int32, announcements: Int
    ) throws -> Row {
        let manager = try AddressManager()
        let announcer = try ARPAnnouncer()
        var address = InterfaceAddress(
            InternetAddress(172, 17, 0, 5), prefixLength: 32, interfaceIndex: interfaceIndex)
        address.protocolTag = manager.supportsProtocolTag ? .lbctl : nil
        let frame = GratuitousARP(
            address: IPv4Address(172, 17, 0, 5), mac: MACAddress(0x02, 0, 0x5e, 0, 0, 1)
        ).encoded()
        let (time, check) = try plan.time(unit: .microseconds) { count in
            var sum: UInt64 = 0
            for _ in 0..<count {
                guard try manager.add(address) == .added else { throw AddressWasThere() }
                for _ in 0..<announcements {
                    let sent = announcer.sendFrame(frame.span, interfaceIndex: interfaceIndex)
                    if case .moved(let byteCount) = sent { sum = fold(sum, UInt64(byteCount)) }
                }
                guard try manager.remove(address) == .removed else { throw AddressWasThere() }
                sum = fold(sum, 1)
            }
            return sum
        }
        return Row(benchmark: "address", work: work, summaries: [time], check: check)
    }
}

/// Carries rows, or the error, from the thread that made them.
// SAFETY: written by the thread before it ends, and read after it was joined.
private final class Outbox: @unchecked Sendable {
    private var result: Result<[Row], any Error> = .success([])

    func fill(_ work: () throws -> [Row]) {
        do { result = .success(try work()) } catch { result = .failure(error) }
    }
    func take() throws -> [Row] { try result.get() }
}

private struct NoLoopback: Error, CustomStringConvertible {
    var description: String { "a new network namespace has no interface \"lo\"" }
}

private struct AddressWasThere: Error, CustomStringConvertible {
    var description: String { "172.17.0.5 was not as the benchmark had left it" }
}
