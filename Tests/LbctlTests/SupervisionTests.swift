#if Program
import Foundation
import LinuxIO
import Testing

/// The two processes, one of which is stopped, killed and hung under the other's eyes.
@ProgramThread @Suite(.serialized, .tags(.needsRoot)) struct `The balancer process` {
    let folder: ProgramFolder
    let port: UInt16
    let file: String

    init() throws {
        folder = try ProgramFolder()
        port = try freePort()
        file = try folder.write(balancerFile(port: port, server: 1), to: "a.cfg")
    }

    private func start(_ arguments: String...) throws -> RunningProgram {
        let program = try folder.start(file)
        try folder.awaitLog("serves")
        return program
    }

    private func listens(_ port: UInt16) -> Bool {
        guard let socket = try? connect(to: port) else { return false }
        close(socket)
        return true
    }

    @Test func `status answers within a second for one that hangs, and says so`() throws {
        let program = try start()
        let before = try folder.proxies()
        kill(try program.balancer(), SIGSTOP)
        for _ in 0..<3 {
            let began = ContinuousClock.now
            let status = try folder.status()
            #expect(ContinuousClock.now - began < .seconds(1))
            let balancer = try #require(status["balancer"] as? [String: Any])
            #expect(balancer["state"] as? String == "unresponsive")
            #expect((status["proxies"] as? [[String: Any]])?.count == before.count)
        }
        let text = try folder.run("status", "--control", folder.control).output
        #expect(text.contains("balancer: does not answer (proxies as last known), process "))
        kill(try program.balancer(), SIGCONT)
        try eventually(within: .seconds(5), "it answers again") {
            try folder.balancerStatus()["state"] as? String == "running"
        }
    }

    @Test func `one that hangs is ended after 5 s, and another serves`() throws {
        let program = try start()
        let first = try program.balancer()
        kill(first, SIGSTOP)
        try folder.awaitLog("alert: balancer process \(first) hung: no answer for 5 s")
        try folder.awaitLog("serves", count: 2)
        #expect(try program.balancer() != first)
        #expect(listens(port))
        // One that turns stays for longer than that.
        LinuxIO.Thread.sleep(for: .seconds(7))
        #expect(try folder.balancerStatus()["restarts"] as? Int == 1)
    }

    @Test func `one that drains and hangs is ended, too`() throws {
        let server = try EchoServer()
        try folder.write(balancerFile(port: port, server: server.port), to: "a.cfg")
        let program = try start()
        let first = try program.balancer()
        let client = try connect(to: port)
        defer { close(client) }
        try eventually(within: .seconds(5), "the client is served") {
            try folder.run("session", "list", "--control", folder.control).output
                .contains("phase=relaying")
        }
        // Another number of threads wants another process.
        let more = "global\n    nbthread 1\n"
        try folder.write(more + balancerFile(port: port, server: server.port), to: "a.cfg")
        program.signal(SIGHUP)
        try folder.awaitLog("serves", count: 2)
        #expect(try program.balancer() != first)
        kill(first, SIGSTOP)
        try folder.awaitLog("balancer process \(first) hung: no answer for 5 s")
        try eventually(within: .seconds(5), "it is gone") { kill(first, 0) != 0 }
    }

    @Test func `what the end cuts off is told, and nobody counts as replaced`() throws {
        let server = try EchoServer()
        try folder.write(balancerFile(port: port, server: server.port), to: "a.cfg")
        let program = try folder.start("--drain-timeout", "1", file)
        try folder.awaitLog("serves")
        let client = try connect(to: port)
        defer { close(client) }
        try eventually(within: .seconds(5), "the client is served") {
            try folder.run("session", "list", "--control", folder.control).output
                .contains("phase=relaying")
        }
        program.signal(SIGTERM)
        try folder.awaitLog("notice: stopping")
        let text = try folder.run("status", "--control", folder.control).output
        #expect(text.contains("balancer: stopping, process "))
        #expect(!text.contains("replaced"))
        try folder.awaitLog("notice: the time to end is over: 1 connection is reset")
        #expect(try program.awaitEnd(within: .seconds(10)) == .exited(status: 0))
    }

    @Test func `a guardian that comes after the end says nothing`() throws {
        // No process has a number beyond 2^22: proc(5), pid_max.
        let result = try folder.run("guard", "999999999")
        #expect(result.status == 0)
        #expect(result.errors.isEmpty)
    }

    @Test func `one that is killed is back, and no descriptor or zombie stays`() throws {
        let program = try start()
        let descriptors = program.descriptorCount
        let first = try program.balancer()
        kill(first, SIGKILL)
        try folder.awaitLog("balancer process \(first) was ended by signal 9")
        try folder.awaitLog("serves", count: 2)
        let second = try program.balancer()
        kill(second, SIGKILL)
        try folder.awaitLog("serves", count: 3)
        #expect(program.descriptorCount == descriptors)
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(first)"))
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(second)"))
        #expect(try folder.balancerStatus()["restarts"] as? Int == 2)
        #expect(
            try folder.run("status", "--control", folder.control).output
                .contains(", restarted twice, last ended: was ended by signal 9"))
    }

    @Test func `orders to servers survive it`() throws {
        let program = try start()
        #expect(
            try folder.run("server", "disable", "web/s1", "--control", folder.control).status == 0)
        kill(try program.balancer(), SIGKILL)
        try folder.awaitLog("serves", count: 2)
        #expect(
            try folder.run("status", "--control", folder.control).output.contains("MAINT"))
    }

    @Test func `without its parent it frees the ports at once and ends`() throws {
        let program = try start()
        let balancer = try program.balancer()
        #expect(listens(port))
        program.kill()
        try eventually(within: .seconds(1), "the port is free") { !listens(port) }
        let again = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: port), backlog: 1)
        _ = again.rawValue
        try eventually(within: .seconds(5), "the balancer ends") { kill(balancer, 0) != 0 }
    }

    @Test func `SIGTERM to all processes at once is an orderly end`() throws {
        let program = try start()
        kill(try program.balancer(), SIGTERM)
        program.signal(SIGTERM)
        #expect(try program.awaitEnd(within: .seconds(10)) == .exited(status: 0))
        #expect(!folder.text(of: "log").contains("alert"))
    }

    @Test func `without a connection none is told to be reset`() throws {
        let program = try folder.start("--drain-timeout", "0", file)
        try folder.awaitLog("serves")
        program.signal(SIGTERM)
        #expect(try program.awaitEnd(within: .seconds(10)) == .exited(status: 0))
        #expect(!folder.text(of: "log").contains("reset"))
    }

    @Test func `a second SIGTERM while notifications are waited for starts no other`() throws {
        let election = try folder.electionFile(tracking: "notify_stop \"/bin/sleep 2\"")
        let program = try folder.startElecting(election, file)
        try folder.awaitLog(" serves, ")
        program.signal(SIGTERM)
        try folder.awaitLog("notice: stopping\n")
        program.signal(SIGTERM)
        #expect(try program.awaitEnd(within: .seconds(10)) == .exited(status: 0))
        #expect(folder.text(of: "log").components(separatedBy: " serves, ").count == 2)
    }

    @Test func `SIGTERM ends one that hangs too`() throws {
        let program = try start()
        let balancer = try program.balancer()
        kill(balancer, SIGSTOP)
        program.signal(SIGTERM)
        #expect(try program.awaitEnd(within: .seconds(10)) == .exited(status: 0))
        #expect(kill(balancer, 0) != 0)
    }

    @Test func `a reload moves the listener, and one that is broken changes nothing`() throws {
        let program = try start()
        let first = try program.balancer()
        let other = try freePort()
        try folder.write(balancerFile(port: other, server: 1), to: "a.cfg")
        program.signal(SIGHUP)
        try folder.awaitLog("serves the new configuration")
        #expect(listens(other))
        try eventually(within: .seconds(1), "the old port is free") { !listens(port) }
        #expect(try program.balancer() == first)

        try folder.write("listen web 127.0.0.1:1\n balance sorce\n", to: "a.cfg")
        let reload = try folder.run("reload", "--control", folder.control)
        #expect(reload.status == 2)
        #expect(reload.errors.contains("did you mean 'source'?"))
        try folder.awaitLog("error: \(file):2:10: error: unknown balance algorithm 'sorce'")
        try folder.awaitLog("error: the configuration stays as it was: 1 error in the files\n")
        #expect(folder.text(of: "log").components(separatedBy: "'sorce'").count == 2)
        #expect(listens(other))
    }

    @Test func `reloads that come faster than they are done all end well`() throws {
        let program = try start()
        for number in 1...5 {
            try folder.write(
                balancerFile(port: port, server: UInt16(number)), to: "a.cfg")
            program.signal(SIGHUP)
            LinuxIO.Thread.sleep(for: .milliseconds(15))
        }
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        try eventually(within: .seconds(10), "the last one is in force") {
            try folder.run("status", "--json", "--control", folder.control).output
                .contains("127.0.0.1:5\"")
        }
        #expect(listens(port))
        #expect(program.poll() == nil)
    }

    @Test func `one that is killed during a reload does not stop the reload`() throws {
        let program = try start()
        let balancer = try program.balancer()
        try folder.write(balancerFile(port: port, server: 7), to: "a.cfg")
        program.signal(SIGHUP)
        kill(balancer, SIGKILL)
        try folder.awaitLog("serves the new configuration")
        try eventually(within: .seconds(5), "the new configuration serves") {
            try folder.run("status", "--json", "--control", folder.control).output
                .contains("127.0.0.1:7\"")
        }
    }

    @Test func `real time is the parent's alone`() throws {
        guard geteuid() == 0 else { return print("NOT RUN: real-time scheduling needs root") }
        let program = try RunningProgram(
            [ProgramFolder.binary, "run", "--control", folder.control, file], in: folder,
            output: "log", errors: "log")
        try folder.awaitLog("serves")
        let refused = folder.text(of: "log").contains("no real-time scheduling")
        // Field 41 of proc(5)'s stat: the policy; 1 is SCHED_FIFO, 0 the usual one.
        #expect(try policy(of: program.pid) == (refused ? 0 : 1))
        #expect(try policy(of: try program.balancer()) == 0)
        #expect(try lockedMemory(of: program.pid) != "0 kB")
        #expect(try lockedMemory(of: try program.balancer()) == "0 kB")
        program.signal(SIGTERM)
        _ = try program.awaitEnd(within: .seconds(10))
    }

    private func policy(of process: Int32) throws -> Int? {
        let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        return fields.count > 38 ? Int(fields[38]) : nil
    }

    private func lockedMemory(of process: Int32) throws -> String? {
        try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
            .split(separator: "\n").first { $0.hasPrefix("VmLck:") }?
            .dropFirst("VmLck:".count).trimmingCharacters(in: .whitespaces)
    }
}
#endif
