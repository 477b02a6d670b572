public import LinuxIO

/// One connection, or flow of datagrams, as it is at a moment.
public struct SessionEntry: Hashable, Sendable {
    /// What it is doing.
    public enum Phase: String, Hashable, Sendable {
        /// It says who it is, before a server is chosen.
        case introducing
        /// It waits for a server with room.
        case waiting
        /// It pauses before the next attempt to connect.
        case pausing
        /// It waits for the server's answer.
        case connecting
        /// It moves bytes.
        case relaying
        /// It moves datagrams.
        case flowing
    }

    /// Its name.
    public var identifier: SessionIdentifier
    /// What it is doing.
    public var phase: Phase
    /// The frontend's name.
    public var frontend: String
    /// The name of the listener that it came in by.
    public var listener: String
    /// The pool's name; `nil`: none is chosen yet.
    public var pool: String?
    /// The server's name, of the one whose line it stands in too; `nil`: none is chosen.
    public var server: String?
    /// The client, as a PROXY header said if there was one.
    public var client = IPEndpoint.none
    /// Where the client connected to.
    public var local = IPEndpoint.none
    /// Where the server is; `nil`: none is chosen.
    public var serverAddress: StreamAddress?
    /// This node's end of the connection to the server; ``IPEndpoint/none`` without one.
    public var serverLocal = IPEndpoint.none
    /// How long it is there, in whole milliseconds.
    public var age = Duration.zero
    /// For how long neither side has sent or taken anything, in whole milliseconds.
    public var idle = Duration.zero
    /// Bytes that came from the client.
    public var bytesIn = 0
    /// Bytes that came from the server.
    public var bytesOut = 0
    /// Its place in the line when it began to wait, from 1; `nil`: it does not wait.
    public var queuePlace: Int?
}

/// A part of a balancer's connections.
public struct SessionSlice: Hashable, Sendable {
    /// Those that are meant, where they were asked for.
    public var entries: [SessionEntry] = []
    /// How many were ended.
    public var endedCount = 0
    /// Where to go on; `nil`: there is no more.
    public var next: SessionPlace?
}

extension SessionEntry.Phase {
    init?(_ phase: Phase) {
        switch phase {
        case .free: return nil
        case .introducing: self = .introducing
        case .waiting: self = .waiting
        case .pausing: self = .pausing
        case .connecting: self = .connecting
        case .relaying: self = .relaying
        case .flowing: self = .flowing
        }
    }
}
