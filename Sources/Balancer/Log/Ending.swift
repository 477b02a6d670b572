/// How a connection ended: haproxy's termination state, two characters.
///
/// haproxy's configuration manual, section 8.5.
public struct Ending: Hashable, Sendable {
    /// Who or what ended it, as the first character.
    public enum Cause: UInt8, Hashable, Sendable {
        /// Nobody: both sides were done.
        case none = 0x2d
        /// The client broke off (`C`).
        case client = 0x43
        /// The server broke off, or could not be reached (`S`).
        case server = 0x53
        /// A limit of the proxy's (`P`).
        case proxy = 0x50
        /// A resource of this host's ran out (`R`).
        case resource = 0x52
        /// The server was found to be down (`D`).
        case serverDown = 0x44
        /// A server of the first line came up, and this one was a backup (`U`).
        case activeCameUp = 0x55
        /// The operator, or the end of the program (`K`).
        case operatorsOrder = 0x4b
        /// The client said nothing for too long (`c`).
        case clientTimeout = 0x63
        /// The server said nothing for too long, or no server was free in time (`s`).
        case serverTimeout = 0x73
    }

    /// What it was at, as the second character.
    public enum Stage: UInt8, Hashable, Sendable {
        /// It was over (`-`).
        case over = 0x2d
        /// It had not said yet what decides where it goes (`R`).
        case request = 0x52
        /// It waited for a server (`Q`).
        case queue = 0x51
        /// It waited for the server's answer (`C`).
        case connecting = 0x43
        /// It moved bytes (`D`).
        case data = 0x44
    }

    /// Who or what ended it.
    public var cause: Cause
    /// What it was at.
    public var stage: Stage

    /// Both sides were done.
    static let normal = Ending(cause: .none, stage: .over)

    /// An end at what a connection is doing; by order, it is over.
    init(_ cause: Cause, at phase: Phase) {
        self.cause = cause
        switch (cause, phase) {
        case (.serverDown, .relaying), (.activeCameUp, .relaying), (.operatorsOrder, .relaying),
            (.serverDown, .flowing), (.activeCameUp, .flowing), (.operatorsOrder, .flowing):
            stage = .over
        case (_, .waiting): stage = .queue
        case (_, .pausing), (_, .connecting): stage = .connecting
        case (_, .introducing): stage = .request
        case (_, .relaying), (_, .flowing): stage = .data
        case (_, .free): stage = .over
        }
    }

    init(cause: Cause, stage: Stage) {
        self.cause = cause
        self.stage = stage
    }

    /// Whether the connection failed, whoever was there: not the client's doing, and not an end like
    /// any other.
    var isFailure: Bool {
        switch cause {
        case .none, .client, .clientTimeout: false
        case .server, .proxy, .resource, .serverDown, .activeCameUp, .operatorsOrder,
            .serverTimeout:
            true
        }
    }
}

extension Ending: CustomStringConvertible {
    /// The two characters: `--`, `CD`, `sQ` and so on.
    public var description: String {
        String(decoding: [cause.rawValue, stage.rawValue], as: Unicode.ASCII.self)
    }
}
