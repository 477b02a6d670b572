internal import LinuxIO

/// A peer as this node sees it, connected or not.
final class PeerRemote {
    /// A table that is kept in common with it.
    final class Share {
        let table: StickTable
        let plan: PeerTable
        /// Where in the order of changes it stands.
        private let mark: Int?
        /// The last change that it has, for sure.
        private(set) var acknowledged: UInt64 = 0
        private(set) var told: UInt64 = 0
        /// Updates that came from the peer, and that were made for it.
        var learned = 0
        private(set) var sent = 0

        init(_ table: StickTable, _ plan: PeerTable) {
            self.table = table
            self.plan = plan
            mark = table.openMark()
        }

        deinit { if let mark { table.closeMark(mark) } }

        /// Goes on from the last change that the peer surely has.
        func goBack() {
            guard let mark else { return }
            while !table.moveBack(mark, to: acknowledged) {}
        }

        /// Goes on from the first entry.
        func beginAnew() { if let mark { table.moveToStart(mark) } }

        /// What comes next, up to a change.
        func next(through end: UInt64, at now: UInt64) -> [PeerEntry] {
            guard let mark else { return [] }
            let (entries, last) = table.changes(behind: mark, through: end, now: now)
            told = max(told, last)
            sent += entries.count
            return entries
        }

        /// Whether the peer has said that it has all there is to tell.
        var isSynchronised: Bool {
            guard let mark else { return false }
            return acknowledged >= told && table.isAtEnd(mark)
        }

        /// Takes note of what the peer has, by the last 32 bits of the change.
        func acknowledge(_ change: UInt32) {
            let missing = UInt64(UInt32(truncatingIfNeeded: told) &- change)
            // What was never told is not believed.
            guard missing <= told, missing < 1 << 31 else { return }
            acknowledged = max(acknowledged, told - missing)
        }
    }

    let plan: PeersPlan.Peer
    private(set) var shares: [Share]
    var connection: PeerConnection?
    /// When it is tried again; counts while there is no connection.
    private(set) var retryAt: MonotonicInstant
    private var delay = PeerRemote.shortestDelay
    /// Whether it refused version 2.1.
    private(set) var isOld = false
    private(set) var fault: String?
    /// Whether it was told that it came.
    private(set) var hasCome = false
    private var formerIn = 0, formerOut = 0
    private var sessionCount = 0

    init(
        _ plan: PeersPlan.Peer, _ tables: [(table: StickTable, plan: PeerTable)],
        at now: MonotonicInstant
    ) {
        self.plan = plan
        shares = tables.map { Share($0.table, $0.plan) }
        retryAt = now
    }

    var isConnected: Bool { connection?.session.isOpen ?? false }

    /// Goes on with other tables; those that stay go on where they were.
    func share(_ tables: [(table: StickTable, plan: PeerTable)]) {
        shares = tables.map { table in
            shares.first { $0.table === table.table && $0.plan == table.plan }
                ?? Share(table.table, table.plan)
        }
    }

    /// Begins on a session.
    func begin() {
        for share in shares { share.goBack() }
        (fault, hasCome) = (nil, true)
        sessionCount += 1
    }

    /// Ends what there is of a connection, and settles when to try again.
    ///
    /// - Parameters:
    ///   - fault: Why.
    ///   - isRefusal: Whether trying soon would not help.
    ///   - now: The time.
    func end(_ fault: String?, isRefusal: Bool = false, at now: MonotonicInstant) {
        if let connection {
            formerIn += connection.session.messagesIn
            formerOut += connection.session.messagesOut
            if now - connection.began >= PeerRemote.longestDelay {
                delay = PeerRemote.shortestDelay
            }
        }
        (connection, hasCome) = (nil, false)
        self.fault = fault
        if isRefusal { delay = PeerRemote.longestDelay }
        // Two that try at the same time must not do so again.
        retryAt = now + delay + .milliseconds(Int.random(in: 0...50))
        delay = min(delay * 2, PeerRemote.longestDelay)
    }

    /// Speaks the version before from now on.
    func speakOld() { isOld = true }

    /// Tries again at once.
    func hurry(at now: MonotonicInstant) {
        (retryAt, delay) = (now, PeerRemote.shortestDelay)
    }

    var status: PeersStatus.Peer {
        var status = PeersStatus.Peer(name: plan.name, address: plan.address)
        status.isConnected = isConnected
        status.isSynchronised =
            isConnected && connection?.lesson == nil && shares.allSatisfy(\.isSynchronised)
        status.sessions = sessionCount
        status.fault = fault
        status.messagesIn = formerIn + (connection?.session.messagesIn ?? 0)
        status.messagesOut = formerOut + (connection?.session.messagesOut ?? 0)
        status.tables = shares.map {
            PeersStatus.Table(
                name: $0.plan.name, lastChange: $0.table.lastChange, acknowledged: $0.acknowledged,
                learned: $0.learned, sent: $0.sent)
        }
        return status
    }

    private static let shortestDelay = Duration.milliseconds(100)
    private static let longestDelay = Duration.seconds(5)
}
