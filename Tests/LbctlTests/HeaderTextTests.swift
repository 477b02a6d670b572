#if Program
import Glibc
import LinuxIO
import Testing

/// What clients' PROXY headers say besides addresses, by the same file to haproxy 2.6 and to lbctl.
@ProgramThread @Suite(.serialized) struct `Texts of PROXY headers, beside haproxy` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    /// What headers of clients say: types of extensions and their values.
    private static let clients: [[(type: UInt8, value: String)]] = [
        [(2, "Shop.TEST"), (5, #"a"b]c d"#)], [(2, "other"), (5, "known")], [(5, "known")], [],
    ]

    private func file(port: UInt16, log: UInt16, server: UInt16) throws -> String {
        let map = try folder.write("shop.test shop\n", to: "names.map")
        return try folder.write(
            """
            defaults
                mode tcp
                log 127.0.0.1:\(log) format raw local0
                timeout client 5s
                timeout server 5s
                timeout connect 1s
            frontend in
                bind 127.0.0.1:\(port) accept-proxy
                log-format "%s a=%[fc_pp_authority] q=%{+Q}[fc_pp_authority] u=%[fc_pp_unique_id] \
            e=%{+Q,+E}[fc_pp_unique_id] c=%hr"
                tcp-request session set-var(sess.u) fc_pp_unique_id
                tcp-request content capture fc_pp_authority,lower len 4
                use_backend %[fc_pp_authority,lower,map(\(map),plain)] if { fc_pp_authority -m found }
                use_backend known if { var(sess.u) -m str known }
                default_backend plain
            backend plain
                server plain 127.0.0.1:\(server)
            backend shop
                server shop 127.0.0.1:\(server)
            backend known
                server known 127.0.0.1:\(server)

            """, to: "\(port).cfg")
    }

    private func header(_ extensions: [(type: UInt8, value: String)]) -> [UInt8] {
        let fields = extensions.flatMap {
            [$0.type, 0, UInt8($0.value.utf8.count)] + $0.value.utf8
        }
        return Array("\r\n\r\n\0\r\nQUIT\n".utf8) + [0x21, 0x11, 0, UInt8(12 + fields.count)]
            + [192, 0, 2, 1, 192, 0, 2, 2, 4, 87, 8, 174] + fields
    }

    private func lines(
        of arguments: [String], log: (socket: Int32, port: UInt16), server: UInt16
    ) throws -> [String] {
        let port = try freePort()
        let file = try file(port: port, log: log.port, server: server)
        let name = "out-\(port)"
        let program = folder.adopt(
            try RunningProgram(arguments + [file], in: folder, output: name, errors: name))
        defer { program.kill() }
        return try Self.clients.map { extensions in
            var found: Int32?
            try eventually(within: .seconds(20), folder.text(of: name)) {
                found = try? connect(to: port)
                return found != nil
            }
            let client = try #require(found)
            let words = header(extensions) + Array("question".utf8)
            _ = send(client, words, words.count, Int32(MSG_NOSIGNAL))
            var buffer = [UInt8](repeating: 0, count: 4096)
            while recv(client, &buffer, 4096, 0) > 0 {}
            close(client)
            let count = recv(log.socket, &buffer, 4096, 0)
            let line = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            return line.hasSuffix("\n") ? String(line.dropLast()) : line
        }
    }

    /// haproxy 2.6 has no such word.
    @Test func `a server is told texts by types of its own`() throws {
        let socket = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 8
        ).release()
        defer { close(socket) }
        _ = fcntl(socket, F_SETFL, 0)
        let port = try freePort()
        let file = try folder.write(
            """
            listen in
                mode tcp
                timeout client 5s
                timeout server 5s
                timeout connect 1s
                bind 127.0.0.1:\(port) accept-proxy
                tcp-request session set-var(sess.told) str(told)
                tcp-request session set-var(sess.never) str(x) if { always_false }
                default-server send-proxy-v2 set-proxy-v2-tlv-fmt(0xEA) "two words"
                server next 127.0.0.1:\(StreamSocket.localEndpoint(of: socket).port) \
            set-proxy-v2-tlv-fmt(0xEB) %[fc_pp_tlv(0xE0)] set-proxy-v2-tlv-fmt(236) %[src] \
            set-proxy-v2-tlv-fmt(0xED) %[dst_port] set-proxy-v2-tlv-fmt(0xEE) %[var(sess.told)] \
            set-proxy-v2-tlv-fmt(0xEF) %[var(sess.never)] set-proxy-v2-tlv-fmt(0) %[fc_pp_tlv(0xE1)]

            """, to: "told.cfg")
        let program = try folder.start(file)
        defer { program.kill() }
        try folder.awaitLog(" serves, ")
        let client = try connect(to: port)
        defer { close(client) }
        let words = header([(0xE0, "kept")]) + Array("question".utf8)
        _ = send(client, words, words.count, Int32(MSG_NOSIGNAL))
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        let server = accept(socket, nil, nil)
        try #require(server >= 0)
        defer { close(server) }
        setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        let expected =
            header([
                (0xEA, "two words"), (0xEB, "kept"), (236, "192.0.2.1"), (0xED, "2222"),
                (0xEE, "told"), (0xEF, ""), (0, ""),
            ]) + Array("question".utf8)
        var told: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while told.count < expected.count {
            let count = recv(server, &buffer, 4096, 0)
            guard count > 0 else { break }
            told += buffer.prefix(count)
        }
        #expect(told == expected)
    }

    @Test func `rules, maps, variables and lines have the same`() throws {
        let server = try TalkingServer(.answers("answer"))
        let daemon = try DatagramSocket.bound(
            to: .ipv4(SocketAddress(address: 0x7f00_0001, port: 0)),
            options: ListeningOptions(backlog: 0)
        ).release()
        defer { close(daemon) }
        _ = fcntl(daemon, F_SETFL, 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(daemon, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        let log = (daemon, StreamSocket.localEndpoint(of: daemon).port)
        let theirs = try lines(
            of: ["/usr/sbin/haproxy", "-db", "-f"], log: log, server: server.port)
        let ours = try lines(
            of: [ProgramFolder.binary, "run", "--control", folder.control, "--no-realtime"],
            log: log, server: server.port)
        let expected = [
            #"shop a=Shop.TEST q="Shop.TEST" u=a"b]c d e="a\"b\]c d" c={shop}"#,
            #"plain a=other q="other" u=known e="known" c={othe}"#,
            #"known a=- q="" u=known e="known" c={}"#, #"plain a=- q="" u=- e="" c={}"#,
        ]
        #expect(theirs == expected)
        #expect(ours == expected)
    }
}
#endif
