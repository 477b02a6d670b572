#if Program
import Balancer
import LinuxIO
import NodeConfiguration
import Testing

@testable import lbctl

@Suite struct `From the model to the balancer's plan` {
    @Test(arguments: [(1, 1), (64, 64), (65, 64), (448, 64)])
    func `there is one reactor per processor, as far as there may be`(
        processors: Int, reactors: Int
    ) {
        #expect(BalancerPlan.reactorCount(ofProcessors: processors) == reactors)
    }

    @Test func `what the readers let pass can be numbered`() {
        #expect(Model.mostPlaces <= BalancerPlan.mostPlaces)
        #expect(GlobalSettings.mostReactors <= BalancerPlan.mostReactors)
        var plan = BalancerPlan(
            frontends: [FrontendPlan(name: "f", poolIndex: 0)],
            pools: [PoolPlan(name: "p", servers: [])])
        #expect(plan.fault == nil)
        let server = ServerPlan(name: "s", address: .init(address: 0, port: 1))
        plan.pools[0].servers = Array(repeating: server, count: 65_534)
        #expect(plan.fault == nil)
        plan.pools[0].servers.append(server)
        #expect(plan.fault == "65535 servers; there may be 65534")
        plan.pools[0].servers = []
        plan.frontends[0].listeners = Array(repeating: ListenerPlan(), count: 65_535)
        #expect(plan.fault == "65535 listeners; there may be 65534")
        plan.frontends[0].listeners = []
        plan.reactorCount = 65
        #expect(plan.fault == "65 reactors; there may be 1 to 64")
        plan.reactorCount = 1
        plan.pools[0].retries = 101
        #expect(plan.fault == "101 retries in p; there may be 0 to 100")
        plan.pools[0].retries = 100
        plan.frontends[0].poolIndex = 1
        #expect(plan.fault == "a frontend leads to a pool that is not there")
    }

    @Test func `what is too long to be sent is refused before anything is told of it`() throws {
        var model = Model()
        let fit = try ServedModel(model)
        _ = try ServedModel(model, byteLimit: fit.bytes.count)
        model.backends = [Backend(name: "pool")]
        let byteCount = try ServedModel(model).bytes.count
        let failure = #expect(throws: Failure.self) {
            try ServedModel(model, byteLimit: byteCount - 1)
        }
        #expect(failure?.status == .badInput)
        #expect(
            failure?.message.hasPrefix(
                "what frontends and backends say takes \(byteCount) bytes on the way to the balancer"
                    + " process, which takes \(byteCount - 1) at most;") == true)
    }
}
#endif
