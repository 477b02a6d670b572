/// Compares each advertisement with what was said before in the same virtual router.
///
/// A packet alone can be right while the LAN is not: two routers are Active, or do not agree about
/// what they share. Holds a bounded number of virtual routers and senders, whoever sends.
public struct TrafficReview: Hashable, Sendable {
    /// What makes two advertisements belong together.
    private struct VirtualRouterName: Hashable {
        let vlans: [UInt16]
        let family: AddressFamily
        let vrid: VRID
    }

    private var senders: [VirtualRouterName: [Sender]] = [:]

    /// Makes a review that has heard nothing.
    public init() {}

    /// Takes in one packet, in the order of their times.
    ///
    /// - Parameters:
    ///   - explanation: What the packet says; one that no router takes is left out of account.
    ///   - time: When it was captured, in nanoseconds since 1970 or since any other moment.
    /// - Returns: What does not fit to what others said before.
    public mutating func findings(
        about explanation: PacketExplanation, at time: Int64
    ) -> [TrafficFinding] {
        guard let packet = explanation.packet, let received = explanation.advertisement else {
            return []
        }
        let name = VirtualRouterName(
            vlans: packet.vlans, family: packet.header.family, vrid: received.advertisement.vrid)
        var heard = senders[name] ?? []
        guard senders[name] != nil || senders.count < Self.virtualRouterLimit else { return [] }
        let statement = Statement(packet, received)
        // Whoever goes on alone has been compared already; the other may have gone long ago.
        let goesOnAlone =
            heard.last.map {
                $0.address == packet.header.source && statement.saysTheSame(as: $0.statement)
            } ?? false
        let index = heard.firstIndex { $0.address == packet.header.source }
        let known = index.map { heard.remove(at: $0) }
        // The one that was heard last is who speaks for the others.
        var findings: [TrafficFinding] = []
        if !goesOnAlone, let other = heard.last { findings = statement.differences(from: other) }
        if let last = known?.statement.sequence, let now = statement.sequence, !now.isAfter(last) {
            findings.append(.replayed)
        }
        var sender = known ?? Sender(address: packet.header.source, statement: statement)
        sender.hear(statement, at: time, beside: heard)
        if sender.contestedCount >= 2, let rival = heard.last(where: \.isActive) {
            findings.append(.twoActive(rival.address))
        }
        heard.append(sender)
        senders[name] = heard.suffix(Self.senderLimit)
        return findings
    }

    private static let virtualRouterLimit = 4096
    private static let senderLimit = 16
}

/// One router as it was heard so far.
private struct Sender: Hashable {
    let address: IPAddress
    /// What it said last.
    var statement: Statement
    /// When it last advertised; `nil` once it has resigned.
    var lastActiveAt: Int64?
    /// Its regular advertisements in a row between which another router advertised as well.
    ///
    /// One may be the last word of a router that yields.
    var contestedCount = 0

    var isActive: Bool { lastActiveAt != nil }

    init(address: IPAddress, statement: Statement) {
        self.address = address
        self.statement = statement
    }

    /// Takes in what it says now, and whether it is alone in being Active.
    mutating func hear(_ statement: Statement, at time: Int64, beside others: [Sender]) {
        self.statement = statement
        guard statement.message.priority != .release else {
            (lastActiveAt, contestedCount) = (nil, 0)
            return
        }
        let (seconds, attoseconds) = statement.message.interval.duration.components
        let interval = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        if let last = lastActiveAt, time &- last <= interval * 5 / 2 {
            let isContested = others.contains { $0.lastActiveAt.map { $0 >= last } ?? false }
            // What comes sooner is an answer, not the timer's.
            if time &- last >= interval / 2 {
                contestedCount = isContested ? contestedCount + 1 : 0
            }
        } else {
            contestedCount = 0
        }
        lastActiveAt = time
    }
}

/// What all routers of a virtual router have to say alike.
private struct Statement: Hashable {
    let message: Advertisement
    let coverage: ChecksumCoverage
    let authentication: Authentication
    /// Where the authentication trailer stands among its sender's.
    let sequence: SequenceNumber?

    enum Authentication: Hashable { case none, password([UInt8]), trailer }

    init(_ packet: PacketFields, _ received: ReceivedAdvertisement) {
        message = received.advertisement
        coverage = received.coverage
        sequence = packet.trailer?.sequence
        let password = packet.message.flatMap {
            $0.authenticationType == Password.typeNumber ? $0.authenticationData : nil
        }
        authentication =
            packet.trailer != nil ? .trailer : password.map { .password($0) } ?? .none
    }

    /// Whether both say the same, whenever they were signed.
    func saysTheSame(as other: Statement) -> Bool {
        message == other.message && coverage == other.coverage
            && authentication == other.authentication
    }

    func differences(from other: Sender) -> [TrafficFinding] {
        let (theirs, address) = (other.statement, other.address)
        guard message.version == theirs.message.version else {
            return [.version(theirs.message.version, of: address)]
        }
        var findings: [TrafficFinding] = []
        if message.interval != theirs.message.interval {
            findings.append(.interval(theirs.message.interval, of: address))
        }
        if !message.addresses.namesSameAddresses(as: theirs.message.addresses) {
            findings.append(.addresses(theirs.message.addresses, of: address))
        }
        if coverage != theirs.coverage { findings.append(.checksumForm(of: address)) }
        if authentication != theirs.authentication {
            findings.append(.authentication(of: address))
        }
        if message.priority == .owner, theirs.message.priority == .owner {
            findings.append(.twoOwners(address))
        }
        return findings
    }
}
