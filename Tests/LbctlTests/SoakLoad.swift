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
        /// Datagrams, of which hardly any may be lost.
        case datagrams
        /// A whole handshake of TLS, and as much as the short ones say several times.
        case secured = "by TLS"
        /// The same with a session that was had before, over reloads too.
        case resumed = "by TLS, resumed"
        case securedLong = "long by TLS"
        case securedBulk = "bulk by TLS"
        case securedHalfClosed = "half-closed by TLS"

        var isSecured: Bool {
            switch self {
            case .short, .long, .bulk, .halfClosed, .datagrams: false
            case .secured, .resumed, .securedLong, .securedBulk, .securedHalfClosed: true
            }
        }
    }

    /// How many clients of each kind there are.
    private static let counts: [(Kind, Int)] = [
        (.short, 2), (.long, 24), (.bulk, 2), (.halfClosed, 2), (.datagrams, 1), (.secured, 2),
        (.resumed, 2), (.securedLong, 8), (.securedBulk, 1), (.securedHalfClosed, 2),
    ]
    /// How many make one connection after another.
    static var briefClientCount: Int {
        counts.filter { ![.long, .securedLong, .datagrams].contains($0.0) }.reduce(0) { $0 + $1.1 }
    }

    private let isEnding = Atomic(false)
    private let clients = DispatchGroup()
    private let done = Mutex<[Kind: (count: Int, bytes: Int)]>([:])
    private let failures = Mutex<[String: Int]>([:])
    private let losses = Atomic(0)

    /// Conversations that ended well, and their bytes, by kind.
    var totals: [Kind: (count: Int, bytes: Int)] { done.withLock { $0 } }
    /// Datagrams without an answer in time.
    var lostDatagramCount: Int { losses.load(ordering: .relaxed) }
    /// What else happened, and how often.
    var mistakes: [String: Int] { failures.withLock { $0 } }

    /// Begins; TLS is spoken at the port `secured`.
    init(port: UInt16, secured: UInt16, datagrams: UInt16) throws {
        for (kind, count) in Self.counts {
            let place = kind == .datagrams ? datagrams : kind.isSecured ? secured : port
            for number in 0..<count {
                clients.enter()
                try LinuxIO.Thread(name: "soak-\(number)") { [self] in
                    // Of each two, one is of TLS 1.2.
                    run(kind, place, isOld: number % 2 == 1)
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

    private func run(_ kind: Kind, _ port: UInt16, isOld: Bool) {
        var random = SystemRandomNumberGenerator()
        func connected() throws -> PatternStream {
            try kind.isSecured ? PatternStream(port, isOld: isOld) : PatternStream(port)
        }
        while goesOn {
            do {
                switch kind {
                case .short:
                    try converse(kind, connected(), [.random(in: 1...2_000, using: &random)])
                case .long, .securedLong: try stay(kind, connected(), &random)
                case .bulk, .securedBulk:
                    try converse(kind, connected(), [.random(in: 1...16, using: &random) << 20])
                case .halfClosed, .securedHalfClosed:
                    try converse(kind, connected(), [.random(in: 1...60_000, using: &random)])
                case .datagrams: try ask(port, &random)
                case .secured:
                    let sizes = (0..<3).map { _ in Int.random(in: 1...30_000, using: &random) }
                    try converse(kind, connected(), sizes)
                case .resumed: try comeBack(port, isOld: isOld, &random)
                }
            } catch {
                failures.withLock { $0["\(kind.rawValue): \(error)", default: 0] += 1 }
            }
            let pause: Duration = kind == .short ? .milliseconds(1) : .milliseconds(20)
            LinuxIO.Thread.sleep(for: pause)
        }
    }

    private func converse(_ kind: Kind, _ stream: PatternStream, _ sizes: [Int]) throws {
        let saysAllFirst = kind == .halfClosed || kind == .securedHalfClosed
        for size in sizes {
            try stream.exchange(size, saysAllFirst: saysAllFirst)
            note(kind, size)
        }
        if !saysAllFirst { try stream.finish() }
    }

    /// One connection after another, each with the session of the one before.
    private func comeBack(
        _ port: UInt16, isOld: Bool, _ random: inout SystemRandomNumberGenerator
    ) throws {
        var session: SecureLine.Session?
        for number in 0..<100 where goesOn {
            let stream = try PatternStream(port, isOld: isOld, goingOnWith: session)
            guard stream.isResumed == (number > 0) else { throw Mistake("a whole handshake") }
            let size = Int.random(in: 1...30_000, using: &random)
            try converse(number > 0 ? .resumed : .secured, stream, [size])
            guard let next = stream.session else { throw Mistake("no session") }
            session = next
        }
    }

    private func stay(
        _ kind: Kind, _ stream: PatternStream, _ random: inout SystemRandomNumberGenerator
    ) throws {
        while goesOn {
            let size = Int.random(in: 1...5_000, using: &random)
            try stream.exchange(size)
            note(kind, size)
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
            guard count > 0 else {
                // Its answer may still come; the next flow has another port.
                losses.add(1, ordering: .relaxed)
                return
            }
            guard count == size, answer.prefix(size).elementsEqual(bytes) else {
                throw Mistake("other bytes")
            }
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
#endif
