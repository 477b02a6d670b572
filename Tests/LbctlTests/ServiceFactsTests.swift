#if Program
import Foundation
import LinuxIO
import Testing

@testable import lbctl

@Suite struct `What the election hears of the balancer` {
    @Test func `pools are told with the service, and each again after it was away`() {
        var facts = ServiceFacts()
        #expect(facts.poolChanged("web", isUsable: true) == nil, "nobody serves yet")
        #expect(
            facts.begin(knowing: ["web": true, "mail": false]) == [
                .pool("mail", isUsable: false), .pool("web", isUsable: true), .service(true),
            ])
        #expect(facts.begin(knowing: ["web": true]) == [])
        #expect(
            facts.end(pools: ["web", "mail"]) == [
                .service(false), .pool("web", isUsable: false),
            ])
        #expect(facts.poolChanged("web", isUsable: true) == nil)
        #expect(
            facts.begin(knowing: ["web": true]) == [
                .pool("web", isUsable: true), .service(true),
            ])
    }

    @Test func `a process that is back at once tells what changed meanwhile, and no more`() {
        var facts = ServiceFacts()
        _ = facts.begin(knowing: ["web": true, "mail": true])
        #expect(
            facts.begin(knowing: ["web": false, "mail": true]) == [.pool("web", isUsable: false)])
        #expect(facts.poolChanged("web", isUsable: true) == .pool("web", isUsable: true))
        #expect(facts.poolChanged("web", isUsable: true) == nil)
    }
}

@ProgramThread
@Suite(.serialized, .tags(.needsRoot), .enabled("NOT RUN: needs root") { geteuid() == 0 })
struct `The election follows the balancer` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    private func count(_ text: String) -> Int {
        folder.text(of: "log").components(separatedBy: text).count - 1
    }

    @Test
    func `a balancer that ends again and again keeps its pools away until it has proved itself`()
        throws
    {
        let flag = try folder.write("well", to: "flag")
        let traffic = try folder.write(
            "defaults\n mode tcp\n timeout connect 1s\nlisten web 127.0.0.1:7\n"
                + " option file-check \(flag)\n server a 127.0.0.1:1 check inter 50ms fall 1\n",
            to: "a.cfg")
        let script = try folder.write(
            "vrrp_script quick {\nscript /bin/true\n}\n", to: "quick.conf")
        let tracking = "track_backend { web weight -20 }\ntrack_script { quick }"
        let program = try folder.startElecting(
            script, try folder.electionFile(tracking: tracking), traffic)
        try folder.awaitLog("Tracked backend web is usable")
        var restarts = 0
        while count("Tracked backend web is not usable") == 0 {
            restarts += 1
            try #require(restarts < 8)
            kill(try program.balancer(), SIGKILL)
            try folder.awaitLog(" serves", count: restarts + 1)
        }
        // It serves, and has for some time: the pools are told with the service, not before.
        let servedAt = ContinuousClock.now
        try folder.awaitLog("Tracked backend web is usable", count: 2)
        #expect(ContinuousClock.now - servedAt > .seconds(1.5))
        try eventually(within: .seconds(5), "priority 150 at last") {
            let routers = try folder.status()["virtual_routers"] as? [[String: Any]]
            return routers?.first?["effective_priority"] as? Int == 150
        }
        let routers = try folder.status()["virtual_routers"] as? [[String: Any]]
        let trackers = routers?.first?["trackers"] as? [[String: Any]] ?? []
        let times = trackers.map { ($0["name"] as? String, $0["run_time"] as? Int) }
        #expect(times.map(\.0) == ["own", "quick", "backend web"])
        #expect(try #require(times.last { $0.0 == "quick" }?.1) < 1000)
        #expect(times.first?.1 == nil)
        unlink(flag)
        try folder.awaitLog("Tracked backend web is not usable", count: 2)
    }
}
#endif
