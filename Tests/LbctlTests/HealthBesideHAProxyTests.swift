#if Program
import Foundation
import LinuxIO
import Testing

/// The same file before the same servers, in Debian's haproxy and here: the same words.
@ProgramThread @Suite(.serialized) struct `Health checks beside haproxy` {
    private let servers: [String: TalkingServer]
    private let hole: BlackHole

    init() throws {
        hole = try BlackHole()
        servers = [
            "OK": try TalkingServer(
                TalkingServer.http("200 OK", "hello world", headers: "X-State: ready, x\r\n")),
            "BAD": try TalkingServer(TalkingServer.http("503 Service Unavailable")),
            "GONE": try TalkingServer(TalkingServer.http("404 Not Found")),
            "BROKEN": try TalkingServer(
                TalkingServer.http("200 OK", "broken", headers: "X-State: stopping\r\n")),
            "SILENT": try TalkingServer(.silent),
            "GARBAGE": try TalkingServer(.greets("\u{7}garbage\r\n\r\nfoo")),
            "PONG": try TalkingServer(.answers("+PONG\r\n")),
            "AWAY": try TalkingServer(.greets("421 go away\r\n")),
            "HALF": try TalkingServer(.greets("up 50%\n")),
            "DOWN": try TalkingServer(.greets("down\n")),
            "DRAIN": try TalkingServer(.greets("drain\n")),
        ]
    }

    /// Server names say what is asked of whom; ports are filled in by the test.
    private static let sections = """
        backend tcp
            server ok OK check
            server refused NOBODY check
        backend http
            option httpchk GET /health
            server ok OK check
            server bad BAD check
            server refused NOBODY check
            server silent SILENT check
            server garbage GARBAGE check
            server gone GONE check
        backend draining
            option httpchk GET /health
            http-check disable-on-404
            server gone GONE check
        backend body
            option httpchk
            http-check send meth GET uri /x ver HTTP/1.1 hdr Host www
            http-check expect rstring hel+o
            server ok OK check
            server broken BROKEN check
        backend unwanted
            option httpchk GET /
            http-check expect ! string broken
            server ok OK check
            server broken BROKEN check
        backend header
            option httpchk GET /
            http-check expect hdr name x-state value -m beg rea
            server ok OK check
            server broken BROKEN check
        backend script
            option tcp-check
            tcp-check send PING\\r\\n
            tcp-check expect string +PONG
            server ok PONG check
            server silent SILENT check
        backend redis
            option redis-check
            server ok PONG check
            server silent SILENT check
        backend databases
            option mysql-check user x
            server silent SILENT check
        backend smtp
            option smtpchk
            server garbage GARBAGE check
            server silent SILENT check
            server away AWAY check
        backend ldap
            option ldap-check
            server garbage GARBAGE check
            server silent SILENT check
        backend hello
            option ssl-hello-chk
            server garbage GARBAGE check
            server silent SILENT check
        backend tls
            server garbage GARBAGE check check-ssl verify none
            server silent SILENT check check-ssl verify none
        backend limits
            timeout connect 300ms
            timeout check 500ms
            option httpchk GET /health
            server hole HOLE check inter 5s fastinter 5s downinter 5s
            server silent SILENT check inter 5s fastinter 5s downinter 5s
            server agent OK check agent-check agent-inter 5s agent-port HOLE
        backend program
            option external-check
            external-check command /bin/true
            server ok OK check
        backend failing
            option external-check
            external-check command /bin/false
            server ok OK check
        backend agents
            server half OK check weight 100 agent-check agent-inter 200ms agent-port HALF
            server down OK check weight 100 agent-check agent-inter 200ms agent-port DOWN
            server drain OK check weight 100 agent-check agent-inter 200ms agent-port DRAIN
        backend followers
            server a OK track tcp/ok
            server b OK track tcp/refused
            server c OK track agents/down
            server d OK track agents/drain

        """

    private func file(page: UInt16) throws -> String {
        var text = """
            global
                external-check
                insecure-fork-wanted
                maxconn 100
            defaults
                mode tcp
                timeout client 5s
                timeout server 5s
                timeout connect 1s
                default-server inter 200ms rise 2 fall 2
            listen page
                bind 127.0.0.1:\(page)
                mode http
                stats enable
                stats uri /
            \(Self.sections)
            """
        let nobody = try freePort()
        for (name, port) in servers.mapValues(\.port).merging(
            ["NOBODY": nobody, "HOLE": hole.port], uniquingKeysWith: { $1 })
        {
            text = text.replacing(" agent-port \(name)\n", with: " agent-port \(port)\n")
            text = text.replacing(" \(name) ", with: " 127.0.0.1:\(port) ")
        }
        return text
    }

    private static let names = sections.split(separator: "\n").reduce(
        into: (backend: "", all: [String]())
    ) {
        let words = $1.split(separator: " ")
        if words[0] == "backend" { $0.backend = String(words[1]) }
        if words[0] == "server" { $0.all.append("\($0.backend)/\(words[1])") }
    }.all

    private static let columns = ["status", "check_status", "weight", "check_rise", "check_fall"]

    private func words(_ rows: StatisticsRows) -> [String: [String]] {
        Dictionary(
            uniqueKeysWithValues: Self.names.map { name in
                (name, Self.columns.map { rows.cell(name, $0) })
            })
    }

    @Test func `state, word and weight of every server are the same`() throws {
        let folder = try ProgramFolder()
        let pages = (theirs: try freePort(), ours: try freePort())
        let theirs = try folder.write(try file(page: pages.theirs), to: "haproxy.cfg")
        let ours = try folder.write(try file(page: pages.ours), to: "ours.cfg")
        let haproxy = try RunningProgram(
            ["/usr/sbin/haproxy", "-db", "-f", theirs], in: folder, output: "haproxy",
            errors: "haproxy")
        let program = try folder.start(ours)
        defer {
            haproxy.kill()
            program.kill()
        }
        var last: (theirs: [String: [String]], ours: [String: [String]]) = ([:], [:])
        // Ours waits for a first result where haproxy begins with "up": in the end both know.
        try? eventually(within: .seconds(12), "the same words") {
            guard let their = try? StatisticsRows(port: pages.theirs, in: folder),
                let our = try? StatisticsRows(port: pages.ours, in: folder)
            else { return false }
            last = (words(their), words(our))
            return last.theirs == last.ours
        }
        for page in [pages.theirs, pages.ours] {
            let rows = try StatisticsRows(port: page, in: folder)
            for (server, column, limit) in [
                ("hole", "check_duration", 300), ("silent", "check_duration", 500),
                ("agent", "agent_duration", 300),
            ] {
                let time = try #require(Int(rows.cell("limits/\(server)", column)))
                #expect((limit - 5..<limit + 1_500).contains(time), "\(server) \(column)")
            }
        }
        #expect(last.theirs.count == Self.names.count)
        #expect(last.theirs.values.joined().allSatisfy { $0 != "?" })
        for name in Self.names {
            #expect(last.ours[name] == last.theirs[name], "\(name)")
        }
    }
}
#endif
