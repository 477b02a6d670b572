import Glibc
import LinuxIO

@testable import Balancer

/// haproxy from Debian, with a section for each thing that is compared.
final class HAProxy {
    /// The port of each section.
    let ports: [UInt16]
    private let process: ChildProcess
    private let path: String

    /// The port of the first section.
    var port: UInt16 { ports[0] }

    /// - Parameters:
    ///   - sections: What each section says besides its address.
    ///   - global: What the section `global` says besides.
    /// - Throws: `Errno` where it does not begin to listen.
    init(sections: [String], global: String = "") throws {
        let ports = try freePorts(sections.count)
        self.ports = ports
        path = "/tmp/haproxy-test-\(getpid())-\(ports[0]).cfg"
        var text = "global\n    nbthread 1\n\(global)defaults\n    mode tcp\n"
        for (index, (port, section)) in zip(ports, sections).enumerated() {
            // Of one section the name is in the log.
            let name = index == 0 ? "proxy" : "proxy\(index)"
            text += "listen \(name)\n    bind 127.0.0.1:\(port)\n\(section)\n"
        }
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        _ = text.withCString { write(file, $0, strlen($0)) }
        close(file)
        let null = try Descriptor.nullDevice()
        process = try ChildProcess(
            path: "/usr/sbin/haproxy", arguments: ["haproxy", "-db", "-q", "-f", path],
            descriptors: [(0, null.rawValue), (1, null.rawValue), (2, null.rawValue)])
        guard eventually({ Self.listens(ports) }) else { throw Errno.connectionRefused }
    }

    deinit {
        process.end()
        unlink(path)
    }

    /// Looks without connecting, which the servers behind would see.
    private static func listens(_ ports: [UInt16]) -> Bool {
        let table = TCPTable()
        return ports.allSatisfy { table.text.contains("\(table.end($0)) 00000000:0000 0A") }
    }
}

/// The host's sockets of TCP, as the kernel tells of them now (`/proc/net/tcp`).
struct TCPTable {
    let text: String

    init() {
        let file = open("/proc/net/tcp", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(file, &buffer, 65_536), count > 0 { text += buffer[..<count] }
        self.text = String(decoding: text, as: UTF8.self)
    }

    /// How many sockets have sent their first packet to a port of 127.0.0.1, and no more.
    func attempts(to port: UInt16) -> Int {
        text.split(separator: "\n").count(where: { $0.contains(" \(end(port)) 02") })
    }

    /// A port of 127.0.0.1 as the table writes it.
    func end(_ port: UInt16) -> String {
        let digits = String(port, radix: 16, uppercase: true)
        return "0100007F:" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}

/// What holds for a proxy, ours or haproxy's; times are in milliseconds.
struct ProxySettings: Sendable {
    var client = 600
    var server = 600
    var connect = 300
    var queue = 300
    var tunnel: Int?
    var clientFin: Int?
    var serverFin: Int?
    var retries = 0
    var redispatches = false
    /// `option nolinger` and `option abortonclose`.
    var hasNoLinger = false
    var abortsOnClose = false
    /// Connections of each server at once.
    var limit: Int? = 2
    var algorithm = PoolPlan.Algorithm.roundrobin
    /// The words of ``algorithm``.
    var balance = "roundrobin"
    var isConsistent = false
    var weights: [Int] = []
    /// The servers' `id`s.
    var numbers: [Int] = []

    /// For conversations that take their time on a busy machine.
    static let patient = ProxySettings(client: 60_000, server: 60_000)

    /// The lines of haproxy's section.
    func section(servers: [SocketAddress], more: String = "") -> String {
        let times: [(String, Int?)] = [
            ("client", client), ("server", server), ("connect", connect), ("queue", queue),
            ("tunnel", tunnel), ("client-fin", clientFin), ("server-fin", serverFin),
        ]
        var lines = times.compactMap { name, time in time.map { "timeout \(name) \($0)ms" } }
        lines += ["retries \(retries)", "balance \(balance)"]
        if redispatches { lines.append("option redispatch") }
        if hasNoLinger { lines.append("option nolinger") }
        if abortsOnClose { lines.append("option abortonclose") }
        if isConsistent { lines.append("hash-type consistent") }
        if !more.isEmpty { lines.append(more) }
        for (index, server) in servers.enumerated() {
            let bound = limit.map { " maxconn \($0)" } ?? ""
            let weight = index < weights.count ? " weight \(weights[index])" : ""
            let number = index < numbers.count ? " id \(numbers[index])" : ""
            lines.append("server \(Self.name(index)) \(server)\(bound)\(weight)\(number)")
        }
        return lines.map { "    \($0)" }.joined(separator: "\n")
    }

    /// The same of ours.
    func apply(to plan: inout BalancerPlan) {
        func time(_ milliseconds: Int?) -> Duration? { milliseconds.map { .milliseconds($0) } }
        plan.frontends[0].clientTimeout = time(client)
        plan.frontends[0].clientFinTimeout = time(clientFin)
        plan.pools[0].serverTimeout = time(server)
        plan.pools[0].resetsServers = hasNoLinger
        plan.pools[0].dropsLeavers = abortsOnClose
        plan.pools[0].connectTimeout = time(connect)
        plan.pools[0].queueTimeout = time(queue)
        plan.pools[0].tunnelTimeout = time(tunnel)
        plan.pools[0].serverFinTimeout = time(serverFin)
        plan.pools[0].retries = retries
        plan.pools[0].redispatches = redispatches
        plan.pools[0].algorithm = algorithm
        plan.pools[0].hashType = HashType(isConsistent: isConsistent)
        for index in plan.pools[0].servers.indices {
            plan.pools[0].servers[index].connectionLimit = limit
            if index < weights.count { plan.pools[0].servers[index].weight = weights[index] }
            if index < numbers.count { plan.pools[0].servers[index].number = numbers[index] }
        }
    }

    /// Our servers for these addresses.
    static func plans(_ servers: [SocketAddress]) -> [ServerPlan] {
        servers.enumerated().map { ServerPlan(name: name($0), address: $1) }
    }

    private static func name(_ index: Int) -> String {
        index == 0 ? "s" : "s\(index)"
    }
}
