import HealthCheck
import Testing

@Suite struct `A server's standing` {
    private func standing(weight: Int = 100, limit: Int? = 30) -> ServerStanding {
        ServerStanding(weight: weight, limit: limit)
    }

    @Test func `check, agent and tracked server must agree that it is up`() {
        var server = standing()
        #expect(server.isUp, "nobody says otherwise")
        server.checkIsUp = true
        server.take(AgentReport(line: "down"))
        #expect(!server.isUp)
        server.take(AgentReport(line: "up"))
        #expect(server.isUp)
        server.checkIsUp = false
        #expect(!server.isUp)
        server.checkIsUp = true
        server.tracked = .init(isUp: false, administration: .ready)
        #expect(!server.isUp)
    }

    @Test func `each takes back only what it said itself`() {
        var server = standing()
        server.operatorState = .drain
        server.take(AgentReport(line: "maint"))
        #expect(server.administration == .maintenance)
        server.take(AgentReport(line: "ready"))
        #expect(server.administration == .drain)
        server.operatorState = .ready
        #expect(server.administration == .ready)
        server.wishesNoClients = true
        #expect(server.administration == .drain)
    }

    @Test func `the narrowest word holds`() {
        var server = standing()
        server.operatorState = .maintenance
        server.take(AgentReport(line: "drain"))
        #expect(server.administration == .maintenance)
        #expect(server.forFollowers == .init(isUp: true, administration: .maintenance))
    }

    @Test(arguments: [
        (100, "50%", 50), (1, "50%", 1), (1, "1%", 1), (1, "0%", 0), (3, "50%", 2),
        (100, "weight:7", 7), (200, "200%", 256),
    ])
    func `a share is rounded up and stays within the scale`(
        weight: Int, line: String, expected: Int
    ) {
        var server = standing(weight: weight)
        server.take(AgentReport(line: line))
        #expect(server.weight == expected)
    }

    @Test func `an operator's later word holds until the agent says something new`() {
        var server = standing()
        server.take(AgentReport(line: "50%"))
        server.setWeight(80)
        server.take(AgentReport(line: "50%"))
        #expect(server.weight == 80)
        server.take(AgentReport(line: "up"))
        server.take(AgentReport(line: "up 50%"))
        #expect(server.weight == 80, "a line that names no share takes none back")
        server.take(AgentReport(line: "25%"))
        #expect(server.weight == 25)
    }

    @Test func `an operator's later word holds until the check says something new`() {
        var server = standing()
        server.take(checkWeight: 50)
        #expect(server.weight == 50)
        server.setWeight(80)
        server.take(checkWeight: 50)
        #expect(server.weight == 80)
        server.take(checkWeight: 25)
        #expect(server.weight == 25)
    }

    @Test func `an operator's later word holds until the name servers say something new`() {
        var server = standing()
        func isNews(_ weight: Int) -> Bool { server.take(nameWeight: weight) }
        #expect(isNews(50))
        #expect(server.weight == 50)
        server.setWeight(80)
        #expect(!isNews(50))
        #expect(server.weight == 80)
        #expect(isNews(25))
        #expect(server.weight == 25)
        server.forgetName()
        #expect(server.weight == 100)
        #expect(isNews(25))
    }

    @Test func `an agent limits connections`() {
        var server = standing()
        server.take(AgentReport(line: "maxconn:5"))
        #expect(server.limit == 5)
        #expect(server.configuredLimit == 30)
        server.take(AgentReport(line: "up"))
        #expect(server.limit == 5)
        server.take(AgentReport(line: "maxconn:0"))
        #expect(server.limit == nil)
    }

    @Test func `who last said something new about the limit has it`() {
        var server = standing()
        server.setLimit(7)
        #expect(server.limit == 7)
        server.take(AgentReport(line: "maxconn:5"))
        #expect(server.limit == 5)
        server.setLimit(nil)
        // What the agent repeats takes nothing back.
        server.take(AgentReport(line: "maxconn:5 up"))
        #expect(server.limit == nil)
        server.configure(weight: 1, limit: 4, state: .ready)
        #expect(server.limit == nil)
        server.take(AgentReport(line: "maxconn:6"))
        #expect(server.limit == 6)
        server.forgetAgent()
        #expect(server.limit == 4)
        server.setLimit(2)
        server.forgetAgent()
        #expect(server.limit == 2)
    }
}
