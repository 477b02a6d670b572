#if Program
import Foundation
import LinuxIO
import Testing

/// The same file in Debian's haproxy and here: rules that ask what there is at the moment, of listening
/// sockets, backends and servers.
@ProgramThread @Suite(.serialized) struct `Questions about the moment beside haproxy` {
    struct Case: Sendable {
        let name: String
        /// Lines of the sections, named by the case and `x`, `y`.
        ///
        /// `PORT1` to `PORT3` are free ports; a section that listens nowhere is a backend. `@a` stands for the address of the server that answers `a`, `#` for the
        /// case's name.
        let sections: [String]
        /// The number of the port that each client comes to, and what it says; all stay.
        let clients: String
        /// Whom each one gets; `?`: it is closed, `.`: nobody, and it waits.
        let servers: String
        /// Whether all come within one second.
        var isRated = false
    }

    private static let cases = [
        // Rules of a frontend do not count the one who asks, those of a backend do.
        Case(
            name: "own",
            sections: [
                """
                bind 127.0.0.1:PORT1
                tcp-request content reject if { be_conn ge 3 }
                use-server b if { be_conn ge 2 }
                server a @a
                server b @b weight 0
                """
            ], clients: "1 1 1 1", servers: "abb?"),
        Case(
            name: "led",
            sections: [
                """
                bind 127.0.0.1:PORT1
                use_backend #y if { be_conn(#y) lt 2 } or { src 127.0.0.9 }
                server b @b
                """,
                """
                server a @a
                """,
            ], clients: "1 1 1 1", servers: "aabb"),
        // Those whom rules of the backend let wait are there, and leave it when they go.
        Case(
            name: "inside",
            sections: [
                """
                bind 127.0.0.1:PORT1
                tcp-request inspect-delay 9s
                tcp-request content accept if { req.len gt 0 }
                default_backend #y
                """,
                """
                tcp-request inspect-delay 9s
                tcp-request content reject if { be_conn ge 4 }
                tcp-request content accept if { req.len gt 1 }
                server a @a
                """,
            ], clients: "1x 1xx 1x 1xx 1xx", servers: ".a.??"),
        Case(
            name: "sockets",
            sections: [
                """
                bind 127.0.0.1:PORT1
                bind 127.0.0.1:PORT2 id 7
                bind 127.0.0.1:PORT3
                tcp-request connection reject if { dst_conn gt 2 }
                tcp-request connection reject if { fe_conn gt 5 }
                use-server b if { so_id 7 }
                use-server c if { so_id 3 }
                server a @a
                server b @b weight 0
                server c @c weight 0
                """
            ], clients: "1 1 1 2 2 2 3 3", servers: "aa?bb?c?"),
        Case(
            name: "rates",
            sections: [
                """
                bind 127.0.0.1:PORT1
                tcp-request content reject if { srv_sess_rate(a) ge 3 }
                server a @a
                """
            ], clients: "1 1 1 1", servers: "aaa?", isRated: true),
        // Each attempt counts.
        Case(
            name: "attempts",
            sections: [
                """
                bind 127.0.0.1:PORT1
                retries 2
                timeout connect 50ms
                server d @d
                """,
                """
                bind 127.0.0.1:PORT2
                use-server b if { srv_sess_rate(#x/d) 3 }
                server a @a
                server b @b weight 0
                """,
            ], clients: "1 2", servers: "?b", isRated: true),
        Case(
            name: "lines",
            sections: [
                """
                bind 127.0.0.1:PORT1
                tcp-request content reject if { srv_queue(a) ge 1 }
                use-server a if TRUE
                server a @a maxconn 1
                """
            ], clients: "1 1 1", servers: "a.?"),
        Case(
            name: "lots",
            sections: [
                """
                bind 127.0.0.1:PORT1
                tcp-request connection reject if { rand(1) gt 0 } or { rand(0) gt 0 }
                tcp-request connection reject unless { rand ge 0 } { rand(1) 0 } { rand(0) 0 }
                tcp-request connection reject unless { nbproc 1 } !{ nbproc gt 1 }
                server a @a
                """
            ], clients: "1 1", servers: "aa"),
    ]

    private func file(_ ports: [[UInt16]], _ servers: [Character: UInt16]) -> String {
        var text = """
            global
                nbthread 1
            defaults
                mode tcp
                timeout client 20s
                timeout server 20s
                timeout connect 9s

            """
        for (one, ports) in zip(Self.cases, ports) {
            for (letter, section) in zip("xy", one.sections) {
                text += "\(section.contains("bind") ? "listen" : "backend") \(one.name)\(letter)\n"
                text += section.replacing("#", with: one.name) + "\n"
            }
            for (number, port) in zip(1..., ports) {
                text = text.replacing("PORT\(number)", with: "\(port)")
            }
        }
        for (name, port) in servers {
            text = text.replacing("@\(name)", with: "127.0.0.1:\(port)")
        }
        return text
    }

    /// What a client hears, who stays.
    private func answer(at port: UInt16, saying words: Substring) throws -> (String, OwnedSocket) {
        let socket = OwnedSocket(try Socket.tcp().release())
        _ = fcntl(socket.number, F_SETFL, 0)
        var limit = timeval(tv_sec: 0, tv_usec: 700_000)
        setsockopt(socket.number, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        let address = SocketAddress(address: 0x7f00_0001, port: port)
        guard StreamSocket.connect(socket.number, to: address.raw) == 0 else {
            return ("-", socket)
        }
        let text = String(words)
        if !text.isEmpty { _ = send(socket.number, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }
        var byte: UInt8 = 0
        let count = recv(socket.number, &byte, 1, 0)
        if count < 0, errno == EAGAIN { return (".", socket) }
        return (count == 1 ? String(decoding: [byte], as: UTF8.self) : "?", socket)
    }

    private func servers(of one: Case, at ports: [UInt16]) throws -> String {
        if one.isRated {
            // Not at the end of a second, which a rate weighs.
            let instant = MonotonicInstant.now.nanoseconds / 1_000_000 % 1000
            if instant > 200 { Thread.sleep(for: .milliseconds(1010 - instant)) }
        }
        var held: [OwnedSocket] = []
        return try one.clients.split(separator: " ").map { client in
            let number = try #require(client.first?.wholeNumberValue)
            let (text, socket) = try answer(at: ports[number - 1], saying: client.dropFirst())
            held.append(socket)
            return text
        }.joined()
    }

    @Test func `the same clients get the same servers`() throws {
        let folder = try ProgramFolder()
        var ports: [Character: UInt16] = ["d": try freePort()]
        var talking: [TalkingServer] = []
        for name in "abc" {
            talking.append(try TalkingServer(.welcomes(String(name))))
            ports[name] = talking.last?.port
        }
        let freePorts = { try Self.cases.map { _ in try (1...3).map { _ in try freePort() } } }
        let (ourPorts, theirPorts) = (try freePorts(), try freePorts())
        let theirs = try folder.write(file(theirPorts, ports), to: "haproxy.cfg")
        let ours = try folder.write(file(ourPorts, ports), to: "ours.cfg")
        let haproxy = try RunningProgram(
            ["/usr/sbin/haproxy", "-db", "-f", theirs], in: folder, output: "haproxy",
            errors: "haproxy")
        defer { haproxy.kill() }
        let program = try folder.start(ours)
        defer { program.kill() }
        try folder.awaitLog(" serves, ")
        let last = try #require(theirPorts.last?.first)
        try eventually(within: .seconds(9), "haproxy: \(folder.text(of: "haproxy"))") {
            try answer(at: last, saying: "").0 == "a"
        }
        for (number, one) in Self.cases.enumerated() {
            #expect(try servers(of: one, at: ourPorts[number]) == one.servers, "\(one.name)")
            #expect(
                try servers(of: one, at: theirPorts[number]) == one.servers,
                "haproxy \(one.name)")
        }
    }
}

/// A socket that is closed with its owner.
private final class OwnedSocket {
    let number: Int32
    init(_ number: Int32) { self.number = number }
    deinit { close(number) }
}
#endif
