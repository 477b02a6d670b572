#if Program
import Foundation
import LinuxIO
import Testing

@testable import lbctl

/// Two programs that keep a table in common.
@ProgramThread
@Suite struct `Two programs with peers` {
    let (first, second): (ProgramFolder, ProgramFolder)
    let web: (UInt16, UInt16)
    private let peers: (UInt16, UInt16)
    private let (one, two): (TalkingServer, TalkingServer)

    init() throws {
        (first, second) = (try ProgramFolder(), try ProgramFolder())
        (web, peers) = ((try freePort(), try freePort()), (try freePort(), try freePort()))
        one = try TalkingServer(.greets("one"))
        two = try TalkingServer(.greets("two"))
    }

    /// Has peers speak TLS, both with one certificate.
    private func secure() throws -> String {
        let path = "\(first.path)/pair.pem"
        let words =
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=pair"
            + " -keyout \(path) -out \(path).part"
        let both = "openssl \(words) && cat \(path).part >>\(path)"
        #expect(try first.run(command: ["/bin/sh", "-c", both]).status == 0)
        return """
            default-bind ssl crt \(path) verify required ca-file \(path)
                default-server ssl crt \(path) ca-file \(path) verifyhost pair
            """
    }

    /// The servers' order is what a program chooses by that knows nobody.
    private func file(
        _ name: String, port: UInt16, order: [String], more: String = "", security: String
    ) -> String {
        let servers = order.map { "    server \($0) 127.0.0.1:\(($0 == "one" ? one : two).port)\n" }
        return """
            global
                localpeer \(name)
            defaults
                mode tcp
                timeout client 5s
                timeout server 5s
                timeout connect 1s
                \(more)
            peers pair
                \(security)
                peer a 127.0.0.1:\(peers.0)
                peer b 127.0.0.1:\(peers.1)
            listen web 127.0.0.1:\(port)
                stick-table type ip size 1k expire 10s peers pair store conn_cnt
                stick on src
                tcp-request connection track-sc0 src
            \(servers.joined())
            """
    }

    private func answer(_ port: UInt16) throws -> String {
        let socket = try connect(to: port)
        defer { close(socket) }
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = max(0, recv(socket, &bytes, 100, 0))
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private func peer(_ folder: ProgramFolder) throws -> [String: Any] {
        let section = try folder.proxy("pair")["peers"] as? [String: Any]
        return try #require((section?["peers"] as? [[String: Any]])?.first)
    }

    @Test(arguments: [false, true])
    func `a client keeps its server when the other node takes over, and after restarts`(
        byTLS: Bool
    ) throws {
        let security = byTLS ? try secure() : ""
        func file(_ name: String, port: UInt16, order: [String], more: String = "") -> String {
            self.file(name, port: port, order: order, more: more, security: security)
        }
        try first.write(file("a", port: web.0, order: ["one", "two"]), to: "a.cfg")
        try second.write(file("b", port: web.1, order: ["two", "one"]), to: "b.cfg")
        let program = try first.start(first.path + "/a.cfg")
        _ = try second.start(second.path + "/b.cfg")
        try first.awaitLog("peers pair: b is connected")
        try second.awaitLog("peers pair: a is connected")
        #expect(try answer(web.0) == "one")
        try eventually(within: .seconds(10), "told") {
            let table = (try peer(first)["tables"] as? [[String: Any]])?.first
            return table?["acknowledged"] as? Int ?? 0 > 0
                && table?["acknowledged"] as? Int == table?["last_change"] as? Int
        }
        #expect(try answer(web.1) == "one")
        let line = "peers pair: peer a at 127.0.0.1:\(peers.0): connected, synchronised; messages "
        try eventually(within: .seconds(10), "synchronised") {
            try second.run("status", "--control", second.control).output.contains(line)
        }
        // A reload keeps the session.
        try second.write(
            file("b", port: web.1, order: ["two", "one"], more: "timeout queue 7s"), to: "b.cfg")
        #expect(try second.run("reload", "--control", second.control).status == 0)
        #expect(try answer(web.1) == "one")
        let arrivals = second.text(of: "log").components(separatedBy: "a is connected").count - 1
        #expect(arrivals == 1)
        // Who begins anew learns from the other one.
        try first.write(file("a", port: web.0, order: ["two", "one"]), to: "a.cfg")
        program.signal(SIGKILL)
        try second.awaitLog("peers pair: a is not connected")
        let again = try first.start(first.path + "/a.cfg", log: "again")
        try first.awaitLog("peers pair: b has told", in: "again")
        #expect(try answer(web.0) == "one")
        withExtendedLifetime(again) {}
    }
}
#endif
