#if Program
import Foundation
import LinuxIO
import Testing

/// Connections as an operator meets them: `lbctl session`.
@ProgramThread @Suite(.serialized) struct `The operator's connections` {
    let folder: ProgramFolder
    let port: UInt16
    let other: UInt16

    init() throws {
        folder = try ProgramFolder()
        (port, other) = (try freePort(), try freePort())
    }

    private func session(_ words: [String]) throws -> CommandResult {
        try folder.run(
            command: [ProgramFolder.binary, "session"] + words + ["--control", folder.control])
    }

    private func start(_ echo: EchoServer, reactors: Int = 2) throws -> RunningProgram {
        let program = try folder.start(
            try folder.write(
                """
                global
                    nbthread \(reactors)
                defaults
                    mode tcp
                    timeout client 30s
                    timeout server 30s
                    timeout connect 1s
                listen web 127.0.0.1:\(port)
                    server s 127.0.0.1:\(echo.port)
                frontend more
                    bind 127.0.0.1:\(other) name door
                    default_backend pool
                backend pool
                    server t 127.0.0.1:\(echo.port)

                """, to: "a.cfg"))
        try folder.awaitLog(" serves, ")
        return program
    }

    @Test func `they are shown, as lines and as JSON, and ended by name and by filter`() throws {
        let echo = try EchoServer()
        let program = try start(echo)
        #expect(try session(["list"]).output == "")
        #expect(try session(["list", "--json"]).output == "{\"sessions\":[]}\n")
        let web = try (0..<3).map { _ in try BlockingClient(port) }
        let more = try (0..<2).map { _ in try BlockingClient(other) }
        for client in web + more { #expect(try client.exchange("12345")) }
        let lines = try session(["list"]).output.split(separator: "\n")
        #expect(lines.count == 5)
        let balancer = try program.balancer()
        for line in lines {
            let isWeb = line.contains(" fe=web/sock-1 be=web srv=s addr=127.0.0.1:\(echo.port) ")
            let isMore = line.contains(" fe=more/door be=pool srv=t addr=127.0.0.1:\(echo.port) ")
            #expect(isWeb != isMore)
            #expect(line.contains(" dst=127.0.0.1:\(isWeb ? port : other) "))
            #expect(line.hasPrefix("\(balancer)-") && line.hasSuffix(" in=5 out=5"))
        }
        let json = try session(["list", "--json", "--proxy", "pool"]).output
        let document =
            try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: [[String: Any]]]
        let entries = try #require(document?["sessions"])
        #expect(entries.map { $0["server"] as? String } == ["t", "t"])
        #expect(entries.map { $0["phase"] as? String } == ["relaying", "relaying"])
        #expect(entries.allSatisfy { $0["bytes_out"] as? Int == 5 && $0["age"] is Int })
        for (words, count) in [
            (["--limit", "2"], 2), (["--proxy", "web"], 3), (["--server", "pool/t"], 2),
            (["--source", "127.0.0.0/8"], 5), (["--source", "127.0.0.2"], 0),
            (["--source", "::1/128"], 0), (["--older-than", "1h"], 0),
            (["--older-than", "0", "--proxy", "more"], 2),
        ] {
            let shown = try session(["list"] + words).output.split(separator: "\n")
            #expect(shown.count == count, "\(words)")
        }
        let name = try #require(entries.first?["id"] as? String)
        #expect(try session(["kill", name]).output == "1 ended\n")
        let again = try session(["kill", name])
        #expect(again.status == 1)
        #expect(again.errors == "lbctl: no connection is named \(name) any more\n")
        #expect(more.count(where: \.isReset) == 1)
        #expect(try session(["kill", "--server", "web/s", "--limit", "2"]).output == "2 ended\n")
        #expect(web.count(where: \.isReset) == 2)
        #expect(try session(["kill", "--older-than", "1h"]).output == "0 ended\n")
        #expect(try session(["kill", "--all"]).output == "2 ended\n")
        #expect((web + more).count(where: \.isReset) == 5)
        try folder.awaitLog(
            "notice: the operator ends up to 2 connections to \"web/s\"")
        try folder.awaitLog("notice: the operator ends all connections\n")
        program.kill()
    }

    @Test func `those of a process that was replaced are there too`() throws {
        let echo = try EchoServer()
        let program = try start(echo)
        let old = try BlockingClient(port)
        #expect(try old.exchange("a"))
        // Another number of reactors takes another process.
        let file = folder.text(of: "a.cfg").replacing("nbthread 2", with: "nbthread 1")
        try folder.write(file.replacing("listen web", with: "listen new"), to: "a.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        // The former one may take some more before it hears that it is to end.
        var more: [BlockingClient] = []
        try eventually(within: .seconds(9), "the next process takes connections") {
            more.append(try BlockingClient(port))
            guard try more.last?.exchange("bc") == true else { return false }
            return try session(["list"]).output.contains(" fe=new/")
        }
        let lines = try session(["list"]).output.split(separator: "\n")
        #expect(lines.count == 1 + more.count)
        #expect(lines.count { $0.contains(" fe=new/") && $0.contains(" in=2 ") } == 1)
        let first = lines.filter { $0.contains(" fe=web/") && $0.contains(" in=1 ") }
        #expect(first.count == 1)
        // What one process alone knows is known.
        let former = try session(["list", "--proxy", "web"]).output.split(separator: "\n")
        #expect(former.count == more.count)
        #expect(try session(["list", "--proxy", "gone"]).status == 1)
        let name = String(try #require(first.first).prefix { $0 != ":" })
        #expect(try session(["kill", name]).output == "1 ended\n")
        #expect(old.isReset)
        #expect(more.count(where: \.isReset) == 0)
        #expect(try session(["kill", "--proxy", "new"]).output == "1 ended\n")
        #expect(more.last?.isReset == true)
        program.kill()
    }

    @Test func `what cannot be is told with what could`() throws {
        let echo = try EchoServer()
        let program = try start(echo, reactors: 1)
        for (words, status, complaint) in [
            (
                ["list", "--proxy", "nobody"], 1,
                "no proxy is named 'nobody'; there are: web, more, pool"
            ),
            (["kill", "--server", "pool/s"], 1, "no server of pool is named 's'; there are: t"),
            (
                ["kill", "--server", "more/s"], 1,
                "no backend is named 'more'; there are: web, pool"
            ),
            (
                ["list", "--server", "web"], 2,
                "'web': must be BACKEND/SERVER, 'http/web01' for example"
            ),
            (
                ["list", "--source", "10.0.0.0/33"], 2,
                "'10.0.0.0/33' is no network: must be an address, or one with the length of its prefix, such as 192.0.2.0/24 or 2001:db8::/32"
            ),
            (
                ["list", "--older-than", "5 minutes"], 2,
                "older-than '5 minutes': must be a whole number with ms, s, m, h or d, such as 30s"
            ),
            (
                ["kill", "7"], 2,
                "'7' is no connection's name: must be PROCESS-REACTOR-PLACE-USE, as 'lbctl session list' shows it"
            ),
            (["kill", "1-0-0-1"], 1, "no connection is named 1-0-0-1 any more"),
            (["kill"], 2, nil), (["kill", "--all", "--proxy", "web"], 2, nil),
            (["kill", "--limit", "3"], 2, nil), (["kill", "1-0-0-1", "--all"], 2, nil),
            (["list", "--limit", "0"], 2, nil),
        ] as [([String], Int32, String?)] {
            let result = try session(words)
            #expect(result.status == status, "\(words)")
            #expect(result.output == "", "\(words)")
            if let complaint { #expect(result.errors == "lbctl: \(complaint)\n") }
        }
        // Not by a program of somebody's own either.
        let raw = try folder.run(
            command: [
                "/bin/sh", "-c",
                #"echo '{"command":"session","order":{"action":"kill","filter":{}}}' | socat - UNIX:\#(folder.control)"#,
            ])
        #expect(
            raw.output.contains(#"an order to end all connections must say so by \"all\""#))
        program.kill()
        #expect(try session(["list"]).status == 4)
    }
}
#endif
