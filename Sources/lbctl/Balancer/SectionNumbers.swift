#if Program
internal import Balancer
internal import NodeConfiguration

/// haproxy's numbers of the sections (`iid`).
struct SectionNumbers: Sendable {
    private let numbers: [Int]

    /// Numbers what has no number of its own by its position, or the next free one.
    init(_ model: Model) {
        let identities =
            model.frontends.map(\.identity) + model.backends.map(\.identity)
            + model.statisticsPages.map(\.identity)
        var own = [Int?](repeating: nil, count: identities.map(\.position).max() ?? 0)
        for identity in identities where identity.position > 0 {
            own[identity.position - 1] = identity.number
        }
        numbers = BalancerPlan.numbers(own: own)
    }

    /// The number of a section.
    subscript(identity: SectionIdentity) -> Int {
        identity.position > 0 ? numbers[identity.position - 1] : identity.number ?? 0
    }
}

extension Frontend {
    /// haproxy's numbers of its listeners (`sid`).
    var listenerNumbers: [Int] { BalancerPlan.numbers(own: listeners.map(\.number)) }
}
#endif
