#if Program
import Glibc
import LinuxIO
import Testing

/// What haproxy 2.6 writes of the same connection by the same `log-format`.
@ProgramThread @Suite(.serialized) struct `Lines in a form of one's own, beside haproxy` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    /// What depends on the moment or on the process alone: only its shape is compared.
    private static let momentary = [
        "cp", "fp", "t", "Tl", "Ts", "ms", "Tw", "Tc", "Tt", "pid",
    ]
    private static let others = [
        "ci", "fi", "si", "sp", "f", "ft", "b", "s", "B", "U", "ts", "ac", "fc", "bc", "sc", "rc",
        "sq", "bq", "H",
    ]
    private static let fetches = [
        "src", "dst", "fe_name", "be_name", "srv_name", "hostname",
    ]
    private static let format =
        ((momentary + others).map { "\($0)=%{+Q}\($0)" } + ["cp=%{+Q}[src_port]", "fp=%[dst_port]"]
        + fetches.map { "\($0)=%{+Q}[\($0)]" }).joined(separator: "|")
        + "|100%%|%{-Q}b/%{+Q}s/%s"

    /// Every number of a momentary field is `#`.
    private func shape(of line: String) -> [String] {
        line.split(separator: "|").map { field in
            let parts = field.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, Self.momentary.contains(String(parts[0])) else {
                return String(field)
            }
            var value = ""
            for character in parts[1] {
                let isDigit = character.isNumber
                if !isDigit || value.last != "#" { value.append(isDigit ? "#" : character) }
            }
            return "\(parts[0])=\(value)"
        }
    }

    /// A daemon that takes lines, and the lines that it took.
    private func daemon() throws -> (socket: Int32, port: UInt16) {
        let socket = try DatagramSocket.bound(
            to: .ipv4(SocketAddress(address: 0x7f00_0001, port: 0)),
            options: ListeningOptions(backlog: 0)
        ).release()
        _ = fcntl(socket, F_SETFL, 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        return (socket, StreamSocket.localEndpoint(of: socket).port)
    }

    /// The line about each of four connections: one that ends, one that no server takes, one that is
    /// told of as soon as the server took it, and one whose PROXY header is none.
    private func lines(
        _ arguments: [String], log: (socket: Int32, port: UInt16), server: UInt16
    ) throws -> [[String]] {
        let ports = [try freePort(), try freePort(), try freePort(), try freePort()]
        let file = try folder.write(
            """
            defaults
                mode tcp
                log 127.0.0.1:\(log.port) format raw local0
                timeout client 5s
                timeout server 5s
                timeout connect 1s
                retries 0
                log-format "\(Self.format)"
            listen web
                bind 127.0.0.1:\(ports[0])
                server s1 127.0.0.1:\(server)
            frontend dead
                bind 127.0.0.1:\(ports[1])
                default_backend none
            backend none
                server gone 127.0.0.1:1
            listen asap
                bind 127.0.0.1:\(ports[2])
                option logasap
                server s1 127.0.0.1:\(server)
            listen introduced
                bind 127.0.0.1:\(ports[3]) accept-proxy
                error-log-format "t=%t|%ci|cp=%cp|%fi|fp=%fp|%ft %f|%[src]"
                server s1 127.0.0.1:\(server)

            """, to: "\(ports[0]).cfg")
        let name = "out-\(ports[0])"
        let program = folder.adopt(
            try RunningProgram(arguments + [file], in: folder, output: name, errors: name))
        defer { program.kill() }
        return try ports.map { port in
            var found: Int32?
            try eventually(within: .seconds(20), folder.text(of: name)) {
                found = try? connect(to: port)
                return found != nil
            }
            let client = try #require(found)
            // Where no server is, it would depend on the moment how much of it counts.
            if port != ports[1] { _ = send(client, "question", 8, Int32(MSG_NOSIGNAL)) }
            var buffer = [UInt8](repeating: 0, count: 4096)
            while recv(client, &buffer, 4096, 0) > 0 {}
            close(client)
            let count = recv(log.socket, &buffer, 4096, 0)
            let line = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            return shape(of: line.hasSuffix("\n") ? String(line.dropLast()) : line)
        }
    }

    @Test func `every field is the same, but for the moment`() throws {
        let server = try TalkingServer(.answers("answer"))
        let log = try daemon()
        defer { close(log.socket) }
        let theirs = try lines(["/usr/sbin/haproxy", "-db", "-f"], log: log, server: server.port)
        let ours = try lines(
            [ProgramFolder.binary, "run", "--control", folder.control, "--no-realtime"], log: log,
            server: server.port)
        let fields = Self.momentary.count + Self.others.count + Self.fetches.count
        #expect(theirs[0].count == fields + 4)
        for (mine, other) in zip(ours, theirs) { #expect(mine == other) }
    }
}
#endif
