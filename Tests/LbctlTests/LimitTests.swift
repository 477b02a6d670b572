#if Program
import Foundation
import LinuxIO
import Testing

/// How many connections the program takes, by the limits on open files.
@ProgramThread
@Suite(.serialized, .tags(.needsRoot), .enabled("NOT RUN: needs root") { geteuid() == 0 })
struct `The limit on connections` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    private func start(_ soft: Int, _ hard: Int, global: String = "") throws -> RunningProgram {
        let file = try folder.write(
            "global\n nbthread 2\n \(global)\n" + balancerFile(port: try freePort(), server: 1),
            to: "a.cfg")
        return folder.adopt(
            try RunningProgram(
                [
                    "/usr/bin/prlimit", "--nofile=\(soft):\(hard)", ProgramFolder.binary, "run",
                    "--control", folder.control, "--no-realtime", file,
                ], in: folder, output: "log", errors: "log"))
    }

    /// Kilobytes of its own that the balancer process has touched.
    private func memory(of program: RunningProgram) throws -> Int {
        let text = try String(
            contentsOfFile: "/proc/\(try program.balancer())/smaps_rollup", encoding: .utf8)
        let line = try #require(
            text.split(separator: "\n").first { $0.hasPrefix("Private_Dirty:") })
        return try #require(Int(line.split(whereSeparator: \.isWhitespace)[1]))
    }

    @Test func `the soft limit bounds nothing, and a high hard one costs nothing`() throws {
        let small = try start(256, 2_048)
        // Of 2,048: 129 for the process and its listener, 96 for pipes, 128 spare sockets; two for each.
        try folder.awaitLog(" serves, 847 connections at most")
        #expect(try folder.balancerStatus()["connection_limit"] as? Int == 847)
        let before = try memory(of: small)
        small.kill()
        let large = try start(1_024, 19_000)
        try folder.awaitLog(" serves, 9323 connections at most")
        // Their places alone would be 2.4 MB.
        #expect(try memory(of: large) < before + 1_000)
    }

    @Test func `a maxconn that cannot be had is told of, and one that can is not`() throws {
        let program = try start(256, 1_024, global: "maxconn 5000")
        let warning =
            "/a.cfg: warning: maxconn 5000 in the global section: the limit on open files here,"
            + " 1024, is enough for 335 connections; raise it ('ulimit -Hn', LimitNOFILE= of systemd)"
        try folder.awaitLog(warning)
        try folder.awaitLog(" serves, 335 connections at most")
        program.kill()
        _ = try start(256, 1_024, global: "maxconn 300")
        try folder.awaitLog(" serves, 300 connections at most")
        #expect(folder.text(of: "log").components(separatedBy: "warning: maxconn").count == 2)
    }
}
#endif
