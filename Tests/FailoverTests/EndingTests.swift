@testable import Failover
import Glibc
import LinuxIO
import Netlink
import Reactor
import Synchronization
import Testing
import VRRPCore

extension TestNetwork {
    /// The tables of the packet filter in a node.
    fileprivate func tables(_ node: String) throws -> String {
        try run("ip", "netns", "exec", namespace(node), "nft", "list", "tables")
    }
}

extension `On a LAN` {
    @Suite struct `The end of a node` {
        @Test func `takes the packet filter along, and the next start what a crash left of it`()
            throws
        {
            let network = try TestNetwork()
            let closed = try router(priority: 100) { $0.acceptsTraffic = false }
            func start(_ configuration: FailoverConfiguration) throws -> TestNode {
                try TestNode(configuration, in: network.namespace("a"))
            }
            let first = try start(closed)
            #expect(
                try eventually(within: .seconds(2)) { try network.tables("a").contains("lbctl") })
            first.shutDown()
            #expect(try !network.tables("a").contains("lbctl"))

            let second = try start(closed)
            #expect(
                try eventually(within: .seconds(2)) { try network.tables("a").contains("lbctl") })
            second.kill()
            #expect(try network.tables("a").contains("lbctl"))
            let third = try start(router(priority: 100))
            #expect(
                try eventually(within: .seconds(2)) { try !network.tables("a").contains("lbctl") })
            third.shutDown()
        }

        @Test func `by a kill leaves nothing either, where its last will is done`() throws {
            let network = try TestNetwork()
            let settings = try router(priority: 101) { router in
                router.virtualMAC = HardwareAddress(octets: [0, 0, 0x5E, 0, 1, 51])
                    .map { VirtualMAC(linkName: "vrrp.51", address: $0) }
                let route = Route(
                    to: InternetPrefix(InternetAddress(10, 7, 0, 0), length: 16),
                    table: RouteTable(rawValue: 108))
                router.routes = [HeldRoute(route, interface: "eth1")]
                router.rules = [HeldRule(Rule(.v4, priority: 500, .lookUp(.main)))]
            }
            let first = try TestNode(settings, in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(router(priority: 100), in: network.namespace("b"))
            #expect(second.waitForLine("(VI_1) master set to 10.9.0.1", within: .seconds(1)))
            #expect(try network.ip("a", "route", "show", "table", "108").contains("10.7.0.0/16"))
            #expect(try network.ip("a", "rule").contains("500:"))
            let start = MonotonicInstant.now
            #expect(first.bequeath(in: network.namespace("a")) == [])
            #expect(second.waitForState(.active, since: start, within: .seconds(1)) != nil)
            #expect(second.snapshot?.routers.first?.counters.releasesReceived == 2)
            #expect(try !network.ip("a", "-o", "link").contains("vrrp.51"))
            #expect(try !network.ip("a", "route", "show", "table", "all").contains("10.7."))
            #expect(try !network.ip("a", "rule").contains("500:"))
            #expect(try !network.ip("a", "addr").contains("10.9.0.100"))
            second.shutDown()
        }

        /// As before Linux 5.18, which has no tags.
        @Test func `by a kill leaves no address that has no tag`() throws {
            let network = try TestNetwork()
            let settings = try router(priority: 100) { $0.addresses[0].isTracked = false }
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try network.ip("a", "addr", "replace", "10.9.0.100/32", "dev", "eth1")
            try network.ip("a", "addr", "add", "10.9.0.99/32", "dev", "eth1")
            #expect(try network.taggedAddresses("a") == [])
            #expect(try network.addresses("a").contains("10.9.0.100"))
            #expect(node.bequeath(in: network.namespace("a")) == [])
            let left = try network.addresses("a")
            #expect(!left.contains("10.9.0.100"))
            #expect(left.contains("10.9.0.1/") && left.contains("10.9.0.99/"))
        }

        @Test func `waits for mail about it`() throws {
            let network = try TestNetwork()
            let file = "/tmp/\(network.prefix).mail"
            defer { unlink(file) }
            var settings = try router(priority: 100) { $0.sendsMail = true }
            settings.mail = MailSettings(
                program: ["sh", "-c", "sleep 0.3; echo \"$0\" >> \(file)"], nodeName: "a")
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            node.shutDown()
            #expect(
                try run("cat", file).split(separator: "\n") == [
                    "[a] VRRP Instance VI_1 - Entering BACKUP state",
                    "[a] VRRP Instance VI_1 - Entering MASTER state",
                    "[a] VRRP Instance VI_1 - Entering STOP state",
                ])
        }

        @Test func `waits for a while at most, tells of what is lost, and ends no program`() throws
        {
            let network = try TestNetwork()
            let file = "/tmp/\(network.prefix).late"
            defer { unlink(file) }
            var settings = try router(priority: 100) {
                $0.sendsMail = true
                $0.notifications.stop = [
                    "sh", "-c", "echo $$ > \(file).stop; sleep 2; echo done > \(file)",
                ]
                $0.notifications.any = ["true"]
            }
            settings.mail = MailSettings(
                program: ["sh", "-c", "echo $$ > \(file).mail; sleep 2"], nodeName: "a")
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            #expect(FailoverNode.stopNotificationLimit == .seconds(10))
            let end = Mutex<MonotonicInstant?>(nil)
            let start = MonotonicInstant.now
            _ = node.perform { node in
                node.stopLimit = .seconds(1)
                node.shutDown { end.withLock { $0 = .now } }
            }
            #expect(eventually(within: .seconds(2)) { end.withLock { $0 } != nil })
            let took = try #require(end.withLock { $0 }) - start
            #expect(took > .seconds(0.9))
            #expect(took < .seconds(1.9))
            // What is being sent may arrive; MASTER and STOP waited.
            #expect(node.lines.contains("2 mails were not sent before the end"))
            #expect(
                node.lines.contains(
                    "1 notification programs still run and are left to themselves, 1 that waited for"
                        + " them are not run"))
            #expect(eventually(within: .seconds(3)) { access(file, F_OK) == 0 })
            // The loop goes on until it has taken the endings of both: nothing of them is left.
            for name in ["stop", "mail"] {
                let process = try run("cat", "\(file).\(name)").prefix { $0 != "\n" }
                unlink("\(file).\(name)")
                #expect(eventually(within: .seconds(3)) { access("/proc/\(process)", F_OK) != 0 })
            }
            node.kill()
        }
    }
}

/// A queue of programs on a loop of its own.
@Suite struct `Programs that take long` {
    private final class Record { var slow: [String] = []; var results: [ScriptResult] = [] }

    private func queue(_ loop: EventLoop) -> (NotificationQueue, Record) {
        let queue = NotificationQueue(
            loop: loop, noticeTime: .milliseconds(100), patience: .milliseconds(200))
        let record = Record()
        queue.onSlowness = { record.slow.append($0[0]) }
        queue.onFailure = { record.results.append($1) }
        return (queue, record)
    }

    @Test func `one for the current state may, and is told of; the next waits`() throws {
        let loop = try EventLoop()
        let (queue, record) = queue(loop)
        queue.tell([["sleep", "0.6"], ["true"]], environment: [])
        queue.whenIdle { loop.stop() }
        let start = MonotonicInstant.now
        loop.run()
        #expect(.now - start > .milliseconds(590))
        #expect(record.slow == ["sleep"])
        #expect(record.results == [])
        #expect(queue.obsoleteCount == 0)
    }

    @Test func `one for an older state is ended after a while`() throws {
        let loop = try EventLoop()
        let (queue, record) = queue(loop)
        queue.tell([["sleep", "60"]], environment: [])
        queue.tell([["true"]], environment: [])
        queue.whenIdle { loop.stop() }
        let start = MonotonicInstant.now
        loop.run()
        #expect(.now - start > .milliseconds(190))
        #expect(.now - start < .seconds(5))
        #expect(record.results == [.timedOut])
    }

    @Test func `what is asked for again before its turn runs once`() throws {
        let loop = try EventLoop()
        let (queue, _) = queue(loop)
        queue.tell([["sleep", "0.1"]], environment: [])
        for _ in 0..<1000 { queue.tellAlso(["true"]) }
        #expect(queue.obsoleteCount == 999)
        queue.whenIdle { loop.stop() }
        loop.run()
    }
}
