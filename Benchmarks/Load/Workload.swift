/// What the generator asks of the servers, through a proxy or directly.
enum Workload: Hashable {
    /// Connect, 100 bytes there, 1,024 back, the client closes; 64 at a time, `count` in all.
    case short(count: Int)
    /// As ``short(count:)`` by TLS, with whole handshakes or with sessions that go on.
    case secured(count: Int, resumes: Bool)
    /// 64 bytes there and back on `connections` kept open, for so many milliseconds.
    case pingpong(connections: Int, milliseconds: Int)
    /// `bytes` in all from the servers to the client, over `streams` connections at once.
    case down(streams: Int, bytes: Int)
    /// `bytes` in all from the client to the servers, over `streams` connections at once.
    case up(streams: Int, bytes: Int)
    /// One exchange on each of `connections`, which then stay open and silent.
    case idle(connections: Int)
    /// The same with the exchange of short connections.
    case kept(connections: Int)

    static let shortConcurrency = 64
    static let requestBytes = 100
    static let answerBytes = 1024
    static let pingBytes = 64
    static let requestByte: UInt8 = 0x62
    static let answerByte: UInt8 = 0x61

    /// How it stands on a command line: a word and two numbers.
    var arguments: [String] {
        switch self {
        case .short(let count): ["short", "\(count)", "0"]
        case .secured(let count, let resumes): ["tls", "\(count)", resumes ? "1" : "0"]
        case .pingpong(let connections, let milliseconds):
            ["pingpong", "\(connections)", "\(milliseconds)"]
        case .down(let streams, let bytes): ["down", "\(streams)", "\(bytes)"]
        case .up(let streams, let bytes): ["up", "\(streams)", "\(bytes)"]
        case .idle(let connections): ["idle", "\(connections)", "0"]
        case .kept(let connections): ["kept", "\(connections)", "0"]
        }
    }

    /// Reads what ``arguments`` made, or `nil`.
    init?(arguments: ArraySlice<String>) {
        let words = Array(arguments)
        guard words.count == 3, let first = Int(words[1]), let second = Int(words[2]) else {
            return nil
        }
        switch words[0] {
        case "short": self = .short(count: first)
        case "tls": self = .secured(count: first, resumes: second > 0)
        case "pingpong": self = .pingpong(connections: first, milliseconds: second)
        case "down": self = .down(streams: first, bytes: second)
        case "up": self = .up(streams: first, bytes: second)
        case "idle": self = .idle(connections: first)
        case "kept": self = .kept(connections: first)
        default: return nil
        }
    }

    /// Whether the time that it takes is looked at, so that it wants a warm-up.
    var isTimed: Bool {
        switch self {
        case .short, .secured, .pingpong, .down, .up: true
        case .idle, .kept: false
        }
    }

    /// A shorter one of the same kind to count system calls by; `nil` where that says little.
    var sample: Workload? {
        switch self {
        case .short(let count): .short(count: min(count, 20_000))
        case .secured(let count, let resumes):
            .secured(count: min(count, 2000), resumes: resumes)
        case .pingpong(let connections, let milliseconds):
            .pingpong(connections: connections, milliseconds: min(milliseconds, 500))
        case .down, .up, .idle, .kept: nil
        }
    }

    /// Whether clients speak TLS, which ends at the proxy.
    var isSecured: Bool { if case .secured = self { true } else { false } }

    /// What the servers have to do for it.
    var service: Service {
        switch self {
        case .short, .secured, .kept: .answer
        case .pingpong, .idle: .echo
        case .down: .source
        case .up: .drain
        }
    }

    /// Connections that are open at once.
    var connectionCount: Int {
        switch self {
        case .short, .secured: Self.shortConcurrency
        case .pingpong(let connections, _), .idle(let connections), .kept(let connections):
            connections
        case .down(let streams, _), .up(let streams, _): streams
        }
    }
}

/// What a server of the sink does with a connection.
enum Service: String {
    /// 1,024 bytes for each 100.
    case answer
    /// The bytes back.
    case echo
    /// As many bytes of the pattern as the first 8 say, then the end.
    case source
    /// Counts bytes to the end, then says how many in 8.
    case drain
}
