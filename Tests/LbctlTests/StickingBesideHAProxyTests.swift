#if Program
import Foundation
import LinuxIO
import Testing

/// The same file in Debian's haproxy and here: which server clients get that belong to one, or are led there
/// by what rules remember of them.
@ProgramThread @Suite(.serialized) struct `Sticky clients beside haproxy` {
    private static let allCases = cases + variableCases

    private func file(
        _ ports: [[UInt16]], _ servers: [Character: TalkingServer], last: UInt16
    ) -> String {
        var text = """
            global
                nbthread 1
            defaults
                mode tcp
                balance roundrobin
                timeout client 9s
                timeout server 9s
                timeout connect 9s

            """
        for (one, ports) in zip(Self.allCases, ports) {
            for (letter, (section, port)) in zip("xyz", zip(one.sections, ports)) {
                text += "listen \(one.name)\(letter)\nbind 127.0.0.1:\(port)\n"
                text += section.replacing("#", with: one.name) + "\n"
            }
        }
        text += "listen last\nbind 127.0.0.1:\(last)\nserver a @a\n"
        for (name, server) in servers {
            text = text.replacing("@\(name)", with: "127.0.0.1:\(server.port)")
        }
        return text
    }

    /// What a client hears.
    private func answer(at port: UInt16, from last: UInt32, saying words: [UInt8]) throws -> String
    {
        let socket = try Socket.tcp()
        _ = fcntl(socket.rawValue, F_SETFL, 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        _ = StreamSocket.bind(
            socket.rawValue, to: RawStreamAddress(IPEndpoint(ipv4: 0x7f00_0000 | last, port: 0)))
        let address = SocketAddress(address: 0x7f00_0001, port: port)
        guard StreamSocket.connect(socket.rawValue, to: address.raw) == 0 else { return "-" }
        _ = send(socket.rawValue, words, words.count, Int32(MSG_NOSIGNAL))
        var byte: UInt8 = 0
        guard recv(socket.rawValue, &byte, 1, 0) == 1 else { return "?" }
        // By then the proxy has taken note of the server.
        var rest: UInt8 = 0
        _ = recv(socket.rawValue, &rest, 1, 0)
        return String(decoding: [byte], as: UTF8.self)
    }

    private func servers(
        of one: Case, at ports: [UInt16], _ servers: [Character: TalkingServer]
    ) throws -> String {
        try one.clients.split(separator: " ").map { client in
            let letters = Array(client)
            let section = try #require("xyz".firstIndex(of: letters[0])).utf16Offset(in: "xyz")
            let last = try #require(letters[1].wholeNumberValue)
            var words = letters.count > 2 ? Array(String(letters[2...]).utf8) : [46]
            if letters.count > 3, letters[2] == "@" {
                words = rdpRequest(of: try #require(servers[letters[3]]).port)
            }
            return try answer(at: ports[section], from: UInt32(last), saying: words)
        }.joined()
    }

    @Test func `the same clients get the same servers`() throws {
        let folder = try ProgramFolder()
        var servers: [Character: TalkingServer] = [:]
        for name in "abcdefg" { servers[name] = try TalkingServer(.answers(String(name))) }
        let freePorts = { try Self.allCases.map { try $0.sections.map { _ in try freePort() } } }
        let (ourPorts, theirPorts) = (try freePorts(), try freePorts())
        let (ourLast, theirLast) = (try freePort(), try freePort())
        let theirs = try folder.write(
            file(theirPorts, servers, last: theirLast), to: "haproxy.cfg")
        let ours = try folder.write(file(ourPorts, servers, last: ourLast), to: "ours.cfg")
        let haproxy = try RunningProgram(
            ["/usr/sbin/haproxy", "-db", "-f", theirs], in: folder, output: "haproxy",
            errors: "haproxy")
        defer { haproxy.kill() }
        let program = try folder.start(ours)
        try folder.awaitLog(" serves, ")
        try eventually(within: .seconds(9), "haproxy: \(folder.text(of: "haproxy"))") {
            try answer(at: theirLast, from: 9, saying: [46]) == "a"
        }
        for (number, one) in Self.allCases.enumerated() {
            #expect(
                try self.servers(of: one, at: ourPorts[number], servers) == one.servers,
                "\(one.name)")
            #expect(
                try self.servers(of: one, at: theirPorts[number], servers) == one.servers,
                "haproxy \(one.name)")
        }
        try show(folder)
        program.kill()
    }

    /// A table that others use says whose servers its keys belong to, by their names there.
    private func show(_ folder: ProgramFolder) throws {
        func lines(_ table: String) throws -> [String] {
            let shown = try folder.run(
                command: [
                    ProgramFolder.binary, "table", "show", table, "--control", folder.control,
                ]
            ).output
            return shown.split(separator: "\n").dropFirst().map { line in
                line.split(separator: " ").filter { $0.hasPrefix("key") || $0.hasPrefix("server") }
                    .joined(separator: " ")
            }.sorted()
        }
        #expect(try lines("numberedx") == ["key=127.0.0.1 server=d", "key=127.0.0.2 server=b"])
        #expect(try lines("unknownx") == ["key=127.0.0.1 server=g"])
        #expect(try lines("alonet") == ["key=127.0.0.1 server=a"])
    }
}

/// How a client of RDP begins who was at a port of this host.
private func rdpRequest(of port: UInt16) -> [UInt8] {
    let cookie = Array("Cookie: msts=16777343.\(port.byteSwapped).0000\r\n".utf8)
    let body: [UInt8] = [UInt8(6 + cookie.count), 0xe0, 0, 0, 0, 0, 0] + cookie
    return [3, 0, 0, UInt8(4 + body.count)] + body
}
#endif
