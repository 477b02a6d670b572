/// What the operator wants of connections that are there.
///
/// They are told of, and ended, part by part: each answer says where to go on.
public struct SessionOrder: Codable, Hashable, Sendable {
    /// What is to be done.
    public enum Action: String, Codable, Hashable, Sendable {
        /// Show those that are meant.
        case list
        /// End those that are meant.
        case kill
    }

    /// Which connections are meant: those for which all that is given holds.
    public struct Filter: Codable, Hashable, Sendable {
        /// The one of this name alone.
        public var id: SessionID?
        /// The name of its frontend or backend.
        public var proxy: String?
        /// Its server, as `BACKEND/NAME`.
        public var server: String?
        /// The network of its client, as `ADDRESS/LENGTH` or an address.
        public var source: String?
        /// How many milliseconds it is there at least.
        public var olderThan: Int?

        /// Means all connections.
        public init() {}

        /// Whether all connections are meant.
        public var isEmpty: Bool { self == Filter() }
    }

    /// What is to be done.
    public var action: Action
    /// Which connections are meant.
    public var filter = Filter()
    /// Where to begin: at the first connection (`nil`), or where ``SessionPart/next`` says.
    public var from: SessionPart.Place?
    /// With how many at most; `nil`: any number.
    public var most: Int?
    /// That all connections are meant, which an order to end them has to say.
    public var all: Bool?

    /// Makes an order about all connections, from the first one on.
    public init(_ action: Action) { self.action = action }
}

/// Names one connection for as long as it lasts: `PROCESS-REACTOR-PLACE-USE`.
///
/// A place has 4 billion uses before the same name comes again.
public struct SessionID: Hashable, Sendable {
    /// The balancer process that has it.
    public var process: Int32
    /// The reactor in that process, from 0.
    public var reactor: Int
    /// The reactor's place for it, from 0.
    public var place: Int
    /// Counts those who had the place.
    public var use: UInt32

    /// Makes a name.
    public init(process: Int32, reactor: Int, place: Int, use: UInt32) {
        (self.process, self.reactor, self.place, self.use) = (process, reactor, place, use)
    }
}

extension SessionID: LosslessStringConvertible {
    /// Reads `PROCESS-REACTOR-PLACE-USE`; `nil`: it is none.
    public init?(_ description: String) {
        let numbers = description.split(separator: "-", omittingEmptySubsequences: false)
            .compactMap { UInt32($0) }
        guard numbers.count == 4, let process = Int32(exactly: numbers[0]) else { return nil }
        self.init(
            process: process, reactor: Int(numbers[1]), place: Int(numbers[2]), use: numbers[3])
        // One name has one spelling.
        guard self.description == description else { return nil }
    }

    /// `PROCESS-REACTOR-PLACE-USE`.
    public var description: String { "\(process)-\(reactor)-\(place)-\(use)" }
}

extension SessionID: Codable {
    /// Reads the name's text.
    ///
    /// - Throws: `DecodingError.dataCorrupted`: the text is no name.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = SessionID(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "'\(text)' must be PROCESS-REACTOR-PLACE-USE, four numbers")
        }
        self = id
    }

    /// Writes the name's text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// What became of a part of an order about connections.
public struct SessionPart: Codable, Hashable, Sendable {
    /// Where to go on.
    public struct Place: Codable, Hashable, Sendable {
        /// The balancer process; those that end with the connections that they have come too, by their
        /// numbers.
        public var process: Int32
        /// The reactor; `nil`: that process has no more.
        public var reactor: Int?
        /// The reactor's place.
        public var place = 0

        /// Makes the place behind all of a process.
        public init(behind process: Int32) { self.process = process }

        /// Makes a place.
        public init(process: Int32, reactor: Int, place: Int) {
            (self.process, self.reactor, self.place) = (process, reactor, place)
        }
    }

    /// The connections that are shown.
    public var sessions: [SessionStatus] = []
    /// How many were ended.
    public var ended = 0
    /// Why this process can have none of those that are meant, where it knows; another one may.
    public var unknown: String?
    /// Where to go on; `nil`: there is no more.
    public var next: Place?

    /// Makes a part without connections, the last one.
    public init() {}
}

/// One connection, or flow of datagrams, as it is at a moment.
public struct SessionStatus: Codable, Hashable, Sendable {
    /// Its name.
    public var id: SessionID
    /// What it is doing: `introducing`, `waiting`, `pausing`, `connecting`, `relaying`, `flowing`.
    public var phase: String
    /// The frontend's name.
    public var frontend: String
    /// The name of the listener that it came in by.
    public var listener: String
    /// The backend's name; `nil`: none is chosen yet.
    public var backend: String?
    /// The server's name, of the one whose queue it stands in too; `nil`: none is chosen.
    public var server: String?
    /// The client, as `ADDRESS:PORT`, or `unix`.
    public var client: String
    /// Where the client connected to.
    public var destination: String
    /// Where the server is; `nil`: none is chosen.
    public var address: String?
    /// This node's end of the connection to the server; `nil`: there is none.
    public var source: String?
    /// How many milliseconds it is there.
    public var age: Int
    /// For how many milliseconds neither side has sent or taken anything.
    public var idle: Int
    /// Bytes that came from the client.
    public var bytesIn: Int
    /// Bytes that came from the server.
    public var bytesOut: Int
    /// Its place in the queue when it began to wait, from 1; `nil`: it does not wait.
    public var queue: Int?

    /// Makes a connection that nothing was done about yet.
    ///
    /// - Parameters:
    ///   - id: Its name.
    ///   - phase: What it is doing.
    ///   - frontend: The frontend's name.
    ///   - listener: The listener's name.
    ///   - client: The client, as `ADDRESS:PORT`.
    ///   - destination: Where the client connected to.
    public init(
        id: SessionID, phase: String, frontend: String, listener: String, client: String,
        destination: String
    ) {
        (self.id, self.phase, self.frontend, self.listener) = (id, phase, frontend, listener)
        (self.client, self.destination) = (client, destination)
        (age, idle, bytesIn, bytesOut) = (0, 0, 0, 0)
    }

    private enum CodingKeys: String, CodingKey {
        case id, phase, frontend, listener, backend, server, client, destination, address
        case source, age, idle, queue
        case bytesIn = "bytes_in"
        case bytesOut = "bytes_out"
    }
}
