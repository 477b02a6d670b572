import Glibc
import LinuxIO
import Synchronization

@testable import Balancer

/// A node with tables and peers, whose reactors do not run.
final class PeerNode {
    private let socket: Int32
    private var plan: BalancerPlan
    let balancer: Balancer
    let exchange: PeerExchange
    private let heard = PeerNewsBox()

    var news: [PeerNews] { heard.news.withLock { $0 } }
    var now: UInt64 { MonotonicInstant.now.milliseconds }
    var table: StickTable { balancer.view.tables[0] }

    /// - Parameters:
    ///   - name: Its name.
    ///   - names: Those of all.
    ///   - ports: Where each listens.
    ///   - servers: The names of the servers of its pool.
    ///   - security: Its TLS.
    /// - Throws: `SystemError` where it cannot listen.
    init(
        _ name: String, _ names: [String], _ ports: [UInt16], servers: [String] = ["s0", "s1"],
        securedBy security: PeerNodeSecurity? = nil
    ) throws {
        let own = names.firstIndex(of: name) ?? 0
        socket = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: ports[own]), backlog: 64
        ).release()
        var plan = BalancerPlan(pools: [
            PoolPlan(
                name: "t",
                servers: servers.map {
                    ServerPlan(name: $0, address: SocketAddress(address: 0x7f00_0001, port: 1))
                })
        ])
        if servers.count == 2 { plan.pools[0].servers[1].number = 77 }
        var table = StickTablePlan(name: "t", size: 10_000, lifetime: .seconds(10))
        table.keys = .ipv4
        table.counters = [
            .init(.connections), .init(.connectionTotal),
            .init(.connectionRate, over: .seconds(10)),
            .init(.marks), .init(.bytesIn),
        ]
        plan.tables = [table]
        for (name, keys) in [
            ("six", .addresses), ("number", .numbers), ("text", .text(20)), ("binary", .bytes(4)),
        ] as [(String, StickTablePlan.Keys)] {
            var table = StickTablePlan(name: name, size: 1000, lifetime: .seconds(10))
            table.keys = keys
            table.counters = [
                keys == .numbers ? .init(.markRate, over: .seconds(10)) : .init(.marks)
            ]
            plan.tables.append(table)
        }
        var arrays = StickTablePlan(name: "arrays", size: 1000, lifetime: .seconds(10))
        arrays.counters = [
            .init(.markRateArray, over: .seconds(10), count: 2), .init(.tags, count: 2),
            .init(.markArray, count: 3),
        ]
        plan.tables.append(arrays)
        for index in plan.tables.indices { plan.tables[index].peers = "p" }
        plan.pools[0].stickRules = [StickRule(in: 0)]
        let others = zip(names, ports).filter { $0.0 != name }.map {
            var peer = PeersPlan.Peer(
                name: $0.0, address: .ipv4(SocketAddress(address: 0x7f00_0001, port: $0.1)))
            peer.security = security?.outgoing
            return peer
        }
        plan.peers = [PeersPlan(name: "p", localName: name, peers: others)]
        plan.peers[0].listenerSecurities = [security?.incoming]
        self.plan = plan
        balancer = try Balancer(plan: plan, listeners: [])
        let heard = heard
        exchange = try PeerExchange(balancer.view, sockets: [[socket]], processID: getpid()) {
            news in
            heard.news.withLock { $0.append(news) }
        }
    }

    deinit {
        exchange.stop()
        close(socket)
    }

    func stop() { exchange.stop() }

    /// Has the exchange's thread wait, once it has news, until something has been done.
    func withNewsHeld(_ body: () -> Void) { heard.news.withLock { _ in body() } }

    func adopt(_ change: (inout BalancerPlan) -> Void) throws {
        change(&plan)
        exchange.adopt(try balancer.adopt(plan, listeners: []), sockets: [[socket]])
    }

    static func key(_ number: UInt32) -> IPEndpoint { IPEndpoint(ipv4: number, port: 0) }

    // MARK: The first table

    /// Binds a key to a server, by its position in the table.
    func bind(_ key: UInt32, to server: Int) {
        table.bind(.address(Self.key(key)), to: server, now: now)
    }

    /// A look alone: a use would be a change, which the peer is told of.
    func server(of key: UInt32) -> Int? {
        let text = [24, 16, 8, 0].map { "\(key >> $0 & 255)" }.joined(separator: ".")
        let name = balancer.view.entries(ofTable: 0, key: text)?.entries.first?.server
        return name.flatMap { name in plan.pools[0].servers.firstIndex { $0.name == name } }
    }

    func track(_ key: UInt32, connections: Int) {
        for _ in 0..<connections { _ = table.track(.address(Self.key(key)), now: now) }
    }

    func value(of quantity: StickQuantity, for key: UInt32) -> Int? {
        table.value(of: quantity, for: .address(Self.key(key)), now: now)
    }

    var count: Int { table.count(now: now) }
    var lastChange: UInt64 { table.lastChange }
    /// By the only peer.
    var acknowledged: UInt64 { exchange.status[0].peers[0].tables[0].acknowledged }

    // MARK: The others

    private func table(_ name: String) -> StickTable {
        balancer.view.tables[plan.tables.firstIndex { $0.name == name } ?? 0]
    }

    /// Counts one of `gpc0` or its rate.
    func mark(_ name: String, _ key: StickKey, _ quantity: StickQuantity = .marks) {
        guard let place = table(name).track(key, now: now) else { return }
        table(name).add(1, to: .marks, .markRate, at: place, now: now)
    }

    func marks(_ name: String, _ key: StickKey, _ quantity: StickQuantity = .marks) -> Int? {
        table(name).value(of: quantity, for: key, now: now)
    }

    /// Does what a question about an array's key asks for.
    @discardableResult
    func ask(_ asked: StickQuestion.Asked, of key: UInt32) -> Int? {
        table("arrays").answer(asked, for: .address(Self.key(key)), mayEnter: true, now: now)
    }
}

/// How a node does TLS with its peers.
struct PeerNodeSecurity {
    /// With whom it connects to.
    var outgoing: (any ServerSecurity)?
    /// With those who connect to it.
    var incoming: (any ClientSecurity)?
}

private final class PeerNewsBox: Sendable {
    let news = Mutex<[PeerNews]>([])
}

/// Ports that nobody listens on, and that the kernel gives to no connection.
func freePorts(_ count: Int) throws -> [UInt16] {
    var ports: [UInt16] = []
    while ports.count < count {
        let port = nextPort.wrappingAdd(1, ordering: .relaxed).oldValue
        guard port < 20_000 else { throw Errno.addressInUse }
        let address = SocketAddress(address: 0x7f00_0001, port: port)
        if (try? Socket.listening(on: address, backlog: 1)) != nil { ports.append(port) }
    }
    return ports
}

private let nextPort = Atomic(UInt16(12_000 + getpid() % 6_000))

extension StickTable {
    /// How much there is of something that is counted; `nil`: it is not.
    func value(of quantity: StickQuantity, at place: Int32, now: UInt64) -> Int? {
        answer(.value(quantity), at: place, now: now)
    }

    /// The same of a key; 0 where it is not known.
    func value(of quantity: StickQuantity, for key: StickKey, now: UInt64) -> Int? {
        answer(.value(quantity), for: key, mayEnter: false, now: now)
    }
}
