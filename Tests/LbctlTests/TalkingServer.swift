#if Program
import Foundation
import LinuxIO
import Synchronization

/// A server on loopback that answers each connection with one text, once it was asked or at once.
final class TalkingServer: Sendable {
    /// What is done with a connection.
    enum Manner: Hashable, Sendable {
        /// Reads once, answers, ends.
        case answers(String)
        /// Answers without being asked, and holds the connection.
        case welcomes(String)
        /// Answers without being asked, ends.
        case greets(String)
        /// Reads once, answers by whose connection it is and by the first line, ends.
        case repeats
        /// Holds the connection and says nothing.
        case silent
        /// Ends at once.
        case closes
    }

    let port: UInt16
    private let listener: Int32
    private let manner: Mutex<Manner>
    private let asked = Mutex<[String]>([])
    private let held = Mutex<[Int32]>([])
    private let isOpen = Mutex(true)

    init(_ manner: Manner, at address: UInt32 = 0x7f00_0001, port: UInt16 = 0) throws {
        self.manner = Mutex(manner)
        let socket = try Socket.listening(
            on: SocketAddress(address: address, port: port), backlog: 128)
        self.port = try Socket.localAddress(of: socket.rawValue).port
        _ = fcntl(socket.rawValue, F_SETFL, 0)
        listener = socket.release()
        let listener = listener
        try LinuxIO.Thread(name: "talking") { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                guard let self else {
                    close(connection)
                    return
                }
                try? LinuxIO.Thread(name: "talking-one") { self.talk(connection) }.detach()
            }
        }.detach()
    }

    deinit { stop() }

    /// What it does from now on.
    func set(_ manner: Manner) { self.manner.withLock { $0 = manner } }

    /// What it was asked so far.
    var questions: [String] { asked.withLock(\.self) }

    /// Connections that it holds.
    var heldCount: Int { held.withLock(\.count) }

    /// Says something to all that it holds.
    func sayToHeld(_ text: String) {
        for socket in held.withLock(\.self) {
            _ = send(socket, text, text.utf8.count, Int32(MSG_NOSIGNAL))
        }
    }

    /// Whether the peer of a held connection is gone.
    func isGone(_ index: Int) -> Bool {
        let socket = held.withLock { $0[index] }
        var byte: UInt8 = 0
        let count = recv(socket, &byte, 1, Int32(MSG_DONTWAIT))
        return count == 0 || count < 0 && errno != EAGAIN
    }

    /// Refuses connections from now on.
    func stop() {
        let wasOpen = isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
        guard wasOpen else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        for socket in held.withLock(\.self) { close(socket) }
    }

    private func talk(_ connection: Int32) {
        switch manner.withLock(\.self) {
        case .silent:
            held.withLock { $0.append(connection) }
            return
        case .welcomes(let text):
            held.withLock { $0.append(connection) }
            _ = send(connection, text, text.utf8.count, Int32(MSG_NOSIGNAL))
            return
        case .closes: break
        case .greets(let text): say(text, connection)
        case .answers(let text):
            var bytes: [UInt8] = []
            guard case .moved(1...) = UnixSocket.read(from: connection, into: &bytes) else { break }
            asked.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
            say(text, connection)
        case .repeats:
            var bytes: [UInt8] = []
            guard case .moved(1...) = UnixSocket.read(from: connection, into: &bytes) else { break }
            let line = bytes.prefix { $0 != 13 }
            let peer = StreamSocket.peerEndpoint(of: connection).description.prefix { $0 != ":" }
            say("\(peer) \(String(decoding: line, as: UTF8.self))", connection)
        }
        close(connection)
    }

    private func say(_ text: String, _ connection: Int32) {
        let bytes = Array(text.utf8)
        _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        // What the peer still says must not turn the answer into a reset.
        shutdown(connection, Int32(SHUT_WR))
        var limit = timeval(tv_sec: 0, tv_usec: 200_000)
        setsockopt(
            connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var rest: [UInt8] = []
        while case .moved(1...) = UnixSocket.read(from: connection, into: &rest) {}
    }

    static func http(_ status: String, _ body: String = "", headers: String = "") -> Manner {
        .answers(
            "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }
}

/// A port of loopback whose queue is full, so that the kernel drops what wants to connect.
final class BlackHole {
    let port: UInt16
    private let sockets: [Int32]

    init() throws {
        let listener = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 0)
        port = try Socket.localAddress(of: listener.rawValue).port
        let address = SocketAddress(address: 0x7f00_0001, port: port).raw
        let clients = try (0..<4).map { _ in
            let client = try Socket.tcp()
            _ = StreamSocket.connect(client.rawValue, to: address)
            return client.release()
        }
        sockets = [listener.release()] + clients
    }

    deinit { for socket in sockets { close(socket) } }
}

/// One row of haproxy's CSV by its columns.
struct StatisticsRows {
    private let rows: [String: [String: String]]

    /// Reads what a page gives at `;csv`.
    init(port: UInt16, in folder: ProgramFolder) throws {
        let text = try folder.run(
            command: ["/usr/bin/curl", "-sS", "http://127.0.0.1:\(port)/;csv"]
        ).output
        let lines = text.split(separator: "\n").map(Self.cells)
        guard let header = lines.first else { throw ProgramError("no CSV: \(text)") }
        var rows: [String: [String: String]] = [:]
        for line in lines.dropFirst() where line.count > 40 {
            rows["\(line[0])/\(line[1])"] = Dictionary(
                zip(header, line), uniquingKeysWith: { first, _ in first })
        }
        self.rows = rows
    }

    /// The cells of a line; a comma between quotes ends none.
    private static func cells(of line: Substring) -> [String] {
        var cells = [""]
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted: cells.append("")
            default: cells[cells.count - 1].append(character)
            }
        }
        return cells
    }

    /// A server's cell; the mark of a check under way is left out.
    func cell(_ server: String, _ column: String) -> String {
        let text = rows[server]?[column] ?? "?"
        let own = text.hasPrefix("* ") ? text.dropFirst(2) : text[...]
        return String(own.drop { $0 == " " })
    }
}

/// A hello of TLS with a name and nothing else.
func tlsHello(asking name: String) -> [UInt8] {
    func counted(_ bytes: [UInt8], _ size: Int) -> [UInt8] {
        (0..<size).reversed().map { UInt8(bytes.count >> (8 * $0) & 255) } + bytes
    }
    let entry: [UInt8] = [0] + counted(Array(name.utf8), 2)
    let extensions: [UInt8] = [0, 0] + counted(counted(entry, 2), 2)
    var body: [UInt8] = [3, 3] + Array(repeating: 7, count: 32) + [0]
    body += counted([0x13, 0x01], 2) + [1, 0] + counted(extensions, 2)
    return [22, 3, 1] + counted([1] + counted(body, 3), 2)
}

/// What a client hears to the end who says one thing, and the port that he has; `nil`: nobody listens.
func heard(
    by source: UInt32, saying words: String, at port: UInt16
) throws -> (text: String, ownPort: UInt16)? {
    let client = try Socket.tcp().release()
    defer { close(client) }
    _ = fcntl(client, F_SETFL, 0)
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
    _ = StreamSocket.bind(client, to: RawStreamAddress(IPEndpoint(ipv4: source, port: 0)))
    let address = SocketAddress(address: 0x7f00_0001, port: port)
    guard StreamSocket.connect(client, to: address.raw) == 0 else { return nil }
    let own = StreamSocket.localEndpoint(of: client).port
    _ = send(client, words, words.utf8.count, Int32(MSG_NOSIGNAL))
    var bytes: [UInt8] = []
    while case .moved(1...) = UnixSocket.read(from: client, into: &bytes) {}
    return (String(decoding: bytes, as: UTF8.self), own)
}
#endif
