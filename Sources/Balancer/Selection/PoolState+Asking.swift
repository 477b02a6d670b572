/// What rules ask of a pool; haproxy's arithmetic.
extension PoolState {
    /// How much there is of something at the moment.
    func value(of quantity: PoolQuantity) -> Int {
        switch quantity {
        case .usableServers: usableCount
        case .connections: current
        case .freePlaces: freePlaces
        case .waiting: waitingCount
        case .waitingPerServer: waitingPerServer
        }
    }

    private var waitingPerServer: Int {
        let count = candidates.count
        return count > 0 ? (waitingCount + count - 1) / count : 2 * waitingCount
    }

    private var freePlaces: Int {
        var sum = 0
        for server in servers where server.isUp {
            guard server.fullLimit != .max, server.queueLimit != .max else { return -1 }
            sum += server.fullLimit - server.served + server.queueLimit - server.line.count
        }
        return sum
    }
}
