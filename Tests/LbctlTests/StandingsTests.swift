#if Program
import Balancer
import Control
import HealthCheck
import LinuxIO
import Synchronization
import Testing

@testable import lbctl

/// Holds two threads until both are there.
private final class Gate: Sendable {
    private let count = Atomic(0)

    func pass() {
        count.add(1, ordering: .relaxed)
        while count.load(ordering: .relaxed) < 2 {}
    }
}

/// What the election and people hear of pools.
@Suite struct `Standings of servers` {
    private func bench(
        _ servers: String, knowing health: [String: CheckMemory] = [:],
        administration: [GivenOrder] = []
    ) throws -> StandingsBench {
        try StandingsBench(
            "defaults\n mode tcp\n timeout connect 1s\nlisten web 127.0.0.1:1\n" + servers,
            knowing: health, administration: administration)
    }

    @Test func `a disabled server does not hide that the last one died`() throws {
        let bench = try bench(" server a 127.0.0.1:1 check\n server b 127.0.0.1:2 check disabled\n")
        #expect(bench.takeNews() == [])
        bench.hear("web/a", true, isFirst: true)
        #expect(bench.takeNews() == ["web true", "all heard"])
        bench.hear("web/a", false)
        #expect(bench.takeNews() == ["web false"])
        #expect(bench.takeLines().last == "emerg: backend web has no server available!")
    }

    @Test func `a pool is not lost before every first result is in`() throws {
        let bench = try bench(" server a 127.0.0.1:1 check\n server b 127.0.0.1:2 check\n")
        bench.hear("web/a", false, isFirst: true)
        #expect(bench.takeNews() == [])
        bench.hear("web/b", false, isFirst: true)
        #expect(bench.takeNews() == ["web false", "all heard"])
        bench.hear("web/b", true)
        #expect(bench.takeNews() == ["web true"])
    }

    @Test func `a check that this host cannot carry out says nothing, and says so`() throws {
        let bench = try bench(
            " server a 127.0.0.1:1 check\ncheck gateway\n target 127.0.0.1\n option icmp-check\n")
        bench.hear("gateway/target", nil, isFirst: true)
        #expect(bench.takeNews() == [])
        #expect(
            bench.takeLines() == [
                "warning: Health check for server gateway/target cannot be carried out, reason:"
                    + " Socket error, info: \"not permitted\", check duration: 1ms; it does not"
                    + " count"
            ])
        bench.hear("web/a", nil, isFirst: true)
        #expect(bench.takeNews() == ["all heard"], "nobody is known to be down")
    }

    @Test func `each result that is news is logged where that is asked for`() throws {
        func lines(_ option: String) throws -> [String] {
            let bench = try bench(
                "\(option) server a 127.0.0.1:1 check\n server b 127.0.0.1:2 check backup\n")
            bench.hear("web/a", true, isFirst: true)
            bench.hear("web/b", false, isFirst: true)
            return bench.takeLines().filter { $0.contains(" check for ") }
        }
        #expect(
            try lines(" option log-health-checks\n") == [
                "notice: Health check for server web/a succeeded, reason: Layer4 check passed,"
                    + " check duration: 1ms, status: 1/1 UP.",
                "notice: Health check for backup server web/b failed, reason: Layer4 connection"
                    + " problem, info: \"Connection refused\", check duration: 1ms, status: 0/1"
                    + " DOWN.",
            ])
        #expect(try lines("") == [])
    }

    @Test func `a check that cannot be carried out does not hide that the others are down`() throws
    {
        let bench = try bench(" server a 127.0.0.1:1 check\n server b 127.0.0.1:2 check\n")
        bench.hear("web/b", nil, isFirst: true)
        bench.hear("web/a", true, isFirst: true)
        #expect(bench.takeNews() == ["web true", "all heard"])
        bench.hear("web/a", false)
        #expect(bench.takeNews() == ["web false"])
    }

    @Test func `a pool whose servers only track others waits for those`() throws {
        let bench = try bench(
            " server a 127.0.0.1:1 check\nbackend more\n server b 127.0.0.1:2 track web/a\n")
        #expect(bench.takeNews() == [], "not told down at the start")
        bench.hear("web/a", true, isFirst: true)
        #expect(bench.takeNews() == ["web true", "more true", "all heard"])
    }

    @Test func `whoever takes the last server, people hear of it`() throws {
        let bench = try bench(" server a 127.0.0.1:1 check\n server b 127.0.0.1:2\n")
        bench.hear("web/a", false, isFirst: true)
        _ = (bench.takeLines(), bench.takeNews())
        bench.administer("web", "b", .drain)
        #expect(bench.takeLines() == ["emerg: backend web has no server available!"])
        #expect(bench.takeNews() == ["web false"])
        bench.administer("web", "b", .ready)
        #expect(bench.takeNews() == ["web true"])
        bench.administer("web", "b", .weight(0))
        #expect(bench.takeLines() == ["emerg: backend web has no server available!"])
        #expect(bench.takeNews() == ["web false"])
    }

    @Test func `who follows a server that was down when the process began is told of up`() throws {
        let bench = try bench(
            " server a 127.0.0.1:1 check\nbackend more\n server b 127.0.0.1:2 track web/a\n",
            knowing: ["web/a": CheckMemory(isUp: false)])
        #expect(bench.takeNews() == ["web false", "more false"])
        bench.hear("web/a", true)
        #expect(
            bench.takeLines().suffix(1) == [
                "notice: Server more/b is UP via web/a. 1 active and 0 backup servers online."
                    + " 0 sessions requeued, 0 total in queue."
            ])
    }

    @Test func `after a restart who spoke last of the share has it`() throws {
        let order = GivenOrder(
            order: ServerOrder(backend: "web", server: "a", change: .weight(80)), at: 2_000)
        let servers =
            " option file-check /nowhere weight\n"
            + " server a 127.0.0.1:1 check weight 100 agent-check agent-port 9\n"
        for (said, weight) in [(UInt64(1_000), 80), (3_000, 50)] {
            var agent = CheckMemory(isUp: true)
            agent.agent = AgentReport(line: "up 50%")
            agent.weightSaidAt = said
            var check = CheckMemory(isUp: true)
            check.weight = 7
            check.weightSaidAt = 10
            let bench = try bench(
                servers, knowing: ["web/a": check, "web/a agent": agent], administration: [order])
            #expect(bench.weight(of: "web/a") == weight)
        }
        var check = CheckMemory(isUp: true)
        check.weight = 7
        check.weightSaidAt = 3_000
        let bench = try bench(servers, knowing: ["web/a": check], administration: [order])
        #expect(bench.weight(of: "web/a") == 7)
    }

    @Test(arguments: [(UInt64(1_000), 80), (3_000, 5)])
    func `after a restart who spoke last of the limit has it`(said: UInt64, limit: Int) throws {
        let order = GivenOrder(
            order: ServerOrder(backend: "web", server: "a", change: .connectionLimit(80)),
            at: 2_000)
        var agent = CheckMemory(isUp: true)
        agent.agent = AgentReport(line: "up 50% maxconn:5")
        // What it said of the share does not count.
        (agent.weightSaidAt, agent.limitSaidAt) = (said == 1_000 ? 3_000 : 1_000, said)
        let bench = try bench(
            " server a 127.0.0.1:1 check weight 100 maxconn 9 agent-check agent-port 9\n",
            knowing: ["web/a agent": agent], administration: [order])
        #expect(bench.limit(of: "web/a") == limit)
        #expect(bench.weight(of: "web/a") == 50)
        bench.administer("web", "a", .connectionLimit(0))
        #expect(bench.limit(of: "web/a") == nil)
    }

    @Test func `what has an address of its own stays as a server is moved`() throws {
        let servers = """
             server a 127.0.0.1:1 check agent-check agent-port 9
             server b 127.0.0.1:1 check addr 127.0.0.9 agent-check agent-port 9 agent-addr 127.0.0.8
             server c 127.0.0.1:1 check port 7

            """
        let moved = ServerOrder.Change.address(.init(host: "127.0.0.2", port: 2))
        let order = GivenOrder(
            order: ServerOrder(backend: "web", server: "a", change: moved), at: 2_000)
        let bench = try bench(servers, administration: [order])
        #expect(bench.places(of: "web") == ["127.0.0.2:2", "127.0.0.1:1", "127.0.0.1:1"])
        for name in ["a", "b", "c"] { bench.administer("web", name, moved) }
        #expect(bench.takeAsked() == ["web/c [IPv4]127.0.0.2:7"])
        bench.administer("web", "a", .configuredAddress)
        #expect(
            bench.takeAsked() == ["web/a [IPv4]127.0.0.1:1", "web/a agent [IPv4]127.0.0.1:9"])
        #expect(bench.places(of: "web") == ["127.0.0.1:1", "127.0.0.2:2", "127.0.0.2:2"])
        let next = try StandingsBench(
            "defaults\n mode tcp\n timeout connect 1s\nlisten web 127.0.0.1:1\n"
                + " server b unix@/run/b\n server c 127.0.0.1:3 check\n", goingOnFrom: bench)
        #expect(next.places(of: "web") == ["unix@/run/b", "127.0.0.2:2"])
    }

    @Test func `a share that name servers repeat takes back nothing, after a reload or a restart`()
        throws
    {
        let place = HealthTargets.Place(pool: 0, server: 0)
        let servers = " server a 127.0.0.1:1 weight 100\n"
        func locate(_ bench: StandingsBench, weight: Int) -> Int? {
            bench.standings.locate(place, .configured, weight: weight)?.weight
        }
        func weight(_ bench: StandingsBench) -> Int { bench.standings.standing(at: place).weight }
        let first = try bench(servers)
        #expect(locate(first, weight: 20) == 20)
        #expect(weight(first) == 20)
        first.administer("web", "a", .weight(80))
        let second = try StandingsBench(
            "defaults\n mode tcp\n timeout connect 1s\nlisten web 127.0.0.1:1\n" + servers,
            goingOnFrom: first)
        #expect(locate(second, weight: 20) == 20)
        #expect(weight(second) == 80)
        let order = GivenOrder(
            order: ServerOrder(backend: "web", server: "a", change: .weight(80)), at: 2_000)
        for (said, expected) in [(UInt64(1_000), 80), (3_000, 20)] {
            var memory = CheckMemory(isUp: true)
            (memory.weight, memory.weightSaidAt) = (20, said)
            let third = try bench(
                servers, knowing: ["web/a address": memory], administration: [order])
            let named = third.standings.locate(place, .configured, weight: 20)
            #expect(named?.weight == 20)
            #expect(named?.at == said)
            #expect(weight(third) == expected)
            #expect(locate(third, weight: 30) == 30)
            #expect(weight(third) == 30)
        }
    }

    @Test func `a wish for no new clients outlasts a restart`() throws {
        var memory = CheckMemory(isUp: true)
        memory.wishesNoClients = true
        let drains = " option httpchk\n http-check disable-on-404\n server a 127.0.0.1:1 check\n"
        let bench = try bench(drains, knowing: ["web/a": memory])
        #expect(bench.takeNews() == ["web false"])
        #expect(bench.balancer.view.glance(pool: 0, server: 0).status == .drain)
        // A check that can't take it back does not know of it, whether it comes by a reload or a restart.
        let plain = " server a 127.0.0.1:1 check\n"
        #expect(try standing(after: bench, plain) == (.up, 1))
        let restarted = try self.bench(plain, knowing: ["web/a": memory])
        #expect(restarted.balancer.view.glance(pool: 0, server: 0).status == .up)
    }

    @Test func `the share of a file counts no more under another kind of check`() throws {
        var memory = CheckMemory(isUp: true)
        memory.weight = 0
        let weighs = " option file-check /nowhere weight\n server a 127.0.0.1:1 check weight 50\n"
        let bench = try bench(weighs, knowing: ["web/a": memory])
        #expect(bench.weight(of: "web/a") == 0)
        let plain = " server a 127.0.0.1:1 check weight 50\n"
        #expect(try standing(after: bench, plain) == (.up, 50))
        #expect(try self.bench(plain, knowing: ["web/a": memory]).weight(of: "web/a") == 50)
    }

    /// What a server is under another file, and its share.
    private func standing(
        after former: StandingsBench, _ servers: String
    ) throws -> (ServerSnapshot.Status, Int) {
        let bench = try StandingsBench(
            "defaults\n mode tcp\n timeout connect 1s\nlisten web 127.0.0.1:1\n" + servers,
            goingOnFrom: former)
        return (
            bench.balancer.view.glance(pool: 0, server: 0).status, bench.weight(of: "web/a")
        )
    }

    @Test func `who has no address is not asked, and neither is his agent`() throws {
        let agent = "agent-check agent-port 9 resolvers lan init-addr none\n"
        let bench = try bench(
            " server a a.example:1 check \(agent) server b b.example:1 check agent-addr 127.0.0.1 \(agent)"
                + "resolvers lan\n nameserver one 127.0.0.1:9\n")
        #expect(bench.takePaused() == ["web/a", "web/a agent", "web/b"])
    }

    @Test func `under another file holds on what was said of servers, and nothing is told again`()
        throws
    {
        let first = try bench(
            " server a 127.0.0.1:1 check weight 100 agent-check agent-port 9\n"
                + " server b 127.0.0.1:2 check\n")
        first.hear("web/a", true, isFirst: true)
        first.hear("web/b", false, isFirst: true)
        first.standings.learn(
            "web/a agent",
            {
                var memory = CheckMemory(isUp: true)
                memory.agent = AgentReport(line: "up 50%")
                return memory
            }())
        first.administer("web", "b", .drain)
        #expect(first.weight(of: "web/a") == 50)
        _ = (first.takeNews(), first.takeLines())
        let second = try StandingsBench(
            "defaults\n mode tcp\n timeout connect 1s\nlisten web 127.0.0.1:1\n"
                + " server new 127.0.0.1:3 check\n server b 127.0.0.1:2 check\n"
                + " server a 127.0.0.1:1 check weight 60 agent-check agent-port 9\n",
            goingOnFrom: first)
        #expect(second.takeNews() == [])
        #expect(second.takeLines() == [])
        // Half of what is configured now.
        #expect(second.weight(of: "web/a") == 30)
        #expect(
            (0..<3).map { second.balancer.view.glance(pool: 0, server: $0).status } == [
                .down, .down, .up,
            ])
        second.hear("web/a", false)
        #expect(second.takeNews() == [], "another first result is awaited")
        second.hear("web/new", false, isFirst: true)
        #expect(second.takeNews() == ["web false", "all heard"])
        second.administer("web", "b", .ready)
        second.hear("web/b", true)
        #expect(second.takeNews() == ["web true"])
        #expect(second.takeLines().contains { $0.contains("Server web/b is UP") })
    }

    @Test func `a server that is checked elsewhere is not known any more`() throws {
        let first = try bench(" server a 127.0.0.1:1 check\n")
        first.hear("web/a", true, isFirst: true)
        let second = try StandingsBench(
            "defaults\n mode tcp\n timeout connect 1s\nlisten web 127.0.0.1:1\n"
                + " server a 127.0.0.1:2 check\n", goingOnFrom: first)
        #expect(second.takeNews() == [])
        #expect(second.balancer.view.glance(pool: 0, server: 0).status == .down)
        second.hear("web/a", false, isFirst: true)
        #expect(second.takeNews() == ["web false", "all heard"])
    }

    @Test func `what another process has heard is carried out, and told to nobody`() throws {
        let bench = try bench(" server a 127.0.0.1:1 check\n")
        bench.hear("web/a", true, isFirst: true)
        bench.standings.fallSilent()
        _ = bench.takeLines()
        bench.standings.learn("web/a", CheckMemory(isUp: false))
        #expect(bench.balancer.view.glance(pool: 0, server: 0).status == .down)
        #expect(bench.takeLines() == [])
    }

    @Test func `two servers that fail at once on two threads lose the pool each time`() throws {
        let bench = try bench(" server a 127.0.0.1:1 check\n server b 127.0.0.1:2 check\n")
        bench.hear("web/a", true, isFirst: true)
        bench.hear("web/b", true, isFirst: true)
        for _ in 0..<100 {
            _ = bench.takeNews()
            let gate = Gate()
            let other = try LinuxIO.Thread(name: "b") {
                gate.pass()
                bench.hear("web/b", false)
            }
            gate.pass()
            bench.hear("web/a", false)
            other.join()
            try #require(bench.takeNews() == ["web false"])
            bench.hear("web/a", true)
            bench.hear("web/b", true)
        }
    }
}
#endif
