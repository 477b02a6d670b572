public import VRRPCore

/// Routers on a LAN that loses, delays, duplicates and reorders, in virtual time.
///
/// Every run follows from its seed. Messages pass through the real codec. After each event the
/// checkers look at the router that handled it; what they find is in ``violations``.
public struct SimulatedLAN: Sendable {
    /// What the LAN does to a message.
    public struct Conditions: Hashable, Sendable {
        /// Chance that one receiver does not get it, in percent, 0 to 100.
        public var lossPercentage = 0
        /// Chance that one receiver gets it twice, in percent, 0 to 100.
        public var duplicationPercentage = 0
        /// How long it takes, drawn anew for each receiver: what is sent close together is reordered.
        public var delay: ClosedRange<Duration> = .microseconds(50)...(.milliseconds(2))

        /// Makes a LAN that loses nothing and takes 50 µs to 2 ms.
        public init() {}
    }

    /// One host with one router.
    public struct Node: Hashable, Sendable {
        /// The router.
        public internal(set) var router: VirtualRouter
        /// Whether the host runs at all.
        public internal(set) var isPowered = true
        /// Whether the host holds the virtual addresses.
        public internal(set) var holdsAddresses = false
        /// Times that it announced the addresses, repetitions counted.
        public internal(set) var announcementCount = 0
        /// Changes of state so far.
        public internal(set) var transitionCount = 0
        /// The part of the LAN that it is connected to; nodes hear each other within one.
        public internal(set) var island = 0
        /// Until when the host does nothing, though messages queue up for it.
        public internal(set) var stalledUntil: Instant
    }

    /// The number that the whole run follows from.
    public let seed: UInt64
    /// The virtual clock.
    public private(set) var now = Instant(nanoseconds: 0)
    /// The hosts, in the order of their configurations.
    public internal(set) var nodes: [Node]
    /// What the LAN does to messages from now on.
    public var conditions = Conditions()
    /// What the checkers found wrong, each with the time and the node.
    public internal(set) var violations: [String] = []

    /// The directions in which nothing passes, each as sender and receiver.
    var cuts: Set<[Int]> = []
    var generator: SeededGenerator
    private var inFlight: [Datagram] = []
    private var sentCount = 0

    private struct Datagram: Sendable {
        let bytes: [UInt8]
        let receiver: Int
        let arrivesAt: Instant
        /// Ties are broken by the order of sending, so that a run does not depend on the search.
        let number: Int
    }

    /// Makes a LAN of hosts that are powered, and whose routers are not started.
    ///
    /// - Parameters:
    ///   - seed: Equal seeds and equal calls give equal runs.
    ///   - configurations: One for each host.
    public init(seed: UInt64, configurations: [VirtualRouter.Configuration]) {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
        nodes = configurations.map {
            Node(
                router: VirtualRouter(configuration: $0), stalledUntil: Instant(nanoseconds: 0))
        }
    }

    /// The hosts whose routers are Active.
    public var activeNodes: [Int] {
        nodes.indices.filter { nodes[$0].router.role == .active }
    }

    /// Delivers an event to one router and performs what it answers.
    public mutating func deliver(_ event: VirtualRouter.Event, to node: Int) {
        guard nodes[node].isPowered else { return }
        let earlier = nodes[node]
        let actions = nodes[node].router.handle(event, at: now)
        for action in actions { perform(action, by: node) }
        check(node, handled: event, from: earlier, with: actions)
    }

    /// Lets the clock run, and with it everything that is due.
    public mutating func run(for duration: Duration) {
        let end = now + duration
        while let next = nextOccurrence(), next.at <= end {
            now = max(now, next.at)
            switch next.what {
            case .arrival(let index):
                let datagram = inFlight.remove(at: index)
                receive(datagram.bytes, by: datagram.receiver)
            case .wake(let node):
                deliver(.wake, to: node)
            }
        }
        now = end
    }

    private enum Occurrence { case arrival(Int), wake(Int) }

    /// What happens next; at one instant, arrivals come before wakes.
    private func nextOccurrence() -> (at: Instant, what: Occurrence)? {
        var best: (at: Instant, what: Occurrence)?
        var bestNumber = Int.max
        for (index, datagram) in inFlight.enumerated() {
            let at = max(datagram.arrivesAt, nodes[datagram.receiver].stalledUntil)
            if best.map({ (at, datagram.number) < ($0.at, bestNumber) }) ?? true {
                (best, bestNumber) = ((at, .arrival(index)), datagram.number)
            }
        }
        for (index, node) in nodes.enumerated() where node.isPowered {
            guard let wake = node.router.nextWake else { continue }
            let at = max(wake, node.stalledUntil)
            if best.map({ at < $0.at }) ?? true { best = (at, .wake(index)) }
        }
        return best
    }

    private mutating func perform(_ action: VirtualRouter.Action, by node: Int) {
        switch action {
        case .advertise(let priority):
            multicast(nodes[node].router.advertisement(priority: priority), from: node)
        case .claimAddresses:
            if nodes[node].holdsAddresses { report("claims addresses that it holds", node) }
            nodes[node].holdsAddresses = true
        case .releaseAddresses:
            if !nodes[node].holdsAddresses { report("releases addresses it has not", node) }
            nodes[node].holdsAddresses = false
        case .announceAddresses(let repetitions):
            if !nodes[node].holdsAddresses { report("announces addresses it has not", node) }
            nodes[node].announcementCount += repetitions
        case .report(.transition):
            nodes[node].transitionCount += 1
        case .report: break
        }
    }

    private mutating func multicast(_ advertisement: Advertisement, from sender: Int) {
        let source = nodes[sender].router.configuration.primaryAddress
        // Both forms of the version 3 checksum are on every LAN that mixes implementations.
        let coverage: ChecksumCoverage = sender.isMultiple(of: 2) ? .message : .pseudoHeader
        let bytes = Self.datagram(
            advertisement.encoded(coverage: coverage, source: source), from: source)
        for receiver in nodes.indices where receiver != sender {
            guard nodes[receiver].island == nodes[sender].island, nodes[receiver].isPowered else {
                continue
            }
            if cuts.contains([sender, receiver]) { continue }
            if chance(conditions.lossPercentage) { continue }
            post(bytes, to: receiver)
            if chance(conditions.duplicationPercentage) { post(bytes, to: receiver) }
        }
    }

    private mutating func post(_ bytes: [UInt8], to receiver: Int) {
        let shortest = Int64(conditions.delay.lowerBound / .nanoseconds(1))
        let longest = Int64(conditions.delay.upperBound / .nanoseconds(1))
        let delay = Duration.nanoseconds(Int64.random(in: shortest...longest, using: &generator))
        inFlight.append(
            Datagram(bytes: bytes, receiver: receiver, arrivesAt: now + delay, number: sentCount))
        sentCount += 1
    }

    private mutating func receive(_ bytes: [UInt8], by node: Int) {
        do {
            let received = try ReceivedAdvertisement(decoding: bytes.span)
            deliver(
                .received(received.advertisement, from: received.header.source), to: node)
        } catch {
            report("cannot read what another router sent: \(error)", node)
        }
    }

    private mutating func chance(_ percentage: Int) -> Bool {
        percentage > 0 && Int.random(in: 0..<100, using: &generator) < percentage
    }

    /// Puts the IP header of a multicast VRRP datagram before a message.
    private static func datagram(_ message: [UInt8], from source: IPAddress) -> [UInt8] {
        let group = source.family.vrrpGroup.octets
        switch source {
        case .v4:
            let length = 20 + message.count
            let start: [UInt8] = [
                0x45, 0xC0, UInt8(length >> 8), UInt8(length & 0xFF), 0, 0, 0, 0, 255, 112, 0, 0,
            ]
            return start + source.octets + group + message
        case .v6:
            let length = message.count
            let start: [UInt8] = [
                0x60, 0, 0, 0, UInt8(length >> 8), UInt8(length & 0xFF), 112, 255,
            ]
            return start + source.octets + group + message
        }
    }
}
