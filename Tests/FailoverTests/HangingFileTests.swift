import Failover
import Glibc
import LinuxIO
import Reactor
import Testing
import VRRPCore

/// A file whose opening the kernel holds up until ``release()``, as a file system does that hangs.
///
/// `fanotify(7)`. With the end of the group all that waits goes on.
private final class HeldFile {
    /// Which openings wait.
    enum Opening: UInt64 {
        /// All: FAN_OPEN_PERM.
        case any = 0x1_0000
        /// Those that execute it: FAN_OPEN_EXEC_PERM.
        case execution = 0x4_0000
    }

    private var group: Int32

    init(_ path: String, _ opening: Opening) throws {
        typealias Initialize = @convention(c) (UInt32, UInt32) -> Int32
        typealias Mark =
            @convention(c) (Int32, UInt32, UInt64, Int32, UnsafePointer<CChar>) -> Int32
        let initialize = unsafeBitCast(
            try #require(dlsym(nil, "fanotify_init")), to: Initialize.self)
        let mark = unsafeBitCast(try #require(dlsym(nil, "fanotify_mark")), to: Mark.self)
        // FAN_CLASS_CONTENT, FAN_CLOEXEC, FAN_NONBLOCK; FAN_MARK_ADD.
        group = initialize(0x4 | 0x1 | 0x2, UInt32(O_RDONLY))
        try #require(group >= 0)
        try #require(mark(group, 1, opening.rawValue, AT_FDCWD, path) == 0)
    }

    /// Whether somebody waits.
    var isAwaited: Bool {
        var waited = pollfd(fd: group, events: Int16(POLLIN), revents: 0)
        return poll(&waited, 1, 0) > 0
    }

    func release() {
        guard group >= 0 else { return }
        close(group)
        group = -1
    }

    deinit { release() }
}

extension `On a LAN` {
    @Suite struct `A file system that hangs` {
        /// The longest time between two advertisements while `body` runs.
        private func longestGap(
            _ network: TestNetwork, _ body: () throws -> Void
        ) throws -> Duration {
            let wire = try TestWire(network, at: "b")
            defer { wire.stop() }
            try body()
            let times = wire.frames.filter { $0.advertisement != nil }.map(\.at)
            #expect(times.count > 15)
            return zip(times, times.dropFirst()).map { $1 - $0 }.max() ?? .zero
        }

        /// A script that succeeds.
        private func script(_ path: String) throws -> String {
            try SmallFile.write("#!/bin/sh\nexit 0\n", to: path)
            chmod(path, 0o755)
            return path
        }

        @Test func `the start of a script that hangs delays no advertisement and no other script`()
            throws
        {
            let network = try TestNetwork()
            let path = try script("/tmp/\(network.prefix).held")
            defer { unlink(path) }
            var settings = try router(priority: 100) {
                $0.trackedScripts = ["held", "other"].map { TrackedName(name: $0, weight: 10) }
            }
            settings.scripts = [
                ScriptSettings(name: "held", source: .command([path])),
                ScriptSettings(name: "other", source: .command(["true"])),
            ]
            for index in settings.scripts.indices {
                settings.scripts[index].interval = .milliseconds(300)
            }
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            #expect(node.waitForLine("VRRP_Script(held) succeeded", within: .seconds(2)))
            #expect(node.waitForLine("VRRP_Script(other) succeeded", within: .seconds(2)))
            let held = try HeldFile(path, .execution)
            let gap = try longestGap(network) {
                #expect(eventually(within: .seconds(1)) { held.isAwaited })
                #expect(node.waitForLine("VRRP_Script(held) timed_out", within: .seconds(2)))
                usleep(1_500_000)
            }
            print("a start that hangs: \(gap) between two advertisements")
            #expect(gap < .milliseconds(150))
            #expect(!node.lines.contains { $0.hasPrefix("VRRP_Script(other) failed") })
            held.release()
            #expect(
                eventually(within: .seconds(5)) {
                    node.snapshot?.scripts.first?.lastResult == .exited(status: 0)
                })
            node.shutDown()
        }

        @Test func `a tracked file that can't be opened delays no advertisement and no other file`()
            throws
        {
            let network = try TestNetwork()
            let paths = ["held", "other"].map { "/tmp/\(network.prefix).\($0)" }
            defer { paths.forEach { unlink($0) } }
            var settings = try router(priority: 100) {
                $0.trackedFiles = ["held", "other"].map { TrackedName(name: $0, weight: 1) }
            }
            settings.files = [
                TrackedFileSettings(name: "held", path: paths[0]),
                TrackedFileSettings(name: "other", path: paths[1]),
            ]
            for path in paths { try SmallFile.write("1\n", to: path) }
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try SmallFile.write("5\n", to: paths[0] + ".new")
            let held = try HeldFile(paths[0] + ".new", .any)
            let gap = try longestGap(network) {
                #expect(rename(paths[0] + ".new", paths[0]) == 0)
                #expect(eventually(within: .seconds(1)) { held.isAwaited })
                try SmallFile.write("20\n", to: paths[1])
                #expect(node.waitForLine("Track file other now holds 20", within: .seconds(1)))
                usleep(1_900_000)
            }
            print("a file that hangs: \(gap) between two advertisements")
            #expect(gap < .milliseconds(150))
            #expect(node.snapshot?.routers.first?.effectivePriority.rawValue == 121)
            held.release()
            #expect(node.waitForLine("Track file held now holds 5", within: .seconds(2)))
            node.shutDown()
        }

        @Test func `a program that is ended while it starts is killed as soon as it runs`() throws {
            let path = try script("/tmp/lbfo\(getpid()).slow")
            try SmallFile.write("#!/bin/sh\nexec sleep 60\n", to: path)
            defer { unlink(path) }
            let held = try HeldFile(path, .execution)
            let loop = try EventLoop()
            var results: [ProgramRun.Result] = []
            let run = ProgramRun(
                arguments: [path], limit: nil, keeping: .none, loop: loop,
                onResult: { result, _ in results.append(result) }, onEnd: { loop.stop() })
            #expect(eventually(within: .seconds(2)) { held.isAwaited })
            run.kill()
            loop.turn(longestWait: .milliseconds(100))
            #expect(results.isEmpty)
            held.release()
            let limit = loop.schedule(after: .seconds(10)) { loop.stop() }
            loop.run()
            loop.cancel(limit)
            #expect(results == [.ended(.signalled(SIGKILL))])
        }

        @Test func `a reload goes on by what was known of tracked files and programs`() throws {
            let network = try TestNetwork()
            let program = "/tmp/lbfo\(getpid())k"
            try run("cp", try run("which", "sleep").split(separator: "\n")[0].description, program)
            let path = program + ".load"
            defer { for name in [program, path] { unlink(name) } }
            try SmallFile.write("3\n", to: path)
            let worker = try ChildProcess(path: program, arguments: [program, "60"])
            defer { worker.end() }
            var settings = try router(priority: 100) {
                $0.trackedFiles = [TrackedName(name: "load", weight: 1)]
                $0.trackedProcesses = [TrackedName(name: "worker", weight: 0)]
            }
            settings.files = [TrackedFileSettings(name: "load", path: path)]
            settings.processes = [TrackedProcessSettings(name: "worker", command: [program])]
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(3)) != nil)
            settings.files[0].overwrites = true
            settings.processes[0].quorumLimit = 3
            let next = settings
            let priority = node.perform { node -> UInt8? in
                _ = try? node.reconfigure(next)
                return node.snapshot.routers.first?.effectivePriority.rawValue
            }
            #expect(priority == 103)
            #expect(
                eventually(within: .seconds(3)) {
                    node.snapshot?.routers.first?.trackers.last?.number == 1
                })
            #expect(node.snapshot?.routers.first?.state == .active)
            #expect(!node.lines.contains { $0.contains("FAULT") || $0.contains("Quorum") })
            node.shutDown()
        }
    }
}
