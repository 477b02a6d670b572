/// Virtual routers that are Active together or not at all, as this node sees them.
public struct SyncGroupStatus: Codable, Hashable, Sendable {
    /// The name in the configuration.
    public var name: String
    /// The names of its virtual routers.
    public var members: [String]
    /// The state in which all of them last stood: `MASTER`, `BACKUP`, `FAULT`, `INIT`.
    public var stateWord: String
    /// What the group itself depends on.
    public var trackers: [TrackerStatus] = []

    /// Makes the status of a group that tracks nothing of its own.
    ///
    /// - Parameters:
    ///   - name: The name in the configuration.
    ///   - members: The names of its virtual routers.
    ///   - stateWord: The state in which all of them last stood.
    public init(name: String, members: [String], stateWord: String) {
        self.name = name
        self.members = members
        self.stateWord = stateWord
    }

    private enum CodingKeys: String, CodingKey {
        case name, members, trackers
        case stateWord = "state_word"
    }
}

/// A named pipe that states are written to.
public struct NotificationPipeStatus: Codable, Hashable, Sendable {
    /// Where it stands.
    public var path: String
    /// Lines written.
    public var written: Int
    /// Lines that found the pipe full, or no pipe.
    public var lost: Int

    /// Makes the status of a pipe.
    ///
    /// - Parameters:
    ///   - path: Where it stands.
    ///   - written: Lines written.
    ///   - lost: Lines that found the pipe full, or no pipe.
    public init(path: String, written: Int, lost: Int) {
        self.path = path
        self.written = written
        self.lost = lost
    }
}
