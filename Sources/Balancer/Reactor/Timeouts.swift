/// How long the connections of a frontend and a pool may take for what they do, in milliseconds; 0: for
/// ever.
///
/// Numbers alone, so that a copy costs no counting of references.
struct Timeouts: Sendable {
    let client: UInt64
    let server: UInt64
    let connect: UInt64
    let queue: UInt64
    let clientFin: UInt64
    let serverFin: UInt64
    let tunnel: UInt64
    let noServer: UInt64

    init(_ frontend: FrontendPlan, _ pool: PoolPlan) {
        client = milliseconds(frontend.clientTimeout)
        server = milliseconds(pool.serverTimeout)
        connect = milliseconds(pool.connectTimeout)
        queue = milliseconds(pool.queueTimeout ?? pool.connectTimeout)
        clientFin = milliseconds(frontend.clientFinTimeout)
        serverFin = milliseconds(pool.serverFinTimeout)
        tunnel = milliseconds(pool.tunnelTimeout)
        noServer = milliseconds(pool.noServerTimeout)
    }

    /// How long a connection waits for a server: for its turn, or held, for any to come up.
    func waiting(isHeld: Bool) -> UInt64 {
        isHeld ? noServer.unlessZero ?? queue : queue
    }

    /// How long the client and the server of a relayed connection may be idle.
    ///
    /// haproxy's order of precedence; once the end of one direction has been passed on, the time-outs of
    /// half-closed connections hold.
    func idle(isHalfClosed: Bool) -> (client: UInt64, server: UInt64) {
        let whole = (client: tunnel.unlessZero ?? client, server: tunnel.unlessZero ?? server)
        guard isHalfClosed else { return whole }
        return (clientFin.unlessZero ?? whole.client, serverFin.unlessZero ?? whole.server)
    }
}

extension UInt64 {
    fileprivate var unlessZero: UInt64? { self == 0 ? nil : self }
}
