#if Program
import Foundation
import LinuxIO
import Testing

/// The same file before the same servers, in Debian's haproxy and here: the same words.
@ProgramThread @Suite(.serialized) struct `Health checks beside haproxy` {
    private let servers: [String: TalkingServer]
    private let hole: BlackHole
    private let nobody: UInt16

    init() throws {
        hole = try BlackHole()
        nobody = try freePort()
        servers = [
            "OK": try TalkingServer(
                TalkingServer.http("200 OK", "hello world", headers: "X-State: ready, x\r\n")),
            "BAD": try TalkingServer(TalkingServer.http("503 Service Unavailable")),
            "GONE": try TalkingServer(TalkingServer.http("404 Not Found")),
            "BROKEN": try TalkingServer(
                TalkingServer.http("200 OK", "broken", headers: "X-State: stopping\r\n")),
            "SILENT": try TalkingServer(.silent),
            "CLOSED": try TalkingServer(.greets("")),
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
            id 7
            server ok OK check
            server refused NOBODY check
        backend http
            option httpchk GET /health
            server ok OK check
            server bad BAD check id 1
            server refused NOBODY check id 12
            server silent SILENT check
            server garbage GARBAGE check
            server gone GONE check
        backend draining
            id 1
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
        backend names
            option httpchk GET /
            http-check expect hdr name -m reg ^x-st.te$ value -m reg ^ready$
            server ok OK check
            server broken BROKEN check
        backend whole
            option httpchk GET /
            http-check expect fhdr name x-state value -m reg ^ready$
            server ok OK check
        backend bodies
            option httpchk GET /
            http-check expect ! string broken
            http-check expect status 200,404
            server ok OK check
            server gone GONE check
        backend words
            option httpchk GET /
            http-check expect error-status L4CON on-error no\\ luck comment first status 200
            http-check expect ok-status L6OK on-success all\\ well tout-status L4TOUT rstring world
            server ok OK check
            server bad BAD check
        backend script_steps
            option tcp-check
            tcp-check connect
            tcp-check comment the\\ greeting
            tcp-check send PING\\r\\n
            tcp-check expect string +PONG
            tcp-check expect rstring ^.PONG.$
            tcp-check comment elsewhere
            tcp-check connect port NOBODY
            tcp-check expect string x
            server ok PONG check
            server silent SILENT check
            server refused NOBODY check
        backend script_content
            option tcp-check
            tcp-check connect
            tcp-check expect comment hello ! string away
            tcp-check expect string 421
            server away AWAY check
        backend script_regex
            option tcp-check
            tcp-check expect min-recv 5 rstring ^22.
            server away AWAY check
        backend script_binary
            option tcp-check
            tcp-check expect min-recv 5 comment code binary 3232
            server away AWAY check
        backend script_hex
            option tcp-check
            tcp-check expect min-recv 5 rbinary ^3232
            server away AWAY check
        backend script_words
            option tcp-check
            tcp-check send PING\\r\\n
            tcp-check expect ok-status L7OKC on-success %[srv_name]\\ of\\ %[be_name] error-status L7STS on-error it\\ is\\ not tout-status L6TOUT status-code int(42) string +PONG
            server ok PONG check
            server silent SILENT check
            server half HALF check
        backend script_tls
            option tcp-check
            tcp-check connect ssl comment hidden
            tcp-check send x
            server silent SILENT check verify none
        backend script_connect
            option tcp-check
            tcp-check connect
            server ok OK check
        backend script_end
            option tcp-check
            tcp-check expect string x
            server closed CLOSED check
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
            listen ids
                id 4
                option socket-stats
                bind 127.0.0.1:\(try freePort())
                bind 127.0.0.1:\(try freePort()) id 1
                bind 127.0.0.1:\(try freePort()) id 9 name own
                bind 127.0.0.1:\(try freePort())
                server x NOBODY id 2
                server y NOBODY weight 1

            """
        for (name, port) in servers.mapValues(\.port).merging(
            ["NOBODY": nobody, "HOLE": hole.port], uniquingKeysWith: { $1 })
        {
            text = text.replacing("port \(name)\n", with: "port \(port)\n")
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

    /// What has a number (`id`) besides servers.
    private static let numbered =
        ["FRONTEND", "sock-2", "sock-1", "own", "sock-5", "x", "y", "BACKEND"].map { "ids/\($0)" }
        + ["page/FRONTEND", "tcp/BACKEND", "http/BACKEND"]

    /// What a check says about itself is compared where haproxy's words are taken over.
    private static func columns(of server: String) -> [String] {
        let columns = ["status", "check_status", "weight", "check_rise", "check_fall"]
        return server.hasPrefix("script") || server.hasPrefix("words")
            ? columns + ["last_chk"] : columns
    }

    /// What is said of a check is empty while the next one is under way: then the last word counts.
    private func words(
        _ rows: StatisticsRows, since last: [String: [String]]
    ) -> [String: [String]] {
        Dictionary(
            uniqueKeysWithValues: Self.names.map { name in
                var cells = Self.columns(of: name).map { rows.cell(name, $0) }
                if cells.last == "", let before = last[name]?.last {
                    cells[cells.count - 1] = before
                }
                return (name, cells)
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
            last = (words(their, since: last.theirs), words(our, since: last.ours))
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
        let rows = (
            theirs: try StatisticsRows(port: pages.theirs, in: folder),
            ours: try StatisticsRows(port: pages.ours, in: folder)
        )
        for name in Self.names + Self.numbered {
            for column in ["iid", "sid"] {
                let number = rows.theirs.cell(name, column)
                #expect(Int(number) != nil && rows.ours.cell(name, column) == number, "\(name)")
            }
        }
        #expect(last.theirs.count == Self.names.count, "\(folder.text(of: "haproxy"))")
        #expect(last.theirs.values.joined().allSatisfy { $0 != "?" })
        for name in Self.names {
            #expect(last.ours[name] == last.theirs[name], "\(name)")
        }
    }
}
#endif
