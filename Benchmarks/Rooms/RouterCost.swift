import Glibc
import LinuxIO

/// What `lbctl run` costs with many virtual routers and with one, Active and Backup.
///
/// Two programs in network namespaces of their own, joined by a pair of veth. The kernel would let
/// the sender pay for what the receiver's host does with a packet, so a thread of the receiving
/// interface does that, as on a link between two hosts (threaded NAPI, which veth has from a sender
/// without TSO); on the sender's processor, since in a virtual machine an interrupt between
/// processors costs more than the packet.
struct RouterCost {
    let plan: Plan
    let report: Report

    func run() throws {
        guard geteuid() == 0 else {
            return report.note("routers: NOT RUN", "needs root, for network namespaces")
        }
        guard let program = Self.program(isQuick: plan.isQuick) else {
            return report.note(
                "routers: NOT RUN", "no lbctl here: swift build -c release --product lbctl")
        }
        // A debug build could not bear more.
        let count = plan.isQuick ? 20 : 255
        let title =
            plan.isQuick ? "" : ", at most \(Self.processorLimit) % and \(Self.memoryLimit) MB"
        let rows =
            try rows(program, .group, count: count, interval: "0.01")
            + rows(program, .ipv6Peer, count: count, interval: "0.01")
            + rows(program, .group, count: 1, interval: "1")
        report.add("routers: one failover process\(title)", rows)
        // The figures of a quick run mean little.
        guard !plan.isQuick else { return }
        rows.forEach(judge)
    }

    /// Of one core, in percent.
    private static let processorLimit = 25.0
    /// Of what the process has for itself.
    private static let memoryLimit = 5.0

    private func judge(_ row: Row) {
        for (summary, limit) in zip(row.summaries, [Self.processorLimit, Self.memoryLimit])
        where summary.median > limit {
            report.exceed(
                "\(row.benchmark): \(row.work)",
                "\(text(summary.median)) \(summary.unit) of \(summary.name), at most \(text(limit))"
            )
        }
    }

    private func rows(
        _ program: String, _ form: RouterPair.Form, count: Int, interval: String
    ) throws -> [Row] {
        let isOften = count > 1
        let seconds = plan.isQuick ? 1 : isOften ? 10 : 30
        var usages = [[Double]](repeating: [], count: 2)
        var memory = usages
        for _ in 0..<(isOften ? plan.runs : 1) {
            let pair = try RouterPair(
                program: program, form: form, count: count, interval: interval)
            defer { pair.end() }
            // The Backups hear the Active routers from here on.
            try pair.settle(within: 60)
            let before = pair.usages
            let began = MonotonicInstant.now
            LinuxIO.Thread.sleep(for: .seconds(seconds))
            let elapsed = Double(MonotonicInstant.now.nanoseconds - began.nanoseconds)
            for (index, (earlier, later)) in zip(before, pair.usages).enumerated() {
                usages[index].append(
                    Double(later.nanoseconds - earlier.nanoseconds) / elapsed * 100)
                memory[index].append(Double(pair.anonymousKilobytes[index]) / 1024)
            }
        }
        let routers = "\(count) virtual router\(count == 1 ? "" : "s") at \(interval) s"
        return ["Active", "Backup"].enumerated().map { index, role in
            Row(
                benchmark: "routers", work: "\(routers), \(form.rawValue), \(role)",
                summaries: [
                    Summary("processor", "%", usages[index]),
                    Summary("private memory", "MB", memory[index]),
                ], check: UInt64(count))
        }
    }

    /// The program that was built beside this one; to see that it works, a debug build does.
    private static func program(isQuick: Bool) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(
            decoding: buffer.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = own.split(separator: "/").dropLast()
        var candidates = ["/" + folder.joined(separator: "/") + "/lbctl"]
        if isQuick {
            candidates.append(
                "/" + (folder.dropLast() + ["debug", "lbctl"]).joined(separator: "/"))
        }
        return candidates.first { access($0, X_OK) == 0 }
    }
}

/// Two programs with the same virtual routers, of which the first is Active.
private struct RouterPair {
    /// How the routers advertise.
    enum Form: String {
        case group = "IPv4 to the group"
        case ipv6Peer = "IPv6 to one peer"

        /// The lines of a virtual router that differ.
        func lines(number: Int, host: Int) -> String {
            switch self {
            case .group: "virtual_ipaddress { 10.9.7.\(number)/32 }"
            case .ipv6Peer:
                """
                unicast_src_ip fd09::\(host)
                unicast_peer { fd09::\(3 - host) }
                virtual_ipaddress { fd09::7:\(number)/128 }
                """
            }
        }
    }

    private let folder: String
    private let programs: [Companion]

    init(program: String, form: Form, count: Int, interval: String) throws {
        let folder = "/tmp/lbctl-routers-\(getpid())"
        mkdir(folder, 0o700)
        let scripts = try [("va", 200, 1), ("vb", 100, 2)].map { link, priority, host in
            let file = "\(folder)/\(link).conf"
            try SmallFile.write(
                (1...count).map { number in
                    """
                    vrrp_instance V\(number) {
                        interface \(link)
                        virtual_router_id \(number)
                        priority \(priority)
                        version 3
                        advert_int \(interval)
                        \(form.lines(number: number, host: host))
                    }

                    """
                }.joined(), to: file)
            let makeLink = link == "va" ? "ip link add va type veth peer name vb" : ":"
            return """
                set -e; mount -t sysfs none /sys; \(makeLink); echo ready; read -r _
                ethtool -K \(link) gro on tso off; ip link set \(link) up
                echo 1 >/sys/class/net/\(link)/threaded
                taskset -pc \(2 - host) $(pgrep -n '^napi/\(link)-') >/dev/null
                ip address add 10.9.0.\(host)/16 dev \(link)
                ip address add fd09::\(host)/64 dev \(link) nodad; echo up
                exec '\(program)' run --control \(folder)/\(link).sock \(file) 2>\(folder)/\(link).log
                """
        }
        let programs = try scripts.enumerated().map { index, script in
            let companion = try Companion(
                "the \(index == 0 ? "Active" : "Backup") router", on: index == 0 ? 0 : nil,
                command: ["unshare", "--net", "--mount", "bash", "-c", script])
            guard try companion.line(within: 10) == "ready" else { throw NoRouters() }
            return companion
        }
        let mover = try Companion(
            "ip", on: nil,
            command: [
                "nsenter", "-t", "\(programs[0].processID)", "-n", "bash", "-c",
                "ip link set vb netns \(programs[1].processID) && echo moved",
            ])
        guard try mover.line(within: 10) == "moved" else { throw NoRouters() }
        for program in programs {
            program.go()
            guard try program.line(within: 10) == "up" else { throw NoRouters() }
        }
        self.folder = folder
        self.programs = programs
    }

    /// Waits until all routers of the first are Active, and all of the second have heard them.
    func settle(within seconds: Int) throws {
        let deadline = MonotonicInstant.now + .seconds(seconds)
        while true {
            let logs = ["va", "vb"].map { Processes.contents(of: "\(folder)/\($0).log") ?? "" }
            let entered = logs.map { Self.count("Entering MASTER STATE", in: $0) }
            let begun = Self.count("Entering BACKUP STATE", in: logs[1])
            let wanted = Self.count("Entering BACKUP STATE (init)", in: logs[0])
            if wanted > 0, entered[0] >= wanted, begun >= wanted { break }
            guard MonotonicInstant.now < deadline else { throw NoRouters() }
            LinuxIO.Thread.sleep(for: .milliseconds(100))
        }
        // Past the second burst of announcements, five seconds after the first.
        LinuxIO.Thread.sleep(for: .seconds(7))
    }

    var usages: [ProcessUsage] { programs.map { ProcessUsage.of($0.processID) } }

    /// Of the failover processes alone.
    var anonymousKilobytes: [Int] {
        programs.map { program in
            let text = Processes.contents(of: "/proc/\(program.processID)/smaps_rollup") ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("Anonymous:") }
            return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        }
    }

    func end() {
        for program in programs { program.end() }
        for link in ["va", "vb"] {
            for suffix in ["conf", "log", "sock"] { unlink("\(folder)/\(link).\(suffix)") }
        }
        rmdir(folder)
    }

    private static func count(_ text: String, in log: String) -> Int {
        log.split(separator: "\n").count { $0.contains(text) }
    }
}

/// The two programs did not come up.
private struct NoRouters: Error, CustomStringConvertible {
    var description: String { "routers: the two programs did not become Active and Backup" }
}
