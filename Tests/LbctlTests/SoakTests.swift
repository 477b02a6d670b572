#if Program
import Foundation
import LinuxIO
import TestServers
import Testing

/// Everything at once, for as long as `Lab/soak` says; some seconds otherwise.
@ProgramThread @Suite(.serialized) struct `A soak` {
    let folder: ProgramFolder
    let port: UInt16
    let datagrams: UInt16
    let further: UInt16
    let comingPort: UInt16
    let securePort: UInt16
    /// Where the balancer itself ends clients' TLS, for good and now and again.
    let ending: UInt16
    let furtherEnding: UInt16
    let credentials: String
    let servers: [EchoServer]
    let answerer: DatagramEcho

    init() async throws {
        folder = try ProgramFolder()
        port = try freePort()
        datagrams = try freePort()
        further = try freePort()
        comingPort = try freePort()
        securePort = try freePort()
        ending = try freePort()
        furtherEnding = try freePort()
        servers = [try EchoServer(), try EchoServer()]
        answerer = try DatagramEcho()
        let own = try TemporaryFolder()
        let certificates = try await Certificates(in: own)
        let texts = try withExtendedLifetime(own) {
            try [certificates.good, certificates.goodKey].map {
                try String(contentsOfFile: $0, encoding: .utf8)
            }
        }
        credentials = try folder.write(texts.joined(), to: "credentials.pem")
        try beginSecuring()
    }

    /// Has haproxy stand before a server, where clients must come by TLS.
    private func beginSecuring() throws {
        let file = try folder.write(
            """
            defaults
                mode tcp
                timeout client 60s
                timeout server 60s
                timeout connect 1s
            listen secure
                bind 127.0.0.1:\(securePort) ssl crt \(credentials)
                server echo 127.0.0.1:\(servers[1].port)

            """, to: "secure.cfg")
        _ = folder.adopt(
            try RunningProgram(
                ["/usr/sbin/haproxy", "-db", "-f", file], in: folder, output: "secure-log",
                errors: "secure-log"))
    }

    /// The configuration of a turn: another order, other weights and limits; a server and a section
    /// that are there now and again, which has another way to do handshakes each time.
    private func write(_ turn: Int) throws -> String {
        let balance = ["roundrobin", "leastconn", "random"][turn % 3]
        let server = turn % 2 == 0 ? "" : "    server d 127.0.0.1:\(servers[0].port) maxconn 50\n"
        let section = """
            listen further
                bind 127.0.0.1:\(further)
                bind 127.0.0.1:\(furtherEnding) ssl crt \(credentials) alpn turn-\(turn)
                server a 127.0.0.1:\(servers[0].port)

            """
        return try folder.write(
            """
            global
                nbthread 2
            defaults
                mode tcp
                retries 3
                option redispatch
                timeout client \(30 + turn % 2)s
                timeout server 30s
                timeout connect 1s
                default-server inter 100ms rise 1 fall 2
            \(turn % 4 < 2 ? section : "")
            listen web
                bind 127.0.0.1:\(port)
                bind 127.0.0.1:\(ending) ssl crt \(credentials)
                balance \(balance)
                server a 127.0.0.1:\(servers[0].port) check weight \(1 + turn % 5)
                server b 127.0.0.1:\(servers[1].port) check
                server c 127.0.0.1:\(comingPort) check
                server e 127.0.0.1:\(securePort) ssl verify none check
            \(server)
            listen names
                mode udp
                bind 127.0.0.1:\(datagrams)
                timeout client 1s
                timeout server 1s
                server n 127.0.0.1:\(answerer.port)

            """, to: "a.cfg")
    }

    private func order(_ words: String...) throws {
        let result = try folder.run(
            command: [ProgramFolder.binary] + words + ["--control", folder.control])
        #expect(result.status == 0, "\(words): \(result)")
    }

    /// One turn of what operators do: servers come and go, drains, and reloads.
    private func take(_ turn: Int, _ coming: inout EchoServer?) throws {
        _ = try write(turn)
        try order("reload")
        switch turn % 6 {
        case 0: try order("server", "drain", "web/b")
        case 1: try order("server", "ready", "web/b")
        case 2: try order("server", "drain", "web/c")
        // Whoever waits in its queue has been accepted by now; the balancer finds it gone.
        case 3: coming = nil
        case 4: try order("server", "ready", "web/c")
        default: coming = try EchoServer(port: comingPort)
        }
        LinuxIO.Thread.sleep(for: .milliseconds(100))
    }

    @Test func `every byte arrives, and neither process grows`() throws {
        let variable = ProcessInfo.processInfo.environment["LBCTL_SOAK_SECONDS"]
        let seconds = Int(variable ?? "") ?? 6
        let program = try folder.start(write(0))
        try folder.awaitLog("serves")
        let balancer = try program.balancer()
        var coming: EchoServer? = try EchoServer(port: comingPort)
        let load = try SoakLoad(port: port, secured: ending, datagrams: datagrams)
        var samples: [[Sample]] = []
        var turn = 0
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            turn += 1
            try take(turn, &coming)
            samples.append(try [program.pid, balancer].map(Sample.init))
        }
        load.stop()
        let secured = try #require(try folder.servers()["web/e"]?["traffic"] as? [String: Any])
        #expect(secured["stot"] as? Int ?? 0 > 0 && secured["bin"] as? Int ?? 0 > 1_000_000)
        print("\(seconds) s, \(turn) reloads;", load.words)
        for (name, index) in [("failover process", 0), ("balancer process", 1)] {
            let growth = Growth(samples.map { $0[index] })
            print("\(name): \(growth)")
            // Who comes and goes may be there at the one time and not at the other.
            #expect(growth.descriptors <= 2 * SoakLoad.briefClientCount, "\(name)")
            // What the allocator keeps takes its time to settle.
            #expect(growth.kilobytes < (seconds < 60 ? 8_192 : 2_048), "\(name)")
        }
        #expect(load.mistakes.isEmpty)
        #expect(load.lostDatagramCount <= 1 + (load.totals[.datagrams]?.count ?? 0) / 1_000)
        #expect(SoakLoad.Kind.allCases.allSatisfy { (load.totals[$0]?.count ?? 0) > 0 })
        #expect(try program.balancer() == balancer, "one process all the time")
        // What the last turn has, and nothing that was left behind.
        try eventually(within: .seconds(5), "all connections are gone") {
            try folder.proxies().filter { $0["mode"] as? String == "tcp" }.allSatisfy {
                let traffic = ($0["frontend"] as? [String: Any])?["traffic"] as? [String: Any]
                return traffic?["scur"] as? Int == 0
            }
        }
    }
}

/// What a process has at a moment.
private struct Sample {
    let descriptors: Int
    /// Of its own, touched.
    let kilobytes: Int

    init(_ process: Int32) throws {
        descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")
            .count
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
        kilobytes = try #require(Int(line.split(whereSeparator: \.isWhitespace)[1]))
    }
}

/// What has become more between the second quarter of a time and its last: medians.
private struct Growth: CustomStringConvertible {
    let descriptors: Int
    let kilobytes: Int
    let description: String

    init(_ samples: [Sample]) {
        let quarter = samples.count / 4
        func medians(_ name: (Sample) -> Int) -> (first: Int, last: Int) {
            let second = samples[quarter..<max(quarter + 1, 2 * quarter)].map(name).sorted()
            let last = samples.suffix(max(1, quarter)).map(name).sorted()
            return (second[second.count / 2], last[last.count / 2])
        }
        let (numbers, memory) = (medians(\.descriptors), medians(\.kilobytes))
        descriptors = numbers.last - numbers.first
        kilobytes = memory.last - memory.first
        description =
            "descriptors \(numbers.first) to \(numbers.last), kilobytes \(memory.first) to"
            + " \(memory.last)"
    }
}

extension SoakLoad {
    fileprivate var words: String {
        Kind.allCases.map { kind in
            let total = totals[kind] ?? (0, 0)
            return "\(kind.rawValue) \(total.count) with \(total.bytes >> 20) MiB"
        }.joined(separator: ", ") + ", lost datagrams \(lostDatagramCount)"
    }
}

/// Sends datagrams back.
final class DatagramEcho: Sendable {
    let port: UInt16
    private let number: Int32

    init() throws {
        number = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        let any = RawStreamAddress(.ipv4(SocketAddress(address: 0x7f00_0001, port: 0)))
        _ = StreamSocket.bind(number, to: any)
        port = try Socket.localAddress(of: number).port
        let number = number
        try LinuxIO.Thread(name: "datagrams") {
            var buffer = [UInt8](repeating: 0, count: 2_000)
            while true {
                var (source, length) = (sockaddr_in(), socklen_t(16))
                let count = withUnsafeMutablePointer(to: &source) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        recvfrom(number, &buffer, 2_000, 0, $0, &length)
                    }
                }
                guard count > 0 else { return }
                _ = withUnsafePointer(to: &source) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(number, buffer, count, 0, $0, length)
                    }
                }
            }
        }.detach()
    }

    // Its thread ends with it.
    deinit {
        shutdown(number, Int32(SHUT_RDWR))
        close(number)
    }
}
#endif
