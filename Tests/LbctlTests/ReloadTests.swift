#if Program
import Foundation
import LinuxIO
import Synchronization
import Testing

/// Answers every connection with five bytes and ends it; all on one thread.
private final class HelloServer: Sendable {
    let port: UInt16

    init() throws {
        let socket = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 1024)
        port = try Socket.localAddress(of: socket.rawValue).port
        _ = fcntl(socket.rawValue, F_SETFL, 0)
        let listener = socket.release()
        try LinuxIO.Thread(name: "hello") {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                send(connection, "hello", 5, Int32(MSG_NOSIGNAL))
                close(connection)
            }
        }.detach()
    }
}

/// What a client hears.
private func conversation(with port: UInt16) -> String {
    guard let number = try? connect(to: port) else { return "refused" }
    defer { close(number) }
    var buffer = [UInt8](repeating: 0, count: 64)
    var text: [UInt8] = []
    while true {
        let count = recv(number, &buffer, 64, 0)
        if count == 0 { return String(decoding: text, as: UTF8.self) }
        guard count > 0 else { return "error \(errno)" }
        text += buffer[..<count]
    }
}

/// Clients that talk without a pause, and what went wrong.
private final class Load: Sendable {
    private let isEnding = Atomic(false)
    private let answered = Atomic(0)
    private let failures = Mutex<[String: Int]>([:])
    private let talking: Atomic<Int>

    var answers: Int { answered.load(ordering: .relaxed) }
    var mistakes: [String: Int] { failures.withLock { $0 } }

    init(clients: Int, port: UInt16) throws {
        talking = Atomic(clients)
        for _ in 0..<clients {
            let thread = try LinuxIO.Thread(name: "client") { [self] in
                while !isEnding.load(ordering: .relaxed) {
                    let words = conversation(with: port)
                    if words == "hello" {
                        answered.add(1, ordering: .relaxed)
                    } else {
                        failures.withLock { $0[words, default: 0] += 1 }
                    }
                }
                talking.subtract(1, ordering: .releasing)
            }
            thread.detach()
        }
    }

    /// Waits until each has ended its last conversation, so that nothing is counted any more.
    func stop() throws {
        isEnding.store(true, ordering: .relaxed)
        try eventually(within: .seconds(20), "every client ends") {
            talking.load(ordering: .acquiring) == 0
        }
    }
}

@ProgramThread @Suite(.serialized) struct `Reloads under load` {
    private let folder: ProgramFolder
    private let port: UInt16
    private let server: HelloServer

    init() throws {
        folder = try ProgramFolder()
        port = try freePort()
        server = try HelloServer()
    }

    private func write(retries: Int) throws -> String {
        try folder.write(
            balancerFile(port: port, server: server.port, more: "    retries \(retries)"),
            to: "a.cfg")
    }

    private func counter(_ names: String...) throws -> Int {
        var value: Any = try folder.proxy("web")
        for name in names {
            if let list = value as? [[String: Any]] { value = try #require(list.first) }
            value = try #require((value as? [String: Any])?[name])
        }
        return try #require(value as? Int)
    }

    @Test func `no connection is lost, and every counter goes on`() throws {
        let wanted = ProcessInfo.processInfo.environment["LBCTL_RELOADS"].flatMap { Int($0) }
        let reloads = wanted ?? 10
        let program = try folder.start(write(retries: 1))
        try folder.awaitLog("serves")
        let balancer = try program.balancer()
        let load = try Load(clients: 4, port: port)
        let start = ContinuousClock.now
        for number in 1...reloads {
            _ = try write(retries: 1 + number % 2)
            let result = try folder.run("reload", "--control", folder.control)
            #expect(result.status == 0, "\(result)")
        }
        let elapsed = ContinuousClock.now - start
        try load.stop()
        let rate = Int(Double(load.answers) / (elapsed / .seconds(1)))
        print("\(reloads) reloads, \(load.answers) connections, \(rate) a second")
        #expect(load.mistakes.isEmpty)
        #expect(load.answers > reloads * 10)
        // On a machine that tests something else at the same time nobody can promise it.
        if wanted != nil { #expect(rate >= 2000) }
        #expect(try program.balancer() == balancer, "one process all the time")
        try eventually(within: .seconds(5), "\(load.answers) connections are counted") {
            try counter("frontend", "traffic", "stot") == load.answers
        }
        #expect(try counter("servers", "traffic", "stot") == load.answers)
        #expect(try counter("servers", "traffic", "bout") == 5 * load.answers)
        #expect(try counter("backend", "traffic", "bout") == 5 * load.answers)
    }

    @Test func `every address becomes one under load, and nobody notices`() throws {
        func write(_ address: String) throws -> String {
            let text = balancerFile(port: port, server: server.port)
            return try folder.write(
                text.replacing("listen web 127.0.0.1:", with: "listen web \(address):"),
                to: "a.cfg")
        }
        _ = try folder.start(write("*"))
        try folder.awaitLog("serves")
        let load = try Load(clients: 4, port: port)
        try eventually(within: .seconds(5), "all talk") { load.answers > 100 }
        _ = try write("127.0.0.1")
        let result = try folder.run("reload", "--control", folder.control)
        #expect(result.status == 0, "\(result)")
        let before = load.answers
        try eventually(within: .seconds(5), "all talk on") { load.answers > before + 100 }
        try load.stop()
        #expect(load.mistakes.isEmpty)
    }

    @Test func `counters go on after a crash, and states of servers after a reload`() throws {
        let program = try folder.start(write(retries: 1))
        try folder.awaitLog("serves")
        for _ in 0..<20 { #expect(conversation(with: port) == "hello") }
        LinuxIO.Thread.sleep(for: .milliseconds(2_600))
        kill(try program.balancer(), SIGKILL)
        try folder.awaitLog("serves", count: 2)
        #expect(conversation(with: port) == "hello")
        try eventually(within: .seconds(5), "21 connections") {
            try counter("frontend", "traffic", "stot") == 21
        }
        #expect(try counter("frontend", "traffic", "smax") >= 1)
        #expect(
            try folder.run("server", "drain", "web/s1", "--control", folder.control).status == 0)
        _ = try write(retries: 2)
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(conversation(with: port) == "")
        try eventually(within: .seconds(5), "22 connections") {
            try counter("frontend", "traffic", "stot") == 22
        }
    }

    @Test func `the files are read once for all who ask before that`() throws {
        let program = try folder.start(write(retries: 1))
        try folder.awaitLog("serves")
        let balancer = try program.balancer()
        func ask(_ name: String) throws -> RunningProgram {
            try RunningProgram(
                [ProgramFolder.binary, "reload", "--control", folder.control], in: folder,
                output: name, errors: name)
        }
        _ = try write(retries: 2)
        kill(balancer, SIGSTOP)
        defer { kill(balancer, SIGCONT) }
        var asking = [try ask("first")]
        // It waits for the process that stands still, and the others for it.
        LinuxIO.Thread.sleep(for: .milliseconds(500))
        asking += try ["second", "third", "fourth"].map(ask)
        LinuxIO.Thread.sleep(for: .milliseconds(500))
        #expect(asking.allSatisfy { $0.poll() == nil })
        kill(balancer, SIGCONT)
        for program in asking {
            #expect(try program.awaitEnd(within: .seconds(20)) == .exited(status: 0))
        }
        let complete = folder.text(of: "log").components(separatedBy: "Reload complete").count - 1
        #expect(complete == 2)
    }

    @Test func `a signal has the state written, and tells where`() throws {
        let path = folder.path + "/state"
        let dumps = try folder.write(
            "global_defs {\n state_dump_file \(path)\n}\n", to: "keepalived.conf")
        let program = try folder.start(write(retries: 1), dumps)
        try folder.awaitLog("serves")
        program.signal(SIGUSR1)
        try folder.awaitLog("notice: a signal asked for \(path): written")
        let state = folder.text(of: "state")
        #expect(state.contains("web") && state.contains("s1"))
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        program.signal(SIGUSR1)
        try folder.awaitLog("error: \(path) was not written: ")
    }

    @Test func `who finds an operator's limit reached waits, until it is taken back`() throws {
        let holding = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 16)
        let mute = try Socket.localAddress(of: holding.rawValue).port
        // Without a time of its own, who waits gives up after that for connecting, 1 s.
        let program = try folder.start(
            folder.write(
                balancerFile(port: port, server: mute, more: "    timeout queue 60s"), to: "a.cfg"))
        try folder.awaitLog("serves")
        func limit(to count: String) throws {
            let order = try folder.run(
                "server", "maxconn", "web/s1", count, "--control", folder.control)
            #expect(order.status == 0, "\(order.errors)")
        }
        try limit(to: "1")
        // It outlasts the process that it was given to.
        kill(try program.balancer(), SIGKILL)
        try folder.awaitLog("serves", count: 2)
        try eventually(within: .seconds(5), "the limit") {
            try counter("servers", "traffic", "slim") == 1
        }
        let clients = [try connect(to: port), try connect(to: port)]
        defer { clients.forEach { _ = close($0) } }
        try eventually(within: .seconds(5), "one is served, one waits") {
            try counter("servers", "traffic", "scur") == 1
                && counter("backend", "service", "qcur") == 1
        }
        try limit(to: "0")
        try eventually(within: .seconds(5), "both are served") {
            try counter("servers", "traffic", "scur") == 2
        }
    }

    @Test func `a drained server's connections are reset when the deadline is over`() throws {
        let holding = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 16)
        let mute = try Socket.localAddress(of: holding.rawValue).port
        _ = try folder.start(
            folder.write(balancerFile(port: port, server: mute), to: "a.cfg"))
        try folder.awaitLog("serves")
        let client = try connect(to: port)
        defer { close(client) }
        try eventually(within: .seconds(5), "it is served") {
            try counter("servers", "traffic", "scur") == 1
        }
        let start = ContinuousClock.now
        let order = try folder.run(
            "server", "drain", "web/s1", "--deadline", "0.6", "--control", folder.control)
        #expect(order.status == 0)
        var byte: UInt8 = 0
        #expect(recv(client, &byte, 1, 0) == -1 && errno == ECONNRESET)
        let elapsed = ContinuousClock.now - start
        #expect(elapsed >= .milliseconds(550) && elapsed < .seconds(4))
        #expect(
            try folder.run("server", "enable", "web/s1", "--control", folder.control).status == 0)
        let wrong = try folder.run(
            "server", "drain", "web/s1", "--deadline", "x", "--control", folder.control)
        #expect(wrong.status == 2)
    }

    @Test func `a later word on a server takes back the deadline of the earlier one`() throws {
        let holding = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 16)
        let mute = try Socket.localAddress(of: holding.rawValue).port
        _ = try folder.start(
            folder.write(balancerFile(port: port, server: mute), to: "a.cfg"))
        try folder.awaitLog("serves")
        let client = try ReadingClient(port: port)
        try eventually(within: .seconds(5), "it is served") {
            try counter("servers", "traffic", "scur") == 1
        }
        for words in [["--deadline", "3"], []] {
            let result = try folder.run(
                command: [ProgramFolder.binary, "server", "drain", "web/s1"] + words
                    + ["--control", folder.control])
            #expect(result.status == 0)
        }
        LinuxIO.Thread.sleep(for: .milliseconds(3500))
        #expect(try counter("servers", "traffic", "scur") == 1)
        withExtendedLifetime(client) {}
    }

    @Test func `a log line reaches a syslog daemon, in haproxy's form`() throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(socket) }
        #expect(StreamSocket.bindLoopback(socket) == 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        let logPort = StreamSocket.localEndpoint(of: socket).port
        let more = """
                log 127.0.0.1:\(logPort) local2
                log 127.0.0.1:\(logPort) format raw local0 err
                option tcplog
            """
        _ = try folder.start(
            folder.write(
                balancerFile(port: port, server: server.port, more: more), to: "a.cfg"))
        try folder.awaitLog("serves")
        #expect(conversation(with: port) == "hello")
        var buffer = [UInt8](repeating: 0, count: 2048)
        let count = recv(socket, &buffer, 2048, 0)
        let line = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        // Facility local2 (18) and severity info (6): 18 * 8 + 6.
        let form =
            #/<150>[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d lbctl\[\d+\]: 127\.0\.0\.1:\d+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] web web/s1 \d+/\d+/\d+ 5 -- 1/1/0/0/0 0/0/#
        #expect(line.wholeMatch(of: form) != nil, "\(line)")
        // The second target takes errors only.
        limit = timeval(tv_sec: 0, tv_usec: 100_000)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        #expect(recv(socket, &buffer, 2048, 0) < 0)
    }
}

extension StreamSocket {
    fileprivate static func bindLoopback(_ socket: Int32) -> Int32 {
        var address = SocketAddress(address: 0x7f00_0001, port: 0).raw
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(socket, $0, 16) }
        }
    }
}
#endif
