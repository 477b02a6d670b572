#if Program
import Foundation
import LinuxIO
import Testing

/// What a person is told who works with a running program, and who mistypes.
@ProgramThread @Suite struct `What an operator is told` {
    let folder: ProgramFolder
    private let port: UInt16

    init() throws {
        folder = try ProgramFolder()
        port = try freePort()
    }

    private func run(_ words: String) throws -> CommandResult {
        try folder.run(
            command: [ProgramFolder.binary] + words.split(separator: " ").map(String.init)
                + ["--control", folder.control])
    }

    private func start(_ more: String = "") throws -> RunningProgram {
        let text = balancerFile(port: port, server: 9, more: more)
        let program = try folder.start(try folder.write(text, to: "a.cfg"))
        try folder.awaitLog(" serves, ")
        return program
    }

    @Test func `a reload says what it changed, to who asked and in the log`() throws {
        let program = try start()
        #expect(try run("reload").output == "configuration in force; nothing changed\n")
        let more = "    server s2 127.0.0.1:9\n"
        try folder.write(balancerFile(port: port, server: 8, more: more), to: "a.cfg")
        let told = "configuration in force; added: server web/s2; changed: server web/s1"
        #expect(try run("reload").output == told + "\n")
        try folder.awaitLog("notice: \(told)\n")
        try folder.write(balancerFile(port: port, server: 8), to: "a.cfg")
        program.signal(SIGHUP)
        try folder.awaitLog("notice: configuration in force; removed: server web/s2\n")
        // Why a reload was refused stands in the log once, with its place.
        let file = try folder.write("listen web 127.0.0.1:1\n blance x\n balance y\n", to: "a.cfg")
        #expect(try run("reload").status == 2)
        try folder.awaitLog("error: the configuration stays as it was: 2 errors in the files\n")
        let log = folder.text(of: "log")
        for place in ["\(file):2:2: error: ", "\(file):3:10: error: "] {
            #expect(log.components(separatedBy: place).count == 2, "\(log)")
        }
    }

    @Test func `who changes a server is told how it is now`() throws {
        let program = try start("    server s2 127.0.0.1:9 check")
        for (words, told) in [
            ("drain web/s1", "web/s1: drain, takes no new connections; those that it has go on"),
            (
                "disable web/s2 --deadline 30",
                "web/s2: maintenance, takes no connections and is not checked; those that it has go on"
                    + " for 30 s at most"
            ),
            ("ready web/s1", "web/s1: ready, takes connections"),
            ("enable web/s2", "web/s2: ready, takes connections as long as its check succeeds"),
            ("weight web/s1 7", "web/s1: weight 7"),
            ("weight web/s1 0", "web/s1: weight 0, takes no new connections"),
            ("maxconn web/s1 3", "web/s1: maxconn 3"),
            ("maxconn web/s1 0", "web/s1: maxconn 0, as many as come"),
            ("address web/s1 127.0.0.2", "web/s1: address 127.0.0.2:9"),
            ("address web/s1 --configured", "web/s1: address as configured"),
        ] {
            let result = try run("server \(words)")
            #expect(result.output == told + "\n", "\(words): \(result)")
        }
        program.kill()
    }

    @Test func `an order that nobody can carry out yet says so`() throws {
        let program = try start()
        // Until it is started again for good, each process ends at once.
        try eventually(within: .seconds(10), "no process serves as the order is given") {
            kill(try program.balancer(), SIGKILL)
            return try run("server weight web/s1 7").output
                == "web/s1: weight 7; no balancer process serves now, the next one begins with it\n"
        }
        try eventually(within: .seconds(20), "the next one begins with it") {
            try folder.servers()["web/s1"]?["weight"] as? Int == 7
        }
        program.kill()
    }

    @Test func `who names no file is told which is read`() throws {
        guard !FileManager.default.fileExists(atPath: "/etc/lbctl/lbctl.yaml") else {
            return print("NOT RUN: this host has a configuration")
        }
        let result = try folder.run("check")
        #expect(result.status == 2)
        #expect(
            result.errors == """
                /etc/lbctl/lbctl.yaml:1:1: error: no such file
                /etc/lbctl/lbctl.yaml: note: is read because no file was named; those of the service \
                are in /etc/default/lbctl

                """)
    }

    @Test func `of a name that is not there, the one that is meant is told`() throws {
        let servers = (1...30).map { "    server web\($0) 127.0.0.1:9\n" }.joined()
        let table = "backend memory\n    stick-table type ip size 9"
        let program = try start("\(servers)listen PAGE 127.0.0.1:\(try freePort())\n\(table)")
        for (words, complaint) in [
            (
                "server drain wbe/s1",
                "no backend is named 'wbe'; there are: web, PAGE, memory; did you mean 'web'?"
            ),
            (
                "server drain web/wbe17",
                "no server of web is named 'wbe17'; there are: s1, web1, web2, web3, web4, web5, web6,"
                    + " web7, web8, web9 and 21 more; did you mean 'web17'?"
            ),
            (
                "table show memroy",
                "no table is named 'memroy'; there are: memory; did you mean 'memory'?"
            ),
            (
                "session list --proxy pgae",
                "no proxy is named 'pgae'; there are: web, PAGE, memory; did you mean 'PAGE'?"
            ),
        ] {
            let result = try run(words)
            #expect(result.status == 1)
            #expect(result.errors == "lbctl: \(complaint)\n")
        }
        program.kill()
    }

    @Test(arguments: [
        ("sever drain web/s1", "no command is named 'sever'; did you mean 'server'?"),
        ("server drian web/s1", "no command is named 'server drian'; did you mean 'server drain'?"),
        ("drain web/s1", "no command is named 'drain'; did you mean 'server drain'?"),
        ("help statsu", "no command is named 'statsu'; did you mean 'status'?"),
        ("hepl", "no command is named 'hepl'; did you mean 'help'?"),
        (
            "vrrp frobnicate VI_1",
            "no command is named 'vrrp frobnicate'; there are: release, takeover"
        ),
    ])
    func `of a command that is not there too`(words: String, complaint: String) throws {
        let result = try folder.run(
            command: [ProgramFolder.binary] + words.split(separator: " ").map(String.init))
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.errors == "lbctl: \(complaint)\n")
    }

    @Test func `commands that are there are found, and what only the program starts is not told`()
        throws
    {
        #expect(try folder.run("help", "server", "weight").output.contains("<weight>"))
        #expect(try folder.run("server", "--help").output.contains("drain"))
        #expect(try folder.run("vrrp", "release", "--help").status == 0)
        #expect(try folder.run("guardd").errors.contains("there are: run, check, "))
        #expect(try !folder.run("xyzzy").errors.contains("guard"))
    }

    @Test func `who waits for a server's last connection goes on over a restart of the balancer`()
        throws
    {
        let program = try start("    server s2 127.0.0.1:9 disabled")
        let balancer = try program.balancer()
        // It cannot answer, and is gone before it could.
        kill(balancer, SIGSTOP)
        let waiting = try RunningProgram(
            [
                ProgramFolder.binary, "server", "del", "web/s2", "--wait", "20", "--control",
                folder.control,
            ], in: folder, output: "waiting", errors: "waiting")
        LinuxIO.Thread.sleep(for: .milliseconds(300))
        kill(balancer, SIGKILL)
        #expect(try waiting.awaitEnd(within: .seconds(15)) == .exited(status: 0))
        #expect(folder.text(of: "waiting").hasPrefix("web/s2: taken away"))
        #expect(try folder.servers()["web/s2"] == nil)
        #expect(try program.balancer() != balancer)
    }
}
#endif
