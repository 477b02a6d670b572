#if Program
import Foundation
import LinuxIO
import Testing

/// The same orders to Debian's haproxy and here: which servers come and go, and what they are then.
@ProgramThread @Suite(.serialized) struct `Servers that come and go beside haproxy` {
    /// Orders in haproxy's words, and what it says; "": an empty line.
    private static let orders: KeyValuePairs<String, String> = [
        "add server turns/n 127.0.0.1:5": "New server registered.",
        "add server turns/n 127.0.0.1:6": "Already exists a server with the same name in backend.",
        "add server nobody/n 127.0.0.1:5": "No such backend.",
        "add server fixed/n 127.0.0.1:5":
            "Backend must use a dynamic load balancing to support dynamic servers.",
        "add server map/n 127.0.0.1:5":
            "Backend must use a dynamic load balancing to support dynamic servers.",
        "add server circle/n 127.0.0.1:5": "New server registered.",
        "add server lots/n 127.0.0.1:5": "New server registered.",
        "add server few/n 127.0.0.1:5": "New server registered.",
        "add server order/n 127.0.0.1:5 maxconn 9": "New server registered.",
        "add server turns/w 127.0.0.1:5 weight 900":
            "weight of server w is not within 0 and 256 (900)..",
        "add server turns/w 127.0.0.1:5 wieght 9":
            "unknown keyword 'wieght'; did you mean 'weight' maybe ?",
        "add server turns/w 127.0.0.1:5 cookie x":
            "'cookie' option is not accepted for dynamic server",
        "add server turns/w 127.0.0.1:5 enabled": "New server registered.",
        "add server turns/v 127.0.0.1:5 check inter 1h weight 8 backup": "New server registered.",
        "add server turns/t 127.0.0.1:5 track turns/a":
            "unable to use turns/a for tracking as it does not have any check nor agent enabled.",
        "del server turns/a":
            "This server cannot be removed at runtime due to other configuration elements pointing"
            + " to it.",
        "del server turns/b": "Only servers in maintenance mode can be deleted.",
        "del server turns/nobody": "No such server.",
        "disable server turns/b": "",
        "del server turns/b": "Server deleted.",
        "disable server turns/a": "",
        "enable server turns/a": "",
        "add server turns/m 127.0.0.1:7 weight 9": "New server registered.",
        "enable server turns/m": "",
        "enable server turns/n": "",
        "del server turns/n": "Only servers in maintenance mode can be deleted.",
        "disable server fixed/t": "",
        "del server fixed/t": "Server deleted.",
        "disable server fixed/a": "",
        "del server fixed/a": "Server deleted.",
    ]

    private static let file = """
        defaults
            mode tcp
            timeout client 5s
            timeout server 5s
            timeout connect 1s
            default-server weight 50
        frontend web
            bind 127.0.0.1:PORT
            default_backend turns
        backend turns
            server a 127.0.0.1:1
            server b 127.0.0.1:2
            server c 127.0.0.1:3
            use-server a if { src 192.0.2.1 }
        backend fixed
            balance static-rr
            server a 127.0.0.1:1
            server t 127.0.0.1:2
        backend map
            balance source
            server a 127.0.0.1:1
        backend circle
            balance source
            hash-type consistent
            server a 127.0.0.1:1
        backend lots
            balance random
            server a 127.0.0.1:1
        backend few
            balance leastconn
            server a 127.0.0.1:1
        backend order
            balance first
            server a 127.0.0.1:1 maxconn 7
        listen page
            bind 127.0.0.1:PAGE
            mode http
            stats enable
            stats uri /

        """

    /// What a page's CSV says of the servers: backend, name, id, weight, state, limit, in their order.
    private func servers(at port: UInt16, in folder: ProgramFolder) throws -> [[String]] {
        let csv = try folder.run(command: [
            "/usr/bin/curl", "-sS", "--max-time", "5", "http://127.0.0.1:\(port)/;csv",
        ]).output.split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let header = try #require(csv.first)
        let columns = try ["# pxname", "svname", "sid", "weight", "status", "slim", "bck"].map {
            try #require(header.firstIndex(of: $0))
        }
        return csv.dropFirst().map { line in columns.map { line[$0] } }
            .filter { !$0[1].hasSuffix("END") }
            .map { row in
                // haproxy tells 1 of one that comes, until it is first enabled.
                row[4] == "MAINT" ? row.enumerated().map { $0 == 3 ? "" : $1 } : row
            }
    }

    @Test func `the same ones come and go, and are the same`() throws {
        let folder = try ProgramFolder()
        let ports = try (0..<4).map { _ in try freePort() }
        func file(_ port: UInt16, _ page: UInt16) -> String {
            Self.file.replacing("PORT", with: "\(port)").replacing("PAGE", with: "\(page)")
        }
        let socket = folder.path + "/haproxy"
        let haproxy = try RunningProgram(
            [
                "/usr/sbin/haproxy", "-db", "-f",
                try folder.write(
                    "global\n stats socket \(socket) level admin\n" + file(ports[0], ports[1]),
                    to: "theirs.cfg"),
            ], in: folder, output: "haproxy", errors: "haproxy")
        defer { haproxy.kill() }
        let program = try folder.start(
            try folder.write(file(ports[2], ports[3]), to: "ours.cfg"))
        try folder.awaitLog(" serves, ")
        try eventually(within: .seconds(9), "haproxy: \(folder.text(of: "haproxy"))") {
            try servers(at: ports[1], in: folder).count == 10
        }
        for (order, said) in Self.orders {
            let theirs = try folder.run(command: [
                "/bin/sh", "-c", "echo '\(order)' | /usr/bin/socat - UNIX-CONNECT:\(socket)",
            ]).output
            #expect(
                theirs.trimmingCharacters(in: .whitespacesAndNewlines) == said, "\(order)")
            let words = order.split(separator: " ").map(String.init)
            let ours = try folder.run(
                command: [ProgramFolder.binary, "server", words[0]] + words.dropFirst(2)
                    + ["--control", folder.control])
            let isDone = ["", "New server registered.", "Server deleted."].contains(said)
            #expect((ours.status == 0) == isDone, "\(order): \(ours)")
            #expect(
                try servers(at: ports[3], in: folder) == servers(at: ports[1], in: folder),
                "\(order)")
        }
        withExtendedLifetime(program) {}
    }
}
#endif
