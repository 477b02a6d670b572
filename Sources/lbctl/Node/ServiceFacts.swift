#if Program
/// What the election is told of the balancer: whether it serves, and of each pool whether a server
/// of it takes connections.
///
/// Pure. While nobody serves, no pool takes connections; what a process says of its pools before it
/// counts as serving waits until it does.
struct ServiceFacts: Hashable {
    /// One thing to tell.
    enum Fact: Hashable {
        /// This node's balancer serves, or not.
        case service(Bool)
        /// A server of this pool takes connections, or none.
        case pool(String, isUsable: Bool)
    }

    /// What was last told of the service; `nil`: nothing yet.
    private(set) var serves: Bool?
    private var pools: [String: Bool] = [:]

    /// Takes in that a process serves.
    ///
    /// - Parameter usable: What it knows of its pools.
    /// - Returns: What is news, the pools before the service.
    mutating func begin(knowing usable: [String: Bool]) -> [Fact] {
        var news = usable.sorted { $0.key < $1.key }.compactMap { name, isUsable in
            note(name, isUsable)
        }
        if serves != true { news.append(.service(true)) }
        serves = true
        return news
    }

    /// Takes in that nobody serves.
    ///
    /// - Parameter names: The pools that there are.
    /// - Returns: What is news, the service before the pools.
    mutating func end(pools names: [String]) -> [Fact] {
        guard serves != false else { return [] }
        serves = false
        return [.service(false)] + names.compactMap { note($0, false) }
    }

    /// Takes in what the process that serves says of a pool.
    ///
    /// - Parameters:
    ///   - name: The pool.
    ///   - isUsable: Whether a server of it takes connections.
    /// - Returns: What is news; nothing while nobody counts as serving.
    mutating func poolChanged(_ name: String, isUsable: Bool) -> Fact? {
        serves == true ? note(name, isUsable) : nil
    }

    private mutating func note(_ name: String, _ isUsable: Bool) -> Fact? {
        guard pools.updateValue(isUsable, forKey: name) != isUsable else { return nil }
        return .pool(name, isUsable: isUsable)
    }
}
#endif
