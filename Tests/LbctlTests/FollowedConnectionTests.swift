#if Program
import Glibc
import LinuxIO
import Testing

/// One connection in the log and at its server, as haproxy 2.6 and lbctl tell of it by the same file.
@ProgramThread @Suite(.serialized) struct `A connection that is followed, beside haproxy` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    /// What a client asks for, in a first message of TLS.
    private static func hello(for name: String) -> [UInt8] {
        let name = Array(name.utf8)
        let list = [0, 0, UInt8(name.count)] + name
        let names = [0, 0, 0, UInt8(list.count + 2), 0, UInt8(list.count)] + list
        let body =
            [3, 3] + Array(repeating: 7, count: 32)
            + [0, 0, 2, 0x13, 1, 1, 0, 0, UInt8(names.count)] + names
        return [22, 3, 1, 0, UInt8(body.count + 4), 1, 0, 0, UInt8(body.count)] + body
    }

    /// Which section each client comes to, and what he says.
    private static let clients: [(section: Int, words: [UInt8])] = [
        (0, hello(for: "Shop.Example.ORG")), (0, hello(for: "a.b")),
        (0, Array("no TLS at all".utf8)),
        (1, Array("a|b#{}\"c]\\d ~e".utf8)), (1, Array("silence".utf8)),
        (1, Array("loud words".utf8)),
        (1, Array("plain text".utf8)), (2, Array("GET / HTTP/1.0\r\n\r\n".utf8)),
    ]

    private static let fields =
        "id=%ID u=%[unique-id] qid=%{+Q}ID rt=%rt xrt=%{+X}rt xci=%{+X}ci qxci=%{+Q,+X}fi"
        + " hr=%hr qhr=%{+Q}hr hrl=%hrl qhrl=%{+Q}hrl %hs %hsl c0=%[capture.req.hdr(0)]"
        + " q1=%{+Q}[capture.req.hdr(1)] c1=%[capture.req.hdr(1)] e1=%{+Q,+E}[capture.req.hdr(1)]  end"

    private func file(_ ports: [UInt16], log: UInt16, server: UInt16) throws -> String {
        try folder.write(
            """
            defaults
                mode tcp
                log 127.0.0.1:\(log) format rfc5424 local0
                timeout client 5s
                timeout server 5s
                timeout connect 1s
                unique-id-format "%{+X}o %ci:%cp_%fi:%fp_%Ts_%rt:%pid"
                log-format "\(Self.fields)"
                default-server send-proxy-v2 proxy-v2-options unique-id
            listen tls
                bind 127.0.0.1:\(ports[0])
                tcp-request inspect-delay 5s
                log-format-sd "%{+Q,+E}o [ex@1 ci=%ci hr=%hr id=%ID f=%f b=%B]"
                tcp-request session set-var(sess.n) int(123456)
                tcp-request content capture src len 6
                tcp-request content capture req.ssl_sni,lower len 12
                tcp-request content capture var(sess.n) len 4
                tcp-request content capture req.payload(0,5) len 9
                tcp-request content capture dst_port len 5 if { src 192.0.2.1 }
                tcp-request content set-log-level notice if { req.ssl_sni a.b }
                server s 127.0.0.1:\(server)
            listen text
                bind 127.0.0.1:\(ports[1])
                tcp-request inspect-delay 5s
                log-format-sd "%{+Q,+E}o [ex@1 ci=%ci hr=%hr id=%ID f=%f b=%B]"
                declare capture request len 3
                tcp-request content capture req.payload(0,7) len 99
                tcp-request content set-log-level silent if { req.payload(0,7) -m str silence }
                tcp-request content set-log-level crit if { req.payload(0,4) -m str loud }
                server s 127.0.0.1:\(server)
            listen introduced
                bind 127.0.0.1:\(ports[2]) accept-proxy
                error-log-format "id=%ID %{+Q}ID %ci %ft"
                server s 127.0.0.1:\(server)

            """, to: "\(ports[0]).cfg")
    }

    /// A datagram; without what depends on the moment: the head but its priority, and `T`, `P` for the time
    /// and the process of the identifier that the server was told.
    private func line(from log: Int32, _ told: String, _ client: String) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(log, &buffer, 4096, 0)
        var text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        if text.hasSuffix("\n") { text.removeLast() }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let rest = words.count > 6 ? words[6...].joined(separator: " ") : "?"
        return "\(words[0].prefix { $0 != ">" }) "
            + (told.isEmpty ? rest : rest.replacing(told, with: masked(told, client)))
    }

    /// An identifier whose parts are looked at: `C` stands for the client's port.
    private func masked(_ identifier: String, _ client: String) -> String {
        let parts = identifier.split(separator: "_")
        guard parts.count == 4, let last = parts[3].split(separator: ":").first else {
            return identifier
        }
        let isHexadecimal = parts[2].count == 8 && parts[2].allSatisfy(\.isHexDigit)
        return parts[0].replacing(client, with: "C") + "_\(parts[1])"
            + (isHexadecimal ? "_T_" : "_?_") + last
    }

    /// The identifier of the PROXY header that a server got; empty: it got none.
    private func told(on listener: Int32) throws -> String {
        var waiting = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        guard poll(&waiting, 1, 10_000) == 1 else { return "" }
        let socket = accept(listener, nil, nil)
        defer { close(socket) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(socket, &bytes, 4096, 0)
        // 16 bytes to begin with, 12 of addresses, and the first field.
        guard count > 31, bytes[28] == 5 else { return "" }
        return String(decoding: bytes[31..<31 + Int(bytes[30])], as: UTF8.self)
    }

    private func lines(
        of arguments: [String], log: (socket: Int32, port: UInt16),
        server: (socket: Int32, port: UInt16)
    ) throws -> [String] {
        let ports = [try freePort(), try freePort(), try freePort()]
        let file = try file(ports, log: log.port, server: server.port)
        let name = "out-\(ports[0])"
        let program = folder.adopt(
            try RunningProgram(arguments + [file], in: folder, output: name, errors: name))
        defer { program.kill() }
        var lines: [String] = []
        for (section, words) in Self.clients {
            var found: Int32?
            try eventually(within: .seconds(20), folder.text(of: name)) {
                found = try? connect(to: ports[section])
                return found != nil
            }
            let client = try #require(found)
            _ = send(client, words, words.count, Int32(MSG_NOSIGNAL))
            let told = section == 2 ? "" : try self.told(on: server.socket)
            var buffer = [UInt8](repeating: 0, count: 99)
            while recv(client, &buffer, 99, 0) > 0 {}
            let port = StreamSocket.localEndpoint(of: client).port
            close(client)
            if words.starts(with: "silence".utf8) { continue }
            let hexadecimal = String(port, radix: 16, uppercase: true)
            lines.append(
                line(from: log.socket, told, hexadecimal).replacing("\(ports[section])", with: "F"))
        }
        return lines.map { line in
            ports.reduce(line) {
                $0.replacing(":" + String($1, radix: 16, uppercase: true), with: ":F")
            }
        }
    }

    @Test func `the server, the line and haproxy say the same`() throws {
        let address = SocketAddress(address: 0x7f00_0001, port: 0)
        let daemon = try DatagramSocket.bound(
            to: .ipv4(address), options: ListeningOptions(backlog: 0)
        ).release()
        let listener = try Socket.listening(on: address, backlog: 16).release()
        _ = fcntl(daemon, F_SETFL, 0)
        _ = fcntl(listener, F_SETFL, 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(daemon, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        defer {
            close(daemon)
            close(listener)
        }
        let log = (daemon, StreamSocket.localEndpoint(of: daemon).port)
        let server = (listener, StreamSocket.localEndpoint(of: listener).port)
        let theirs = try lines(of: ["/usr/sbin/haproxy", "-db", "-f"], log: log, server: server)
        let ours = try lines(
            of: [ProgramFolder.binary, "run", "--control", folder.control, "--no-realtime"],
            log: log, server: server)
        #expect(
            theirs.count == 7 && theirs[0].contains(" hr={127.0.|shop.example|1234|#16#03#01|} "))
        #expect(theirs[0].contains("id=7F000001:C_7F000001:F_T_0000 "))
        for (mine, other) in zip(ours, theirs) { #expect(mine == other) }
    }
}
#endif
