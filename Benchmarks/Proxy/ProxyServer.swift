import Balancer
import Glibc
import LinuxIO

/// The role of our own proxy: the library behind listeners, as `lbctl` runs it.
enum ProxyServer {
    /// Serves until the process is ended.
    ///
    /// - Parameter arguments: The port, the servers' port, the number of reactors.
    /// - Throws: `UsageError`; `SystemError` where a listener or the balancer cannot be made.
    static func run(_ arguments: ArraySlice<String>) throws {
        let numbers = arguments.compactMap { UInt16($0) }
        guard numbers.count == 3 else {
            throw UsageError(text: "proxy-server PORT SERVERPORT REACTORS")
        }
        let stage = Stage(
            folder: "", port: numbers[0], serverPort: numbers[1], reactors: Int(numbers[2]),
            connectionCount: 0)
        let servers = stage.servers.enumerated().map {
            ServerPlan(name: "s\($0)", address: $1)
        }
        let plan = BalancerPlan(
            reactorCount: stage.reactors,
            frontends: [FrontendPlan(name: "relay", poolIndex: 0, clientTimeout: .seconds(60))],
            pools: [
                PoolPlan(
                    name: "relay", servers: servers, connectTimeout: .seconds(5),
                    serverTimeout: .seconds(60))
            ])
        var listeners: [Int32] = []
        for address in stage.listeners {
            listeners.append(try Socket.listening(on: address, backlog: 4096).release())
        }
        let balancer = try Balancer(plan: plan, listeners: [listeners])
        try balancer.start()
        // SIGTERM ends the process; the reactors' threads do all the rest.
        while true { pause() }
    }
}
