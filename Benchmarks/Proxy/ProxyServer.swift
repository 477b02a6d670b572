import Balancer
import BalancerTLS
import Glibc
import LinuxIO

/// The role of our own proxy: the library behind listeners, as `lbctl` runs it.
struct ProxyServer {
    /// Where it listens, and whom it serves.
    var stage: Stage
    /// Whom it becomes once its listeners are open.
    var user: UInt32?
    /// Proxies beside the one that is used, each with a listener and 10 servers.
    var idleProxies = 0
    /// Servers of the pool that is used, at the addresses of the sink in turn.
    var servers = 2

    /// The words for the command line of the process that serves.
    var arguments: [String] {
        [
            "self", "proxy-server", "port=\(stage.port)", "server-port=\(stage.serverPort)",
            "reactors=\(stage.reactors)", "idle-proxies=\(idleProxies)", "servers=\(servers)",
        ] + (user.map { ["user=\($0)"] } ?? [])
            + (stage.certificate.map { ["certificate=\($0)"] } ?? [])
    }

    init(stage: Stage) { self.stage = stage }

    /// Reads what ``arguments`` made.
    init(arguments: ArraySlice<String>) throws {
        let words = Outcome.values(of: arguments.joined(separator: " "))
        let values = words.compactMapValues { Int($0) }
        guard let port = values["port"], let serverPort = values["server-port"],
            let reactors = values["reactors"]
        else { throw UsageError(text: "proxy-server port=N server-port=N reactors=N …") }
        stage = Stage(
            folder: "", port: UInt16(port), serverPort: UInt16(serverPort), reactors: reactors,
            connectionCount: 0)
        stage.certificate = words["certificate"]
        user = values["user"].map(UInt32.init)
        idleProxies = values["idle-proxies"] ?? 0
        servers = values["servers"] ?? 2
    }

    /// Serves until the process is ended.
    ///
    /// - Throws: `SystemError` where a listener or the balancer cannot be made.
    func run() throws {
        var listeners: [[Int32]] = [[]]
        for address in stage.listeners {
            listeners[0].append(try Socket.listening(on: address, backlog: 4096).release())
        }
        for number in 0..<idleProxies {
            let address = stage.idleListener(number)
            listeners.append([try Socket.listening(on: address, backlog: 1).release()])
        }
        var plan = plan
        if let path = stage.certificate {
            let pem = Array((Processes.contents(of: path) ?? "").utf8)
            let security = try TLSListener(TLSListenerSettings([.init(name: path, pem: pem)]))
            plan.frontends[0].listeners = stage.listeners.map { _ in ListenerPlan() }
            for index in plan.frontends[0].listeners.indices {
                plan.frontends[0].listeners[index].security = security
            }
        }
        try Privileges.become(user: user, group: user)
        let balancer = try Balancer(plan: plan, listeners: listeners)
        try balancer.start()
        // SIGTERM ends the process; the reactors' threads do all the rest.
        while true { pause() }
    }

    private var plan: BalancerPlan {
        let pools =
            [pool("relay", servers: servers)]
            + (0..<idleProxies).map { pool("idle\($0)", servers: 10) }
        return BalancerPlan(
            reactorCount: stage.reactors,
            frontends: pools.indices.map {
                FrontendPlan(name: pools[$0].name, poolIndex: $0, clientTimeout: .seconds(60))
            },
            pools: pools)
    }

    private func pool(_ name: String, servers count: Int) -> PoolPlan {
        let addresses = stage.servers
        return PoolPlan(
            name: name,
            servers: (0..<count).map {
                ServerPlan(name: "s\($0)", address: addresses[$0 % addresses.count])
            },
            connectTimeout: .seconds(5), serverTimeout: .seconds(60))
    }
}
