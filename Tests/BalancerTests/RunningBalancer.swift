import Balancer
import Glibc
import LinuxIO
import Testing

/// A balancer with one frontend and one pool, on a port of its own.
final class RunningBalancer: @unchecked Sendable {
    // SAFETY: nothing changes after the initialiser, and the balancer is made for many threads.
    let balancer: Balancer
    let port: UInt16
    let listener: Int32

    init(
        reactors: Int = 1, algorithm: PoolPlan.Algorithm = .roundrobin, servers: [ServerPlan],
        backlog: Int32 = 1024, adjusting adjust: (inout BalancerPlan) -> Void = { _ in },
        observer: ConnectionObserver? = nil
    ) throws {
        let socket = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: backlog)
        port = try Socket.localAddress(of: socket.rawValue).port
        listener = socket.release()
        var plan = BalancerPlan(
            reactorCount: reactors,
            frontends: [FrontendPlan(name: "front", poolIndex: 0)],
            pools: [PoolPlan(name: "pool", algorithm: algorithm, servers: servers)])
        adjust(&plan)
        balancer = try Balancer(plan: plan, listeners: [[listener]], observer: observer)
        try balancer.start()
    }

    convenience init(reactors: Int = 1, server: TestServer) throws {
        try self.init(reactors: reactors, servers: [ServerPlan(name: "a", address: server.address)])
    }

    /// Connects; fails the test where nobody listens, and gives a socket that hears nothing.
    func connect(from source: UInt32 = 0x7f00_0001, receiveBuffer: Int32? = nil) -> BlockingSocket {
        guard let socket = BlockingSocket(to: port, from: source, receiveBuffer: receiveBuffer)
        else { return .failed("the balancer does not listen on port \(port)") }
        return socket
    }

    /// What a client hears that says nothing.
    func answer(from source: UInt32 = 0x7f00_0001) -> String {
        connect(from: source).receiveAll().text
    }

    var frontend: FrontendSnapshot { balancer.snapshot().frontends[0] }
    var pool: PoolSnapshot { balancer.snapshot().pools[0] }

    /// Waits for a condition that another thread brings about; at most 5 s.
    func wait(until condition: () -> Bool) -> Bool { eventually(condition) }

    deinit {
        balancer.stop()
        close(listener)
    }
}

extension BlockingSocket {
    /// Fails the test, and not its process; every call on the socket fails with `EBADF`.
    static func failed(_ what: String) -> BlockingSocket {
        Issue.record("\(what)")
        return BlockingSocket(adopting: -1)
    }
}

/// Waits for a condition that another thread brings about; at most 5 s.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2500 {
        if condition() { return true }
        Thread.sleep(for: .milliseconds(2))
    }
    return condition()
}

func servers(_ named: [(String, TestServer)], weights: [Int] = []) -> [ServerPlan] {
    named.enumerated().map { index, server in
        ServerPlan(
            name: server.0, address: server.1.address,
            weight: weights.isEmpty ? 1 : weights[index])
    }
}
