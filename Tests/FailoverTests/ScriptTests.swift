import Failover
import Glibc
import LinuxIO
import Testing
import VRRPCore

/// A script of `sh`, with a fast interval.
private func script(_ name: String, _ text: String) -> ScriptSettings {
    var script = ScriptSettings(name: name, source: .command(["sh", "-c", text]))
    script.interval = .milliseconds(100)
    return script
}

extension `On a LAN` {
    @Suite struct `Tracked scripts` {
        @Test func `a weight is added while the script succeeds`() throws {
            let network = try TestNetwork()
            let file = "/tmp/\(network.prefix).good"
            var configuration = try router(priority: 100) {
                $0.trackedScripts = [TrackedName(name: "chk", weight: 2)]
            }
            configuration.scripts = [script("chk", "echo looked; test -e \(file)")]
            try run("touch", file)
            defer { unlink(file) }
            let node = try TestNode(configuration, in: network.namespace("a"))
            let up = "(VI_1) Changing effective priority from 100 to 102"
            #expect(node.waitForLine(up, within: .seconds(1)))
            #expect(node.lines.contains("VRRP_Script(chk) succeeded"))
            #expect(node.snapshot?.routers.first?.effectivePriority.rawValue == 102)
            #expect(node.snapshot?.scripts.first?.lastOutput == "looked\n")
            #expect(node.snapshot?.scripts.first?.lastResult == .exited(status: 0))
            let time = try #require(node.snapshot?.scripts.first?.lastRunTime)
            #expect(time > .zero && time < .seconds(1))
            unlink(file)
            let down = "(VI_1) Changing effective priority from 102 to 100"
            #expect(node.waitForLine(down, within: .seconds(1)))
            #expect(node.lines.contains("Script `chk` now returning 1"))
            #expect(node.lines.contains("VRRP_Script(chk) failed (exited with status 1)"))
            node.shutDown()
        }

        @Test func `a failing script moves the address to the other node`() throws {
            let network = try TestNetwork()
            let file = "/tmp/\(network.prefix).serves"
            var configuration = try router(priority: 101) {
                $0.trackedScripts = [TrackedName(name: "chk", weight: 2)]
            }
            configuration.scripts = [script("chk", "test -e \(file)")]
            try run("touch", file)
            defer { unlink(file) }
            let first = try TestNode(configuration, in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            configuration.routers[0].priority = Priority(rawValue: 100)
            configuration.scripts = [script("chk", "true")]
            let second = try TestNode(configuration, in: network.namespace("b"))
            usleep(300_000)
            let start = MonotonicInstant.now
            unlink(file)
            #expect(second.waitForState(.active, since: start, within: .seconds(1)) != nil)
            #expect(first.waitForState(.backup, since: start, within: .seconds(1)) != nil)
            #expect(
                first.waitForLine(
                    "(VI_1) Master received advert from 10.9.0.2 with higher priority 102, ours 101",
                    within: .seconds(1)))
            first.shutDown()
            second.shutDown()
        }

        @Test func `a script without weight holds the router back until it succeeds`() throws {
            let network = try TestNetwork()
            var configuration = try router(priority: 100) {
                $0.trackedScripts = [TrackedName(name: "chk", weight: 0)]
            }
            configuration.scripts = [script("chk", "sleep 0.5")]
            configuration.scripts[0].timeout = .seconds(2)
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(node.snapshot?.routers.first?.state == .fault)
            #expect(node.snapshot?.routers.first?.faultCauses == [.scriptPending("chk")])
            let entered = try #require(node.waitForState(.backup, within: .seconds(2)))
            let started = try #require(node.entries.first).at
            #expect(entered - started > .milliseconds(450))
            #expect(!node.lines.contains { $0.contains("FAULT") })
            node.shutDown()
        }

        @Test func `a script that takes too long has failed, and its whole group is ended`() throws
        {
            let network = try TestNetwork()
            let file = "/tmp/\(network.prefix).pid"
            defer { unlink(file) }
            var configuration = try router(priority: 100) {
                $0.trackedScripts = [TrackedName(name: "chk", weight: 0)]
            }
            configuration.scripts = [script("chk", "sleep 30 & echo $! > \(file); wait")]
            configuration.scripts[0].interval = .seconds(60)
            configuration.scripts[0].timeout = .milliseconds(200)
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(node.waitForLine("VRRP_Script(chk) timed_out", within: .seconds(2)))
            #expect(node.waitForLine("(VI_1) Entering FAULT STATE (init)", within: .seconds(1)))
            let text = try run("cat", file)
            let sleeper = try #require(Int32(text.split(separator: "\n")[0]))
            #expect(eventually(within: .seconds(1)) { !isRunning(sleeper) })
            #expect(
                eventually(within: .seconds(1)) { node.snapshot?.scripts.first?.isRunning == false }
            )
            #expect(node.snapshot?.scripts.first?.lastResult == .timedOut)
            node.shutDown()
        }

        @Test func `a script that can't be ended fails anew each time that it is due`() throws {
            let network = try TestNetwork()
            let file = "/tmp/\(network.prefix).once"
            defer { unlink(file) }
            var configuration = try router(priority: 100) {
                $0.trackedScripts = [TrackedName(name: "chk", weight: 0)]
            }
            configuration.scripts = [
                script(
                    "chk",
                    "[ -e \(file) ] || { touch \(file); exit 0; }; trap '' TERM; while :; do sleep 0.1; done"
                )
            ]
            configuration.scripts[0].timeout = .milliseconds(100)
            configuration.scripts[0].interval = .milliseconds(400)
            configuration.scripts[0].fall = 3
            let node = try TestNode(configuration, in: network.namespace("a"))
            // Its runs alone would take three times two seconds to be killed in.
            #expect(node.waitForLine("(VI_1) Entering FAULT STATE", within: .seconds(3)))
            node.shutDown()
        }

        @Test func `a script that ignores the request to end is killed two seconds later`() throws {
            let network = try TestNetwork()
            var configuration = try router(priority: 100) {
                $0.trackedScripts = [TrackedName(name: "chk", weight: 1)]
            }
            configuration.scripts = [script("chk", "trap '' TERM; while :; do sleep 0.1; done")]
            configuration.scripts[0].timeout = .milliseconds(100)
            configuration.scripts[0].interval = .seconds(60)
            let node = try TestNode(configuration, in: network.namespace("a"))
            let start = MonotonicInstant.now
            usleep(1_500_000)
            #expect(node.snapshot?.scripts.first?.isRunning == true)
            #expect(
                eventually(within: .seconds(2)) {
                    node.snapshot?.scripts.first?.isRunning == false
                })
            #expect(.now - start > .seconds(2))
            #expect(.now - start < .seconds(2.6))
            node.shutDown()
        }

        @Test func `the last 4096 bytes of what a script prints are kept`() throws {
            let network = try TestNetwork()
            var configuration = try router(priority: 100) {
                $0.trackedScripts = [TrackedName(name: "chk", weight: 1)]
            }
            configuration.scripts = [script("chk", "seq 1 40000; echo end")]
            configuration.scripts[0].interval = .seconds(60)
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(node.waitForLine("VRRP_Script(chk) succeeded", within: .seconds(2)))
            let output = try #require(node.snapshot?.scripts.first?.lastOutput)
            #expect(output.utf8.count == 4096)
            #expect(output.hasSuffix("39999\n40000\nend\n"))
            node.shutDown()
        }

        @Test func `a run that is due while one is alive is left out`() throws {
            let network = try TestNetwork()
            let file = "/tmp/\(network.prefix).runs"
            defer { unlink(file) }
            var configuration = try router(priority: 100) {
                $0.trackedScripts = [TrackedName(name: "chk", weight: 1)]
            }
            configuration.scripts = [script("chk", "echo run >> \(file); sleep 0.25")]
            configuration.scripts[0].timeout = .seconds(5)
            let node = try TestNode(configuration, in: network.namespace("a"))
            usleep(1_000_000)
            node.shutDown()
            // Every third start of 100 ms; each start of the eleven without the rule.
            let runs = try run("cat", file).split(separator: "\n").count
            #expect((3...5).contains(runs))
        }

        @Test func `a program that does not exist is a failure`() throws {
            let network = try TestNetwork()
            var configuration = try router(priority: 100) {
                $0.trackedScripts = [TrackedName(name: "chk", weight: 0)]
            }
            configuration.scripts = [
                ScriptSettings(name: "chk", source: .command(["/nonexistent/check"]))
            ]
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(
                node.waitForLine(
                    "VRRP_Script(chk) failed (could not be run: exec /nonexistent/check: "
                        + "No such file or directory (errno 2))", within: .seconds(1)))
            #expect(node.snapshot?.routers.first?.faultCauses == [.scriptFailed("chk")])
            node.shutDown()
        }

        @Test func `a fact of the node counts at once`() throws {
            let network = try TestNetwork()
            var configuration = try router(priority: 100) {
                $0.trackedScripts = [TrackedName(name: "own", weight: 2)]
            }
            configuration.scripts = [ScriptSettings(name: "own", source: .fact("balancer"))]
            configuration.scripts[0].interval = .seconds(60)
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(node.snapshot?.routers.first?.effectivePriority.rawValue == 100)
            let good: FailoverSnapshot? = node.perform {
                $0.setFact(name: "balancer", isGood: true)
                return $0.snapshot
            }
            #expect(good?.routers.first?.effectivePriority.rawValue == 102)
            let bad: FailoverSnapshot? = node.perform {
                $0.setFact(name: "balancer", isGood: false)
                return $0.snapshot
            }
            #expect(bad?.routers.first?.effectivePriority.rawValue == 100)
            node.shutDown()
        }
    }
}

extension `On a LAN` {
    @Suite struct `Notification programs` {
        @Test func `the specific one first, then the generic one with its arguments`() throws {
            let network = try TestNetwork()
            let file = "/tmp/\(network.prefix).notified"
            defer { unlink(file) }
            func note(_ word: String) -> [String] {
                // Slower than the generic one: only a queue keeps the order.
                ["sh", "-c", "sleep 0.05; echo \(word) $* >> \(file)", word]
            }
            var settings = try router(priority: 100)
            settings.routers[0].notifications.active = note("active")
            settings.routers[0].notifications.backup = note("backup")
            settings.routers[0].notifications.fault = note("fault")
            settings.routers[0].notifications.stop = note("stop")
            settings.routers[0].notifications.any = ["sh", "-c", "echo any $* >> \(file)", "any"]
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            usleep(300_000)
            try network.ip("a", "link", "set", "eth1", "down")
            #expect(node.waitForState(.fault, within: .seconds(2)) != nil)
            usleep(300_000)
            node.shutDown()
            let notified = try run("cat", file)
            #expect(
                notified.split(separator: "\n") == [
                    "backup", "any INSTANCE VI_1 BACKUP 100", "active",
                    "any INSTANCE VI_1 MASTER 100", "fault", "any INSTANCE VI_1 FAULT 100", "stop",
                    "any INSTANCE VI_1 STOP 100",
                ])
        }

        @Test func `one that fails is told of`() throws {
            let network = try TestNetwork()
            var settings = try router(priority: 100)
            settings.routers[0].notifications.backup = ["false"]
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(
                node.waitForLine(
                    "(VI_1) notify script false exited with status 1", within: .seconds(1)))
            node.shutDown()
        }
    }
}
