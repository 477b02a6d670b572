@testable import Failover
import Glibc
import LinuxIO
import Reactor
import Testing
import VRRPCore

extension `On a LAN` {
    @Suite struct `Tracked files and programs` {
        private func priority(of node: TestNode) -> UInt8? {
            node.snapshot?.routers.first?.effectivePriority.rawValue
        }

        @Test func `a number counts times its weight as soon as it is written`() throws {
            let network = try TestNetwork()
            let path = "/tmp/\(network.prefix).number"
            defer { unlink(path) }
            var settings = try router(priority: 100) {
                $0.trackedFiles = [TrackedName(name: "load", weight: -5)]
            }
            settings.files = [TrackedFileSettings(name: "load", path: path)]
            settings.files[0].initialNumber = 2
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(try run("cat", path) == "2\n")
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            #expect(priority(of: node) == 90)

            try SmallFile.write("7", to: path)
            // Nothing looks from time to time: without a notice from the kernel it never comes.
            #expect(node.waitForLine("Track file load now holds 7", within: .seconds(3)))
            #expect(eventually(within: .seconds(3)) { priority(of: node) == 65 })

            // Replaced by another file of the name, as editors do.
            try SmallFile.write("1", to: path + ".new")
            try run("mv", path + ".new", path)
            #expect(eventually(within: .seconds(1)) { priority(of: node) == 95 })
            unlink(path)
            #expect(eventually(within: .seconds(1)) { priority(of: node) == 100 })
            node.shutDown()
        }

        @Test func `a number that stops the router does so at once`() throws {
            let network = try TestNetwork()
            let path = "/tmp/\(network.prefix).maintenance"
            defer { unlink(path) }
            var settings = try router(priority: 100) {
                $0.trackedFiles = [TrackedName(name: "off", weight: 0)]
            }
            settings.files = [TrackedFileSettings(name: "off", path: path)]
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try SmallFile.write("1\n", to: path)
            #expect(
                node.waitForLine(
                    "(VI_1): entering FAULT state (tracked file off holds 1)", within: .seconds(1)))
            #expect(node.waitForLine("(VI_1) sent 0 priority", within: .seconds(1)))
            node.shutDown()
        }

        @Test func `a symbolic link is followed, wherever it leads`() throws {
            let network = try TestNetwork()
            let base = "/tmp/\(network.prefix).links"
            defer { _ = try? run("rm", "-r", base) }
            try run("mkdir", "-p", base + "/first", base + "/second", base + "/named")
            let link = base + "/named/load"
            func lead(to target: String) throws {
                try run("ln", "-s", target, link + ".new")
                try run("mv", "-T", link + ".new", link)
            }
            try SmallFile.write("10", to: base + "/first/load")
            try SmallFile.write("20", to: base + "/second/load")
            try lead(to: "../first/load")
            var settings = try router(priority: 100) {
                $0.trackedFiles = [TrackedName(name: "load", weight: 1)]
            }
            settings.files = [TrackedFileSettings(name: "load", path: link)]
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(eventually(within: .seconds(1)) { priority(of: node) == 110 })
            try SmallFile.write("11", to: base + "/first/load")
            #expect(eventually(within: .seconds(1)) { priority(of: node) == 111 })
            try lead(to: base + "/second/load")
            #expect(eventually(within: .seconds(1)) { priority(of: node) == 120 })
            try SmallFile.write("21", to: base + "/second/load")
            #expect(eventually(within: .seconds(1)) { priority(of: node) == 121 })
            // Nothing is there yet, and no directory tells of it.
            try lead(to: base + "/third/load")
            #expect(eventually(within: .seconds(1)) { priority(of: node) == 100 })
            try run("mkdir", base + "/third")
            try SmallFile.write("30", to: base + "/third/load")
            #expect(eventually(within: .seconds(3)) { priority(of: node) == 130 })
            node.shutDown()
        }

        @Test func `a directory that appears later is followed then`() throws {
            let network = try TestNetwork()
            let directory = "/tmp/\(network.prefix).d"
            defer { _ = try? run("rm", "-r", directory) }
            var settings = try router(priority: 100) {
                $0.trackedFiles = [TrackedName(name: "load", weight: 1)]
            }
            settings.files = [TrackedFileSettings(name: "load", path: directory + "/load")]
            let node = try TestNode(settings, in: network.namespace("a"))
            try run("mkdir", directory)
            try SmallFile.write("20", to: directory + "/load")
            #expect(eventually(within: .seconds(3)) { priority(of: node) == 120 })
            node.shutDown()
        }

        @Test func `a directory that is made anew is followed again`() throws {
            let network = try TestNetwork()
            let directory = "/tmp/\(network.prefix).anew"
            defer { _ = try? run("rm", "-r", directory) }
            try run("mkdir", directory)
            var settings = try router(priority: 100) {
                $0.trackedFiles = [TrackedName(name: "load", weight: 1)]
            }
            settings.files = [TrackedFileSettings(name: "load", path: directory + "/load")]
            let node = try TestNode(settings, in: network.namespace("a"))
            try SmallFile.write("20", to: directory + "/load")
            #expect(eventually(within: .seconds(1)) { priority(of: node) == 120 })
            try run("rm", "-r", directory)
            #expect(eventually(within: .seconds(1)) { priority(of: node) == 100 })
            try run("mkdir", directory)
            try SmallFile.write("30", to: directory + "/load")
            #expect(eventually(within: .seconds(3)) { priority(of: node) == 130 })
            // From then on at once.
            let start = MonotonicInstant.now
            try SmallFile.write("40", to: directory + "/load")
            #expect(eventually(within: .seconds(1)) { priority(of: node) == 140 })
            #expect(.now - start < .milliseconds(500))
            node.shutDown()
        }

        @Test func `a process that becomes another program counts no more`() throws {
            let network = try TestNetwork()
            let program = "/tmp/lbfo\(getpid())e"
            try run("cp", try run("which", "bash").split(separator: "\n")[0].description, program)
            defer { unlink(program) }
            var settings = try router(priority: 100) {
                $0.trackedProcesses = [TrackedName(name: "worker", weight: 20)]
            }
            settings.processes = [TrackedProcessSettings(name: "worker", command: [program])]
            let word = program + ".go"
            defer { unlink(word) }
            let worker = try ChildProcess(
                path: program,
                arguments: [
                    program, "-c", "until [ -e \(word) ]; do sleep 0.02; done; exec sleep 60",
                ])
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(eventually(within: .seconds(2)) { priority(of: node) == 120 })
            try SmallFile.write("", to: word)
            #expect(
                node.waitForLine("Quorum lost for tracked process worker", within: .seconds(3)))
            #expect(priority(of: node) == 100)
            worker.signal(SIGKILL)
            _ = eventually(within: .seconds(1)) { worker.reap() != nil }
            node.shutDown()
        }

        @Test func `a program that ends is noticed at once, one that starts within two seconds`()
            throws
        {
            let network = try TestNetwork()
            let program = "/tmp/lbfo\(getpid())p"
            try run("cp", try run("which", "sleep").split(separator: "\n")[0].description, program)
            defer { unlink(program) }
            var settings = try router(priority: 100) {
                $0.trackedProcesses = [TrackedName(name: "worker", weight: 20)]
            }
            settings.processes = [TrackedProcessSettings(name: "worker", command: [program])]
            let first = try ChildProcess(path: program, arguments: [program, "60"])
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(eventually(within: .seconds(2)) { priority(of: node) == 120 })

            let start = MonotonicInstant.now
            first.signal(SIGKILL)
            #expect(
                node.waitForLine("Quorum lost for tracked process worker", within: .seconds(2)))
            let lost = node.entries.first {
                $0.event == .process(name: "worker", hasQuorum: false)
            }
            // Looking through /proc alone would take half a second on average.
            #expect(try #require(lost).at - start < .milliseconds(100))
            #expect(priority(of: node) == 100)
            _ = eventually(within: .seconds(1)) { first.reap() != nil }

            let second = try ChildProcess(path: program, arguments: [program, "60"])
            #expect(
                node.waitForLine("Quorum gained for tracked process worker", within: .seconds(3)))
            #expect(node.snapshot?.routers.first?.trackers.first?.number == 1)
            second.signal(SIGKILL)
            _ = eventually(within: .seconds(1)) { second.reap() != nil }
            node.shutDown()
        }

        @Test(arguments: [
            (TrackedProcessSettings.ArgumentMatch.all, ["30", "31"], 1),
            (.all, ["30"], 0), (.initial, ["30"], 1), (.initial, ["31"], 0),
            (.partial, ["30", "3"], 1), (.partial, ["3"], 1), (.partial, ["4"], 0),
        ])
        func `arguments are compared as param_match says`(
            match: TrackedProcessSettings.ArgumentMatch, arguments: [String], count: Int
        ) throws {
            let network = try TestNetwork()
            let program = "/tmp/lbfo\(getpid())m"
            try run("cp", try run("which", "sleep").split(separator: "\n")[0].description, program)
            defer { unlink(program) }
            var settings = try router(priority: 100) {
                $0.trackedProcesses = [TrackedName(name: "worker", weight: 20)]
            }
            settings.processes = [
                TrackedProcessSettings(name: "worker", command: [program] + arguments)
            ]
            settings.processes[0].argumentMatch = match
            let worker = try ChildProcess(path: program, arguments: [program, "30", "31"])
            // Until it is that program, and no copy of this one.
            _ = eventually(within: .seconds(2)) {
                (try? run("cat", "/proc/\(worker.processID)/comm"))?.hasPrefix("lbfo") == true
            }
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.snapshot?.routers.first?.trackers.first?.number == count)
            worker.signal(SIGKILL)
            _ = eventually(within: .seconds(1)) { worker.reap() != nil }
            node.shutDown()
        }

        @Test func `a loss that does not last its delay counts for nothing`() throws {
            let network = try TestNetwork()
            let program = "/tmp/lbfo\(getpid())d"
            try run("cp", try run("which", "sleep").split(separator: "\n")[0].description, program)
            defer { unlink(program) }
            var settings = try router(priority: 100) {
                $0.trackedProcesses = [TrackedName(name: "worker", weight: 0)]
            }
            settings.processes = [
                TrackedProcessSettings(name: "worker", command: [program, "61"])
            ]
            settings.processes[0].lossDelay = .seconds(4)
            let first = try ChildProcess(path: program, arguments: [program, "61"])
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            func count() -> Int? { node.snapshot?.routers.first?.trackers.first?.number }
            first.signal(SIGKILL)
            _ = eventually(within: .seconds(1)) { first.reap() != nil }
            #expect(eventually(within: .seconds(1)) { count() == 0 })
            usleep(1_000_000)
            let second = try ChildProcess(path: program, arguments: [program, "61"])
            #expect(eventually(within: .seconds(2)) { count() == 1 })
            #expect(!node.lines.contains("Quorum lost for tracked process worker"))
            #expect(node.snapshot?.routers.first?.state == .active)
            // The next loss has its own delay, from its beginning on.
            let start = MonotonicInstant.now
            second.signal(SIGKILL)
            _ = eventually(within: .seconds(1)) { second.reap() != nil }
            #expect(
                node.waitForLine("Quorum lost for tracked process worker", within: .seconds(8)))
            let lost = node.entries.first {
                $0.event == .process(name: "worker", hasQuorum: false)
            }
            #expect(try #require(lost).at - start >= .milliseconds(3900))
            node.shutDown()
        }

        @Test func `a fact that stops the router makes it resign within 10 ms`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            var settings = try router(priority: 100) {
                $0.trackedScripts = [TrackedName(name: "backend http", weight: 0)]
            }
            settings.scripts = [
                ScriptSettings(name: "backend http", source: .fact("backend http"))
            ]
            let node = try TestNode(settings, in: network.namespace("a"))
            _ = node.perform { $0.setFact(name: "backend http", isGood: true) }
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let told = node.perform { node -> MonotonicInstant in
                let now = MonotonicInstant.now
                node.setFact(name: "backend http", isGood: false)
                return now
            }
            var release: TestWire.Frame?
            _ = eventually(within: .seconds(1)) {
                release = wire.frames.first { $0.advertisement?.priority == 0 }
                return release != nil
            }
            let took = try #require(release).at - (try #require(told))
            print("from the fact to priority 0 on the wire: \(took)")
            #expect(took < .milliseconds(10))
            wire.stop()
            node.shutDown()
        }
    }
}

@Suite struct `Processes without descriptors` {
    @Test func `one that the kernel gives no descriptor of counts, and its end is looked for`()
        throws
    {
        let program = "/tmp/lbfo\(getpid())n"
        try run("cp", try run("which", "sleep").split(separator: "\n")[0].description, program)
        defer { unlink(program) }
        let worker = try ChildProcess(path: program, arguments: [program, "60"])
        _ = eventually(within: .seconds(2)) {
            (try? run("cat", "/proc/\(worker.processID)/comm"))?.hasPrefix("lbfo") == true
        }
        let loop = try EventLoop()
        let tracker = ProcessTracker(
            settings: TrackedProcessSettings(name: "worker", command: [program]), loop: loop,
            descriptor: { _ throws(SystemError) in
                throw SystemError(call: "pidfd_open", errno: .notPermitted)
            }, onChange: { _ in loop.stop() })
        let survey = ProcessSurvey(loop: loop)
        survey.follow([tracker], waits: true)
        #expect(tracker.count == 1)
        #expect(tracker.hasQuorum == true)
        #expect(tracker.method == .looking)
        worker.signal(SIGKILL)
        _ = eventually(within: .seconds(1)) { worker.reap() != nil }
        let limit = loop.schedule(after: .seconds(3)) { loop.stop() }
        loop.run()
        loop.cancel(limit)
        #expect(tracker.hasQuorum == false)
        tracker.stop()
        survey.follow([], waits: false)
    }
}
