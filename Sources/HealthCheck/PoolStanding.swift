/// Whether any server of a pool takes connections, as far as it is known.
///
/// Pure: counts its servers by what can be expected of each. A pool is lost only once no server is
/// left of which better news may come: before that nobody knows, and nothing is said.
public struct PoolStanding: Hashable, Sendable {
    /// What can be expected of one server.
    public enum Prospect: Int, Hashable, Sendable, CaseIterable {
        /// It takes connections.
        case usable
        /// Its check, its agent or the server that it tracks says that it is down.
        case failed
        /// It is to take none, whatever its health: an operator, an agent or its weight says so.
        case excluded
        /// Its first result is still to come.
        case awaited
        /// Its check could not be carried out so far, which says nothing about it.
        case undecided
    }

    private var counts = Array(repeating: 0, count: Prospect.allCases.count)

    /// Makes the standing of a pool without servers.
    public init() {}

    /// How many servers there are of one kind.
    ///
    /// - Parameter prospect: The kind.
    public subscript(prospect: Prospect) -> Int { counts[prospect.rawValue] }

    /// Counts a server in.
    ///
    /// - Parameter prospect: What can be expected of it.
    public mutating func add(_ prospect: Prospect) { counts[prospect.rawValue] += 1 }

    /// Takes note that something else can be expected of a server.
    ///
    /// - Parameters:
    ///   - former: What it was counted as.
    ///   - prospect: What it is counted as from now on.
    public mutating func move(from former: Prospect, to prospect: Prospect) {
        counts[former.rawValue] -= 1
        counts[prospect.rawValue] += 1
    }

    /// Whether a server takes connections; `nil`: nobody knows.
    ///
    /// A server whose check cannot be carried out does not hide that all others are down, but is
    /// itself no reason to say so.
    public var isUsable: Bool? {
        if self[.usable] > 0 { return true }
        if self[.awaited] > 0 { return nil }
        return self[.undecided] > 0 && self[.failed] == 0 ? nil : false
    }
}
