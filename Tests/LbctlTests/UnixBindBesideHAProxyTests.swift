#if Program
import Glibc
import LinuxIO
import Testing

/// `unix-bind` in Debian's haproxy and here.
@ProgramThread @Suite(.serialized) struct `Unix sockets beside haproxy` {
    @Test func `the same names, permissions and owners`() throws {
        let folder = try ProgramFolder()
        let server = try TalkingServer(.welcomes("welcome"))
        let owner = geteuid() == 0 ? 65_534 : geteuid()
        let group = geteuid() == 0 ? 65_533 : getegid()
        func file(_ name: String) throws -> String {
            try folder.write(
                """
                global
                    nbthread 1
                    unix-bind prefix \(folder.path)/\(name). mode 640 uid \(owner)
                    unix-bind gid \(group)
                defaults
                    mode tcp
                    timeout client 9s
                    timeout server 9s
                    timeout connect 9s
                listen web
                    bind unix@plain
                    bind unix@own mode 606 uid \(geteuid()) gid \(getegid())
                    server s 127.0.0.1:\(server.port)

                """, to: "\(name).cfg")
        }
        let haproxy = try RunningProgram(
            ["/usr/sbin/haproxy", "-db", "-f", try file("theirs")], in: folder,
            output: "haproxy", errors: "haproxy")
        defer { haproxy.kill() }
        let program = try folder.start(try file("ours"))
        defer { program.kill() }
        try folder.awaitLog(" serves, ")
        func facts(_ name: String) throws -> String {
            try folder.run(command: [
                "/bin/sh", "-c",
                "cd \(folder.path) && stat -c '%F %a %u %g' \(name).plain \(name).own",
            ]).output
        }
        let expected = """
            socket 640 \(owner) \(group)
            socket 606 \(geteuid()) \(getegid())

            """
        try eventually(within: .seconds(9), "haproxy: \(folder.text(of: "haproxy"))") {
            try facts("theirs") == expected
        }
        #expect(try facts("ours") == expected)
    }
}
#endif
