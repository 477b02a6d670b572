#if Program
import Foundation
import LinuxIO
import Synchronization
import Testing

/// Clients of every kind, each of whose bytes is compared with what was sent to a server that sends
/// everything back.
final class SoakLoad: Sendable {
    /// What a kind of client does.
    enum Kind: String, CaseIterable {
        /// A few bytes on a connection of its own.
        case short
        /// A few bytes now and again, on one connection all the time.
        case long
        /// Megabytes both ways at once.
        case bulk
        /// Says all, ends its direction, and hears the answer then.
        case halfClosed = "half-closed"
        /// Datagrams, of which some may be lost.
        case datagrams
    }

    private let isEnding = Atomic(false)
    private let clients = DispatchGroup()
    private let done = Mutex<[Kind: (count: Int, bytes: Int)]>([:])
    private let failures = Mutex<[String: Int]>([:])

    /// Conversations that ended well, and their bytes, by kind.
    var totals: [Kind: (count: Int, bytes: Int)] { done.withLock { $0 } }
    /// What else happened, and how often.
    var mistakes: [String: Int] { failures.withLock { $0 } }

    init(port: UInt16, datagrams: UInt16) throws {
        let counts: [(Kind, Int)] = [
            (.short, 2), (.long, 24), (.bulk, 2), (.halfClosed, 2), (.datagrams, 1),
        ]
        for (kind, count) in counts {
            for number in 0..<count {
                clients.enter()
                try LinuxIO.Thread(name: "soak-\(number)") { [self] in
                    run(kind, kind == .datagrams ? datagrams : port)
                    clients.leave()
                }.detach()
            }
        }
    }

    /// Lets each client end what it has begun.
    func stop() {
        isEnding.store(true, ordering: .relaxed)
        clients.wait()
    }

    private var goesOn: Bool { !isEnding.load(ordering: .relaxed) }

    private func run(_ kind: Kind, _ port: UInt16) {
        var random = SystemRandomNumberGenerator()
        while goesOn {
            do {
                switch kind {
                case .short:
                    try converse(kind, port, [.random(in: 1...2_000, using: &random)])
                case .long: try stay(port, &random)
                case .bulk: try converse(kind, port, [.random(in: 1...16, using: &random) << 20])
                case .halfClosed:
                    try converse(kind, port, [.random(in: 1...60_000, using: &random)])
                case .datagrams: try ask(port, &random)
                }
            } catch {
                failures.withLock { $0["\(kind.rawValue): \(error)", default: 0] += 1 }
            }
            let pause: Duration = kind == .short ? .milliseconds(1) : .milliseconds(20)
            LinuxIO.Thread.sleep(for: pause)
        }
    }

    private func converse(_ kind: Kind, _ port: UInt16, _ sizes: [Int]) throws {
        let stream = try PatternStream(port)
        for size in sizes {
            try stream.exchange(size, saysAllFirst: kind == .halfClosed)
            note(kind, size)
        }
        if kind != .halfClosed { try stream.finish() }
    }

    private func stay(_ port: UInt16, _ random: inout SystemRandomNumberGenerator) throws {
        let stream = try PatternStream(port)
        while goesOn {
            let size = Int.random(in: 1...5_000, using: &random)
            try stream.exchange(size)
            note(.long, size)
            LinuxIO.Thread.sleep(for: .milliseconds(.random(in: 20...200, using: &random)))
        }
        try stream.finish()
    }

    /// Sends datagrams of one flow and compares those that come back.
    private func ask(_ port: UInt16, _ random: inout SystemRandomNumberGenerator) throws {
        let number = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(number) }
        var limit = timeval(tv_sec: 0, tv_usec: 300_000)
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        _ = StreamSocket.connect(number, to: SocketAddress(address: 0x7f00_0001, port: port).raw)
        for _ in 0..<20 where goesOn {
            let size = Int.random(in: 8...1_400, using: &random)
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
            send(number, bytes, size, 0)
            var answer = [UInt8](repeating: 0, count: 2_000)
            let count = recv(number, &answer, 2_000, 0)
            // Nothing has come, or the answer to the one before, late.
            guard count == size else { return }
            guard answer.prefix(size).elementsEqual(bytes) else { throw Mistake("other bytes") }
            note(.datagrams, size)
        }
    }

    private func note(_ kind: Kind, _ bytes: Int) {
        done.withLock {
            $0[kind, default: (0, 0)].count += 1; $0[kind]?.bytes += bytes
        }
    }
}

/// What should not happen to a connection.
struct Mistake: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// One connection to what sends everything back; each byte depends on its place in the stream.
final class PatternStream {
    private let number: Int32
    private var sent = 0
    private var received = 0

    init(_ port: UInt16) throws {
        number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let address = SocketAddress(address: 0x7f00_0001, port: port).raw
        guard StreamSocket.connect(number, to: address) == 0 else { throw Mistake("refused") }
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
    }

    deinit { close(number) }

    /// Sends so many bytes and compares what comes back, at once or, after the end of the client's
    /// direction, until the server's end.
    func exchange(_ count: Int, saysAllFirst: Bool = false) throws {
        let end = sent + count
        if saysAllFirst {
            while sent < end { try step(sendingUntil: end, receives: false) }
            shutdown(number, Int32(SHUT_WR))
            LinuxIO.Thread.sleep(for: .milliseconds(5))
        }
        while received < end { try step(sendingUntil: end, receives: true) }
        if saysAllFirst { try awaitEnd() }
    }

    /// Ends the client's direction, and waits for the server's end.
    func finish() throws {
        shutdown(number, Int32(SHUT_WR))
        try awaitEnd()
    }

    private func awaitEnd() throws {
        while true {
            try wait(for: POLLIN)
            var byte: UInt8 = 0
            let count = recv(number, &byte, 1, 0)
            if count == 0 { return }
            guard count < 0, errno == EAGAIN else {
                throw Mistake(count > 0 ? "more bytes" : "no clean end: error \(errno)")
            }
        }
    }

    private func step(sendingUntil end: Int, receives: Bool) throws {
        try wait(for: (receives ? POLLIN : 0) | (sent < end ? POLLOUT : 0))
        if sent < end {
            let piece = Self.pattern(from: sent, atMost: end - sent)
            let count = piece.withUnsafeBytes {
                send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 || errno == EAGAIN else {
                throw Mistake("error \(errno) after \(sent) bytes sent")
            }
            sent += max(0, count)
        }
        guard receives else { return }
        let size = 262_144
        var buffer = [UInt8](repeating: 0, count: size)
        let count = recv(number, &buffer, size, 0)
        guard count > 0 || count < 0 && errno == EAGAIN else {
            throw Mistake(count == 0 ? "end too soon" : "error \(errno)")
        }
        var place = 0
        while place < count {
            let piece = Self.pattern(from: received, atMost: count - place)
            guard buffer[place..<place + piece.count] == piece else { throw Mistake("other bytes") }
            place += piece.count
            received += piece.count
        }
    }

    private func wait(for events: Int32) throws {
        var state = pollfd(fd: number, events: Int16(events), revents: 0)
        guard poll(&state, 1, 20_000) > 0 else { throw Mistake("nothing for 20 s") }
    }

    /// A part of the stream; the pattern's length is prime, so that no buffer's length hides a shift.
    private static func pattern(from place: Int, atMost count: Int) -> ArraySlice<UInt8> {
        let start = place % bytes.count
        return bytes[start..<min(bytes.count, start + count)]
    }

    private static let bytes: [UInt8] = {
        var state: UInt64 = 1
        return (0..<1_048_573).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }()
}
#endif
