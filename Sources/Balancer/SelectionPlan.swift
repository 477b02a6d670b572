/// How a hash leads to a server (`hash-type`).
public struct HashType: Hashable, Sendable {
    /// The hash function.
    public enum Function: Hashable, Sendable, CaseIterable {
        /// The default.
        case sdbm
        /// Daniel Bernstein's.
        case djb2
        /// haproxy's own.
        case wt6
        /// That of Ethernet and zip.
        case crc32
        /// The key's last four bytes as they are.
        case none
    }

    /// Whether servers lie on a circle, so that a change moves few keys (`consistent`), or in a
    /// table of one place for each unit of weight (`map-based`).
    public var isConsistent: Bool
    /// The hash function; `balance source` has its own.
    public var function: Function
    /// Whether the hash is spread over all bits.
    public var avalanches: Bool

    /// Makes haproxy's default.
    ///
    /// - Parameters:
    ///   - isConsistent: Whether servers lie on a circle.
    ///   - function: The hash function.
    ///   - avalanches: Whether the hash is spread; `nil`: where it is consistent.
    public init(
        isConsistent: Bool = false, function: Function = .sdbm, avalanches: Bool? = nil
    ) {
        self.isConsistent = isConsistent
        self.function = function
        self.avalanches = avalanches ?? isConsistent
    }
}

extension PoolPlan {
    /// Until when a client whose place on a circle is its own server's goes to that one, and not to the next
    /// (`hash-preserve-affinity`).
    public enum Affinity: Hashable, Sendable, CaseIterable {
        /// In any case; it waits where that one is full.
        case always
        /// As long as that one has room (`maxconn`).
        case whileRoom
        /// As long as that one has room, or a place in its line (`maxqueue`).
        case whilePlace
    }
}

/// When backup servers serve.
public enum BackupUse: Hashable, Sendable, CaseIterable {
    /// The first usable one, once no other server is.
    case first
    /// All usable ones, once no other server is (`option allbackups`).
    case all
    /// As many as there are other servers that can't serve, beside those that can.
    case onePerFailure
}

/// What a server's places on a circle of hashes follow from; what the server does not have is its
/// number instead.
public enum ServerHashKey: Hashable, Sendable, CaseIterable {
    /// Its number, of which the lower 20 bits count.
    case number
    /// Its number, all of it.
    case wholeNumber
    /// Its name among all that have one.
    case guid
    /// Its address; of one that is configured by name, nothing.
    case address
    /// Its address and port.
    case addressAndPort
}
