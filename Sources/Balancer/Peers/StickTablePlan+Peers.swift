extension BalancerView {
    /// The tables that are kept in common, with the section of their peers.
    var sharedTables: [(table: StickTable, plan: PeerTable, section: String)] {
        let sticky = Set(plan.pools.flatMap(\.stickRules).map(\.tableIndex))
        return plan.tables.enumerated().compactMap { index, table in
            guard let section = table.peers, !table.isLeaving else { return nil }
            let plan = PeerTable(table, hasServers: sticky.contains(index))
            return (tables[index], plan, section)
        }
    }
}

extension PeerTable {
    /// A table of this node as its peers are told of it.
    fileprivate init(_ plan: StickTablePlan, hasServers: Bool) {
        self.init(
            name: plan.peersName ?? plan.name, keys: Keys(plan.keys),
            lifetime: plan.lifetime.map { UInt32(clamping: milliseconds($0)) } ?? 0,
            hasServers: hasServers,
            counters: plan.counters.map { counter in
                Counter(
                    PeerDatum(counter.quantity),
                    period: counter.period.map { UInt32(clamping: milliseconds($0)) } ?? 0,
                    count: counter.count)
            })
    }
}

extension PeerTable.Keys {
    fileprivate init(_ keys: StickTablePlan.Keys) {
        self =
            switch keys {
            case .ipv4: .ipv4
            case .addresses: .ipv6
            case .numbers: .numbers
            case .text(let most): .text(most)
            case .bytes(let count): .bytes(count)
            }
    }
}

extension StickQuantity {
    /// All, in the order in which peers are told them.
    static let peerOrder = allCases.sorted { PeerDatum($0).rawValue < PeerDatum($1).rawValue }

    /// Whether haproxy counts it in 64 bits.
    var isWide: Bool { self == .bytesIn || self == .bytesOut }
}

extension PeerDatum {
    /// haproxy's number of what is counted.
    init(_ quantity: StickQuantity) {
        self =
            switch quantity {
            case .connections: .connections
            case .connectionTotal: .connectionTotal
            case .connectionRate: .connectionRate
            case .sessionTotal: .sessionTotal
            case .sessionRate: .sessionRate
            case .bytesIn: .bytesIn
            case .bytesInRate: .bytesInRate
            case .bytesOut: .bytesOut
            case .bytesOutRate: .bytesOutRate
            case .marks: .gpc0
            case .markRate: .gpc0Rate
            case .secondMarks: .gpc1
            case .secondMarkRate: .gpc1Rate
            case .tag: .gpt0
            case .tags: .gpts
            case .markArray: .gpcs
            case .markRateArray: .gpcRates
            }
    }
}
