#if Program
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestServers
import Testing

@testable import HealthCheck

extension `One after another` {
    @Suite struct `Command probe` {
        private let folder: TemporaryFolder

        init() throws { folder = try TemporaryFolder() }

        private func script(_ text: String) -> CommandProbe {
            let path = folder.write(
                "\(UInt32.random(in: 0...UInt32.max)).sh", "#!/bin/sh\ncd \(folder.path)\n\(text)\n"
            )
            chmod(path, 0o755)
            return CommandProbe(path: path)
        }

        @Test func `the status decides`() async throws {
            let good = script("exit 0")
            #expect(try await probe(good, port: 80).code == "PROCOK")
            var bad = script("exit 3")
            #expect(try await probe(bad, port: 80) == .commandFailed(reason: "exit status 3"))
            bad.statusIsWeight = true
            let weight = try await probe(bad, port: 80)
            #expect(weight.verdict == true)
            #expect(weight.facts.weight == 1)
            let killed = script("kill -9 $$")
            #expect(
                try await probe(killed, port: 80) == .commandFailed(reason: "ended by signal 9"))
        }

        @Test func `a host without room for one more process says nothing about the server`()
            async throws
        {
            for (number, reason) in [
                (EAGAIN, "Resource temporarily unavailable"), (EMFILE, "Too many open files"),
            ] {
                var check = CommandProbe(path: "/check")
                check.start = { _, _, _ in CommandEnd(startFailedWith: number, "") }
                let outcome = try await probe(check, port: 80)
                #expect(outcome.verdict == nil)
                #expect(outcome.detail == "/check could not be run: \(reason)")
            }
            var check = CommandProbe(path: "/check")
            check.start = { _, _, _ in CommandEnd(startFailedWith: ENOEXEC, "") }
            #expect(try await probe(check, port: 80).verdict == false)
        }

        /// Stands for a program that cannot be killed, which needs a file system that hangs.
        private final class Unkillable: Sendable {
            let count = Atomic(0)
            private let waiting = Mutex<[CheckedContinuation<CommandEnd, Never>]>([])

            @Sendable func start(
                _ path: String, _ arguments: [String], _ environment: [String: String]
            ) async -> CommandEnd {
                count.add(1, ordering: .relaxed)
                return await withCheckedContinuation { own in waiting.withLock { $0.append(own) } }
            }

            func end() {
                waiting.withLock { all in
                    for one in all { one.resume(returning: .exited(status: 0)) }
                    all = []
                }
            }
        }

        @Test func `a command that cannot be killed is not started for ever`() async throws {
            let unkillable = Unkillable()
            var check = CommandProbe(path: "/check")
            check.start = unkillable.start
            for _ in 0..<4 {
                #expect(
                    try await probe(check, port: 80, timeout: .milliseconds(50))
                        == .commandTimedOut)
            }
            for _ in 0..<3 {
                #expect(
                    summary(try await probe(check, port: 80))
                        == "PROCTOUT 4 runs were killed and have not ended")
            }
            let count = unkillable.count.load(ordering: .relaxed)
            #expect(count == 4)
            unkillable.end()
            check.start = { _, _, _ in .exited(status: 0) }
            var code = ""
            for _ in 0..<200 where code != "PROCOK" {
                code = try await probe(check, port: 80).code
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(code == "PROCOK")
        }

        private final class Starts: Sendable {
            let count = Atomic(0)

            @Sendable func start(
                _ path: String, _ arguments: [String], _ environment: [String: String]
            ) async -> CommandEnd {
                count.add(1, ordering: .relaxed)
                return .exited(status: 0)
            }
        }

        /// Tasks that take every thread there is for tasks, until they are let go.
        private final class Crowd: Sendable {
            private let isOver = Mutex(false)

            init() {
                // Each priority has threads of its own.
                let priority = Task.currentPriority
                for _ in 0..<64 {
                    Task.detached(priority: priority) {
                        while !self.isOver.withLock(\.self) { usleep(500) }
                    }
                }
            }

            func leave() { isOver.withLock { $0 = true } }
        }

        @Test(.timeLimit(.minutes(1)))
        func `a command that no thread was free to start says nothing about the server`()
            async throws
        {
            let starts = Starts()
            var check = CommandProbe(path: "/check")
            check.start = starts.start
            let target = try SocketAddress(ipAddress: "127.0.0.1", port: 80)
            let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
            for _ in 0..<5 {
                let crowd = Crowd()
                let outcome = check.probe(target, timeout: .milliseconds(10), on: eventLoop)
                outcome.whenComplete { _ in crowd.leave() }
                #expect(
                    summary(try await outcome.get())
                        == "SOCKERR /check was not started in time: this host is too busy")
            }
            // Nor is it started when there is room again, and none of them counts as killed.
            #expect(try await probe(check, port: 80).code == "PROCOK")
            #expect(starts.count.load(ordering: .relaxed) == 1)
        }

        @Test(.timeLimit(.minutes(1)))
        func `who calls a program that cannot be killed goes on`() async throws {
            let unkillable = Unkillable()
            defer { unkillable.end() }
            var run = CommandRun(["/notify"])
            run.start = unkillable.start
            #expect(
                await run.complaint(within: .milliseconds(50)) == "was killed and does not end")
        }

        @Test func `who calls a program that goes on has it killed`() async throws {
            let path = folder.write(
                "goes-on.sh", "#!/bin/sh\necho $$ > \(folder.path)/own\nsleep 60\n")
            chmod(path, 0o755)
            // Time enough to start it on a busy machine; it would go on for a minute.
            #expect(
                await CommandRun([path]).complaint(within: .seconds(1)) == "ended by signal 9")
            let text = try String(contentsOfFile: "\(folder.path)/own", encoding: .utf8)
            let own = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            #expect(kill(own, 0) == -1 && errno == ESRCH)
        }

        @Test func `what went wrong with a called program is said, and that it has a path`() async {
            #expect(await CommandRun(["/bin/true"]).complaint(within: .seconds(20)) == nil)
            #expect(
                await CommandRun(["/bin/false"]).complaint(within: .seconds(20)) == "exit status 1")
            let path = folder.write("none", "")
            #expect(
                await CommandRun([path]).complaint(within: .seconds(20))
                    == "could not be run: no such program, or it may not be run")
            // It ends with 1 where one of them is not there.
            let shown = ["/usr/bin/printenv", "PATH", "OWN"]
            #expect(
                await CommandRun(shown, environment: ["OWN": "1"]).complaint(within: .seconds(20))
                    == nil)
        }

        @Test func `a run that ends as it is killed counts no more`() {
            let runs = CommandRuns()
            for _ in 0..<5 {
                guard let number = runs.begin() else {
                    Issue.record("it counts on")
                    return
                }
                #expect(runs.start(number))
                runs.end(number)
                _ = runs.kill(number)
            }
            #expect(runs.begin() != nil)
        }

        @Test func `haproxy's arguments and environment are given, and nothing else`() async throws
        {
            var check = script("echo \"$@\" > said; env | sort >> said")
            check.subject.proxyName = "web"
            check.subject.proxyID = 3
            check.subject.serverName = "a"
            check.subject.serverID = 2
            check.subject.maximumConnections = 100
            check.subject.currentConnections = { 7 }
            #expect(try await probe(check, port: 8_080).code == "PROCOK")
            let said = try String(contentsOfFile: "\(folder.path)/said", encoding: .utf8)
            let lines = said.split(separator: "\n").filter {
                !$0.hasPrefix("PWD=") && !$0.hasPrefix("OLDPWD=") && !$0.hasPrefix("_=")
                    && !$0.hasPrefix("SHLVL=")
            }
            #expect(
                lines == [
                    "NOT_USED NOT_USED 127.0.0.1 8080", "HAPROXY_PROXY_ADDR=", "HAPROXY_PROXY_ID=3",
                    "HAPROXY_PROXY_NAME=web", "HAPROXY_PROXY_PORT=",
                    "HAPROXY_SERVER_ADDR=127.0.0.1",
                    "HAPROXY_SERVER_CURCONN=7", "HAPROXY_SERVER_ID=2", "HAPROXY_SERVER_MAXCONN=100",
                    "HAPROXY_SERVER_NAME=a", "HAPROXY_SERVER_PORT=8080", "HAPROXY_SERVER_PROTO=tcp",
                    "HAPROXY_SERVER_SSL=0", "PATH=/usr/local/bin:/usr/bin:/bin",
                ])
        }

        @Test func `a command that goes on is killed with its children, and leaves no zombie`()
            async throws
        {
            let check = script("echo $$ > leader; sleep 60 & echo $! > child; wait")
            let begin = ContinuousClock.now
            let outcome = try await probe(check, port: 80, timeout: .milliseconds(700))
            #expect(outcome == .commandTimedOut)
            #expect(begin.duration(to: .now) < .seconds(5))
            func number(in file: String) throws -> pid_t {
                let text = try String(contentsOfFile: "\(folder.path)/\(file)", encoding: .utf8)
                return try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            }
            // The child's own parent is gone, and who collects it then is not ours.
            let (leader, child) = (try number(in: "leader"), try number(in: "child"))
            var isAlive = true
            for _ in 0..<200 where isAlive {
                let status = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
                isAlive =
                    status.map { !$0.contains(") Z ") } ?? false
                    || FileManager.default.fileExists(atPath: "/proc/\(leader)")
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(!isAlive)
        }

        @Test func `a 10 MB output is not waited on`() async throws {
            let check = script("head -c 10000000 /dev/zero; exit 4")
            #expect(try await probe(check, port: 80) == .commandFailed(reason: "exit status 4"))
        }
    }
}

extension `One after another` {
    @Suite struct `Files that hang` {
        /// Reads as if the file system of some files hung, until it is told otherwise.
        private final class Hanging: Sendable {
            private let gate = DispatchSemaphore(value: 0)
            let count = Atomic(0)

            @Sendable func read(_ path: String, _ limit: Int) -> FileReads.Reading {
                guard path.hasPrefix("hangs") else { return .content([1]) }
                count.add(1, ordering: .relaxed)
                gate.wait()
                gate.signal()
                return .content([2])
            }

            func end() { gate.signal() }
        }

        private func read(
            _ path: String, of reads: FileReads, within limit: TimeAmount
        ) async throws -> String {
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let reading = try await reads.read(path, limit: 9, within: limit, on: loop).get()
            return "\(reading)"
        }

        @Test func `delay no other file, and hold one thread each`() async throws {
            let hanging = Hanging()
            defer { hanging.end() }
            let reads = FileReads(reader: hanging.read)
            let late = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<600 {
                    // Each of 300 files twice.
                    group.addTask {
                        try await read("hangs/\(number / 2)", of: reads, within: .milliseconds(300))
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(late == ["late"])
            let count = hanging.count.load(ordering: .relaxed)
            #expect(count == 300)
            #expect(try await read("well", of: reads, within: .seconds(5)) == "content([1])")
            async let answer = read("hangs/0", of: reads, within: .seconds(5))
            hanging.end()
            #expect(try await answer == "content([2])")
        }
    }
}

extension `One after another` {
    @Suite struct `File probe` {
        @Test func `what a file says decides`() async throws {
            let folder = try TemporaryFolder()
            func check(
                _ text: String?, _ expectation: FileProbe.Expectation
            ) async throws -> ProbeOutcome {
                let path = "\(folder.path)/\(UInt32.random(in: 0...UInt32.max))"
                if let text { try text.write(toFile: path, atomically: true, encoding: .utf8) }
                return try await probe(FileProbe(path: path, expectation: expectation), port: 1)
            }
            #expect(try await check("", .exists).code == "L7OK")
            let missing = try await check(nil, .exists)
            #expect(missing.code == "L7STS")
            #expect(missing.detail.hasSuffix(": No such file or directory"))
            #expect(try await check("state: ready\n", .contains("ready")).code == "L7OK")
            #expect(try await check("state: gone\n", .contains("ready")).code == "L7STS")
            #expect(try await check(" 12 \n", .weight).facts.weight == 12)
            #expect(try await check("-1", .weight).code == "L7STS")
            #expect(try await check("twelve", .weight).code == "L7STS")
            let whole = String(repeating: "x", count: 10_000_000) + "ready"
            #expect(try await check(whole, .contains("ready")).code == "L7STS")
            let pipe = "\(folder.path)/pipe"
            mkfifo(pipe, 0o600)
            let blocked = try await probe(
                FileProbe(path: pipe, expectation: .contains("x")), port: 1, timeout: .seconds(2))
            #expect(blocked.code == "L7STS")
        }
    }
}
#endif
