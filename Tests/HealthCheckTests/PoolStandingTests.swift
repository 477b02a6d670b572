import HealthCheck
import Testing

@Suite struct `A pool's standing` {
    private func standing(_ prospects: PoolStanding.Prospect...) -> PoolStanding {
        var pool = PoolStanding()
        prospects.forEach { pool.add($0) }
        return pool
    }

    @Test func `one usable server is enough, whatever else is awaited`() {
        #expect(standing(.usable, .failed, .awaited).isUsable == true)
    }

    @Test func `nobody knows while a first result is awaited`() {
        #expect(standing(.failed, .awaited).isUsable == nil)
        #expect(standing(.excluded, .awaited).isUsable == nil)
    }

    @Test func `what takes no clients by order does not hide that the others are down`() {
        #expect(standing(.failed, .excluded).isUsable == false)
        #expect(standing(.excluded).isUsable == false)
        #expect(standing().isUsable == false)
    }

    @Test func `a check that cannot be carried out neither hides a loss nor makes one`() {
        #expect(standing(.undecided).isUsable == nil)
        #expect(standing(.undecided, .excluded).isUsable == nil)
        #expect(standing(.undecided, .failed).isUsable == false)
    }

    @Test func `servers move from one kind to another`() {
        var pool = standing(.awaited, .awaited)
        pool.move(from: .awaited, to: .failed)
        #expect(pool.isUsable == nil)
        pool.move(from: .awaited, to: .failed)
        #expect(pool[.failed] == 2)
        #expect(pool[.awaited] == 0)
        #expect(pool.isUsable == false)
    }

    @Test func `what can be expected of a server follows from all that was said of it`() {
        var server = ServerStanding(weight: 1, limit: nil)
        #expect(server.prospect == .usable)
        (server.checkIsUp, server.hearing) = (false, .awaited)
        #expect(server.prospect == .awaited)
        server.hearing = .notRun
        #expect(server.prospect == .undecided)
        server.hearing = .heard
        #expect(server.prospect == .failed)
        server.operatorState = .maintenance
        #expect(server.prospect == .excluded)
        server.operatorState = .ready
        server.setWeight(0)
        #expect(server.prospect == .excluded)
    }

    @Test func `a server that tracks another waits for that one's first result`() {
        var root = ServerStanding(weight: 1, limit: nil)
        (root.checkIsUp, root.hearing) = (false, .awaited)
        var follower = ServerStanding(weight: 1, limit: nil)
        follower.tracked = root.forFollowers
        #expect(follower.prospect == .awaited)
        root.hearing = .heard
        follower.tracked = root.forFollowers
        #expect(follower.prospect == .failed)
        // An agent's word counts whatever the check says later.
        root.hearing = .awaited
        root.take(AgentReport(line: "down"))
        #expect(root.prospect == .failed)
    }
}
