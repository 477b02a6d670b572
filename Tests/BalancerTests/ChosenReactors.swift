import LinuxIO
import Synchronization
import Testing

@testable import Balancer

/// A reactor that stands still between two turns until it is let go.
private final class HeldReactor: Sendable {
    private let isHeld = Atomic(false)
    private let mayGo = Atomic(false)

    /// Holds a reactor; returns once it stands.
    init(_ reactor: Int, of balancer: Balancer) {
        let place = SessionPlace(reactor: reactor)
        balancer.lookAtSessions(SessionFilter(), from: place, most: 1) { [self] _ in
            isHeld.store(true, ordering: .releasing)
            while !mayGo.load(ordering: .acquiring) { Thread.sleep(for: .microseconds(200)) }
        }
        if !eventually({ isHeld.load(ordering: .acquiring) }) {
            Issue.record("reactor \(reactor) looks at no connections within 5 s")
        }
    }

    func letGo() { mayGo.store(true, ordering: .releasing) }
}

// The kernel wakes the first reactor that waits, so that of clients who come one after the other all
// are the same reactor's. A test of several reactors has to see to it that each of them takes part.

extension Balancer {
    /// Has one reactor take a connection: the others stand still meanwhile.
    ///
    /// - Parameters:
    ///   - reactor: From 0; with as many as there are and more it begins again.
    ///   - connect: Makes the one connection that comes meanwhile.
    /// - Returns: The client.
    func give<Client>(to reactor: Int, _ connect: () throws -> Client) rethrows -> Client {
        let chosen = reactor % plan.reactorCount
        let held = hold { $0 != chosen }
        defer { for reactor in held { reactor.letGo() } }
        let before = takenCount
        let client = try connect()
        if !eventually({ takenCount > before }) {
            Issue.record("reactor \(chosen) takes no connection within 5 s")
        }
        return client
    }

    /// How many reactors have passed bytes on, or sent somebody away.
    var busyReactorCount: Int {
        let shared = view.shared
        return shared.boards.count { board in
            var sum = CounterTotals()
            for listener in 0..<shared.layout.listenerCount {
                board.read(listener) { $0.add(to: &sum) }
            }
            return sum.bytesIn + sum.bytesOut > 0 || sum.refusals > 0
        }
    }

    private var takenCount: Int {
        let snapshot = snapshot()
        return snapshot.totalSessions + snapshot.frontends.reduce(0) { $0 + $1.refusals }
    }

    fileprivate func hold(where isMeant: (Int) -> Bool) -> [HeldReactor] {
        (0..<plan.reactorCount).filter(isMeant).map { HeldReactor($0, of: self) }
    }
}

extension RunningBalancer {
    /// Connects, and has one reactor take the connection.
    ///
    /// - Parameters:
    ///   - reactor: From 0; with as many as there are and more it begins again.
    ///   - source: An address of 127.0.0.0/8.
    /// - Returns: The client's socket.
    func connect(by reactor: Int, from source: UInt32 = 0x7f00_0001) -> BlockingSocket {
        balancer.give(to: reactor) { connect(from: source) }
    }

    /// What a client hears that says nothing, and that one reactor takes.
    func answer(by reactor: Int, from source: UInt32 = 0x7f00_0001) -> String {
        connect(by: reactor, from: source).receiveAll().text
    }

    /// Connects many times: once by each reactor, then all others at once, for any reactor.
    func connectMany(_ count: Int) -> [BlockingSocket] {
        let first = (0..<balancer.plan.reactorCount).map { connect(by: $0) }
        let held = balancer.hold { _ in true }
        defer { for reactor in held { reactor.letGo() } }
        return first + (first.count..<count).map { _ in connect() }
    }

    /// How many reactors have passed bytes on, or sent somebody away.
    var busyReactorCount: Int { balancer.busyReactorCount }
}
