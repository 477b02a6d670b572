#if Program
import Foundation
import LinuxIO
import Synchronization
import Testing

/// What connections, orders and pages notice of a reload.
@ProgramThread @Suite(.serialized) struct `Reloads of the program` {
    let folder: ProgramFolder
    let server: TalkingServer
    let port: UInt16

    init() throws {
        folder = try ProgramFolder()
        server = try TalkingServer(.silent)
        port = try freePort()
    }

    private func write(_ sections: String, global: String = "nbthread 1") throws -> String {
        try folder.write(
            """
            global
                \(global)
            defaults
                mode tcp
                timeout client 30s
                timeout server 30s
                timeout connect 1s
                default-server inter 100ms rise 1 fall 1
            \(sections)

            """, to: "a.cfg")
    }

    private func reload() throws {
        let result = try folder.run("reload", "--control", folder.control)
        try #require(result.status == 0, "\(result)")
    }

    private func connect(_ port: UInt16) throws -> BlockingClient { try BlockingClient(port) }

    private func sessions(of name: String) throws -> Int? {
        let frontend = try folder.proxy(name)["frontend"] as? [String: Any]
        return (frontend?["traffic"] as? [String: Any])?["scur"] as? Int
    }

    @Test func `a connection stays, also when its proxy and its server are gone`() throws {
        let other = try freePort()
        let echo = try EchoServer()
        let own = "listen web 127.0.0.1:\(port)\n server s 127.0.0.1:\(echo.port)\n"
        let more = "listen more 127.0.0.1:\(other)\n server s 127.0.0.1:\(echo.port)\n"
        let program = try folder.start(try write(own + more))
        try folder.awaitLog(" serves")
        let balancer = try program.balancer()
        let (first, second) = (try connect(port), try connect(other))
        #expect(try first.exchange("one") && second.exchange("one"))
        for timeout in 5...6 {
            _ = try write(own + more + " timeout queue \(timeout)s\n")
            try reload()
            #expect(try first.exchange("two") && second.exchange("two"))
            #expect(try sessions(of: "web") == 1 && sessions(of: "more") == 1)
        }
        _ = try write("listen web 127.0.0.1:\(port)\n server t 127.0.0.1:1\n")
        try reload()
        #expect(try first.exchange("three") && second.exchange("three"))
        #expect((try? connect(other)) == nil, "nobody listens there")
        #expect(try sessions(of: "web") == 1)
        #expect(try program.balancer() == balancer)
        withExtendedLifetime(program) {}
    }

    /// Off and on again, of both halves of a proxy: what is there goes on, and who comes is served only
    /// while it is on.
    @Test func `disabled holds for newcomers alone, and is taken back`() throws {
        let echo = try EchoServer()
        func text(frontend: String = "", backend: String = "") -> String {
            "frontend web\n id 5\n guid web-1\n bind 127.0.0.1:\(port)\n default_backend pool\n"
                + " \(frontend)\n"
                + "backend pool\n \(backend)\n server s 127.0.0.1:\(echo.port)\n"
        }
        let program = try folder.start(try write(text()))
        try folder.awaitLog(" serves")
        let shown = try folder.proxy("web")
        #expect(shown["iid"] as? Int == 5 && shown["guid"] as? String == "web-1")
        let old = try connect(port)
        #expect(try old.exchange("one"))
        _ = try write(text(backend: "disabled"))
        try reload()
        #expect(try old.exchange("two"))
        #expect(try !connect(port).exchange("three"))
        _ = try write(text())
        try reload()
        #expect(try connect(port).exchange("four"))
        _ = try write(text(frontend: "disabled"))
        try reload()
        #expect(try old.exchange("five"))
        try eventually(within: .seconds(5), "somebody listens there") {
            (try? connect(port)) == nil
        }
        _ = try write(text())
        try reload()
        #expect(try connect(port).exchange("six") && old.exchange("seven"))
        withExtendedLifetime(program) {}
    }

    /// `ADDR:80` becomes `:80` and back, in one process and by another one, while clients connect.
    @Test func `who connects while the address to listen on changes is served, not reset`() throws {
        let echo = try EchoServer()
        func section(_ address: String) -> String {
            "listen web \(address):\(port)\n server s 127.0.0.1:\(echo.port)\n"
        }
        _ = try folder.start(try write(section("127.0.0.1")))
        try folder.awaitLog(" serves")
        let load = try ConnectingLoad(to: port, threads: 4)
        for (address, threads) in [
            ("0.0.0.0", 1), ("127.0.0.1", 1), ("0.0.0.0", 2), ("127.0.0.1", 1),
        ] {
            _ = try write(section(address), global: "nbthread \(threads)")
            try reload()
        }
        load.end()
        #expect(load.failures == [:])
        #expect(load.served > 100)
    }

    @Test func `another number of reactors is another process, which orders still reach`() throws {
        let section = """
            listen web 127.0.0.1:\(port)
                server a 127.0.0.1:\(server.port) check on-marked-down shutdown-sessions
                server b 127.0.0.1:\(server.port)
            """
        let program = try folder.start(try write(section))
        try folder.awaitLog(" serves")
        try eventually(within: .seconds(5), "both serve") {
            let servers = try folder.proxy("web")["servers"] as? [[String: Any]]
            return servers?.allSatisfy { $0["status"] as? String != "INI" } ?? false
        }
        let clients = try (0..<4).map { _ in try connect(port) }
        try eventually(within: .seconds(5), "four sessions") { try sessions(of: "web") == 4 }
        let first = try program.balancer()
        _ = try write(section, global: "nbthread 2")
        try reload()
        try eventually(within: .seconds(5), "another process") {
            try program.balancer() != first
        }
        let balancer = try folder.balancerStatus()
        #expect(balancer["ending"] as? Int == 1)
        #expect(
            try folder.run(
                "server", "drain", "web/b", "--deadline", "0.1", "--control", folder.control
            ).status == 0)
        try eventually(within: .seconds(5), "the operator's order is heard there") {
            clients.filter(\.isReset).count == 2
        }
        // Only the new process checks; the old one hears of it.
        server.stop()
        try eventually(within: .seconds(5), "so is a check") {
            clients.filter(\.isReset).count == 4
        }
        try folder.awaitLog("replaced balancer process \(first) exited with status 0")
        #expect(folder.text(of: "log").components(separatedBy: "web/a is DOWN").count == 2)
    }

    @Test func `hard-stop-after ends what a replaced process still has`() throws {
        let section = "listen web 127.0.0.1:\(port)\n server a 127.0.0.1:\(server.port)\n"
        let program = try folder.start(
            try write(section, global: "nbthread 1\n hard-stop-after 300ms"))
        try folder.awaitLog(" serves")
        let client = try connect(port)
        try eventually(within: .seconds(5), "it is served") { try sessions(of: "web") == 1 }
        let first = try program.balancer()
        let began = ContinuousClock.now
        _ = try write(section, global: "nbthread 2\n hard-stop-after 300ms")
        try reload()
        try folder.awaitLog("replaced balancer process \(first) exited with status 0")
        #expect(ContinuousClock.now - began >= .milliseconds(290))
        #expect(client.isReset)
        withExtendedLifetime(program) {}
    }

    @Test func `the page goes on, and moves with its configuration`() throws {
        let page = try freePort()
        // Clients of IPv4 come to such a socket by addresses of IPv6.
        func section(_ path: String, refusing last: Int = 9) -> String {
            "listen stats\n bind [::]:\(page) v4v6\n mode http\n stats enable\n stats uri \(path)\n"
                + " tcp-request connection reject if { src 127.0.0.\(last) }\n"
        }
        let web = "listen web 127.0.0.1:\(port)\n server a 127.0.0.1:\(server.port)\n"
        let program = try folder.start(try write(section("/one") + web))
        try folder.awaitLog(" serves")
        func status(_ path: String, from last: Int = 1) throws -> String {
            try folder.run(
                command: [
                    "/usr/bin/curl", "-s", "-m", "5", "--interface", "127.0.0.\(last)", "-o",
                    "/dev/null", "-w", "%{http_code}",
                    "http://127.0.0.1:\(page)\(path)",
                ]
            ).output
        }
        #expect(try status("/one") == "200")
        // Who may connect is asked for each connection, and anew after a reload.
        #expect(try status("/one", from: 9) == "000")
        _ = try write(section("/one", refusing: 8) + web)
        try reload()
        #expect(try status("/one", from: 9) == "200")
        #expect(try status("/one", from: 8) == "000")
        _ = try write(section("/one") + web.replacing("web", with: "other"))
        try reload()
        #expect(try status("/one") == "200")
        let rows = try folder.run(
            command: ["/usr/bin/curl", "-sS", "http://127.0.0.1:\(page)/one;csv"]
        ).output
        #expect(rows.contains("\nother,FRONTEND,") && !rows.contains("\nweb,FRONTEND,"))
        _ = try write(section("/two") + web)
        try reload()
        #expect(try status("/two") == "200")
        #expect(try status("/one") != "200")
        withExtendedLifetime(program) {}
    }

    @Test func `lines of connections name what they went through, whatever moves`() throws {
        let log = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(log) }
        let any = RawStreamAddress(.ipv4(SocketAddress(address: 0x7f00_0001, port: 0)))
        _ = StreamSocket.bind(log, to: any)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(log, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        let echo = try EchoServer()
        let target = "log 127.0.0.1:\(StreamSocket.localEndpoint(of: log).port) format raw local0"
        let web = """
            listen web 127.0.0.1:\(port)
                option tcplog
                \(target)
                server s 127.0.0.1:\(echo.port)

            """
        let program = try folder.start(try write(web))
        try folder.awaitLog(" serves")
        let clients = try (0..<2).map { _ in try connect(port) }
        for client in clients { #expect(try client.exchange("x")) }
        let front = "listen first 127.0.0.1:\(try freePort())\n server x 127.0.0.1:1\n"
        _ = try write(front + web.replacing("server s", with: "server r 127.0.0.1:1\n server s"))
        try reload()
        clients[0].close()
        func line() -> String {
            var buffer = [UInt8](repeating: 0, count: 2048)
            let count = recv(log, &buffer, 2048, 0)
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }
        #expect(line().contains("] web web/s "))
        _ = try write(front)
        try reload()
        clients[1].close()
        #expect(line().contains("] web web/s "))
        withExtendedLifetime(program) {}
    }
}

/// Clients that connect, hear what they said, and leave, as fast as they can.
final class ConnectingLoad: Sendable {
    private let isEnding = Atomic(false)
    private let clients = DispatchGroup()
    private let count = Atomic(0)
    private let wrong = Mutex<[String: Int]>([:])

    var served: Int { count.load(ordering: .relaxed) }
    /// What else happened, and how often.
    var failures: [String: Int] { wrong.withLock { $0 } }

    init(to port: UInt16, threads: Int) throws {
        for _ in 0..<threads {
            clients.enter()
            try LinuxIO.Thread(name: "load") { [self] in
                while !isEnding.load(ordering: .relaxed) {
                    do {
                        let client = try BlockingClient(port)
                        guard try client.exchange("hello") else { throw Errno.connectionReset }
                        // Otherwise it would keep its port for a minute.
                        client.reset()
                        count.add(1, ordering: .relaxed)
                    } catch { wrong.withLock { $0["\(error)", default: 0] += 1 } }
                    LinuxIO.Thread.sleep(for: .microseconds(100))
                }
                clients.leave()
            }.detach()
        }
    }

    func end() {
        isEnding.store(true, ordering: .relaxed)
        clients.wait()
    }
}

/// Sends back what comes.
final class EchoServer: Sendable {
    let port: UInt16
    private let listener: Int32

    init(port: UInt16 = 0) throws {
        let socket = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: port), backlog: 1024)
        self.port = try Socket.localAddress(of: socket.rawValue).port
        _ = fcntl(socket.rawValue, F_SETFL, 0)
        listener = socket.release()
        let listener = listener
        try LinuxIO.Thread(name: "echo") {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                try? LinuxIO.Thread(name: "echo-one") {
                    var buffer = [UInt8](repeating: 0, count: 65_536)
                    while case let count = recv(connection, &buffer, 65_536, 0), count > 0 {
                        send(connection, buffer, count, Int32(MSG_NOSIGNAL))
                    }
                    close(connection)
                }.detach()
            }
        }.detach()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}

/// A client that waits for its answers, 10 s at most.
final class BlockingClient {
    private var number: Int32

    init(_ port: UInt16) throws {
        number = try connect(to: port)
    }

    /// Whether a text comes back.
    func exchange(_ text: String) throws -> Bool {
        let bytes = Array(text.utf8)
        guard send(number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            return false
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: bytes.count)
        while answer.count < bytes.count {
            let count = recv(number, &buffer, bytes.count - answer.count, 0)
            guard count > 0 else { return false }
            answer += buffer[..<count]
        }
        return answer == bytes
    }

    /// Whether the other end has reset the connection.
    var isReset: Bool {
        var byte: UInt8 = 0
        return recv(number, &byte, 1, Int32(MSG_DONTWAIT | MSG_PEEK)) < 0 && errno == ECONNRESET
            || isGone()
    }

    private func isGone() -> Bool {
        // A reset is told once.
        var error: Int32 = 0
        var length: socklen_t = 4
        var state = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        poll(&state, 1, 0)
        getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &length)
        return error == ECONNRESET || Int32(state.revents) & Int32(POLLHUP) != 0
    }

    func reset() {
        StreamSocket.reset(number)
        number = -1
    }

    func close() {
        guard number >= 0 else { return }
        Glibc.close(number)
        number = -1
    }

    deinit { close() }
}
#endif
