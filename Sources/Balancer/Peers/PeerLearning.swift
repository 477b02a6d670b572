public import LinuxIO

/// From which peer this node learns all, and whether it has.
///
/// haproxy's: one peer at a time is asked; one that was not complete itself is not asked again; and
/// after 5 s without anybody to ask, a node believes that it knows what there is to know.
public struct PeerLearning: Sendable {
    private enum State: Hashable { case waiting(until: MonotonicInstant), asking(String), complete }

    private var state: State
    /// Who knew no more than it had learned so far.
    private var incomplete: Set<String> = []

    /// Makes a node that knows nothing.
    public init(at now: MonotonicInstant) { state = .waiting(until: now + PeerLearning.patience) }

    /// Makes a node that knows all.
    public init() { state = .complete }

    /// Whether all is known.
    public var isComplete: Bool { state == .complete }

    /// When ``expire(at:)`` wants to be called; `nil`: never.
    public var deadline: MonotonicInstant? {
        if case .waiting(let end) = state { end } else { nil }
    }

    /// Whether a peer is asked and has not told all yet; it is told no changes meanwhile.
    public func isAsking(_ peer: String) -> Bool { state == .asking(peer) }

    /// Chooses whom to ask among the peers that are there.
    ///
    /// - Returns: A peer that has to be asked now.
    public mutating func choose(among peers: [String]) -> String? {
        guard case .waiting = state,
            let peer = peers.filter({ !incomplete.contains($0) }).randomElement()
        else { return nil }
        state = .asking(peer)
        return peer
    }

    /// Takes note that a peer has told all; from one that was not asked it says nothing.
    public mutating func toldAll(_ peer: String, isComplete: Bool, at now: MonotonicInstant) {
        guard isAsking(peer) else { return }
        guard !isComplete else { return state = .complete }
        incomplete.insert(peer)
        state = .waiting(until: now + PeerLearning.patience)
    }

    /// Takes note that a peer has gone; once it is back it may know more.
    public mutating func lost(_ peer: String, at now: MonotonicInstant) {
        incomplete.remove(peer)
        if isAsking(peer) { state = .waiting(until: now + PeerLearning.patience) }
    }

    /// Gives up when it is time.
    public mutating func expire(at now: MonotonicInstant) {
        if let deadline, deadline <= now { state = .complete }
    }

    /// How long somebody to ask is waited for.
    private static let patience = Duration.seconds(5)
}
