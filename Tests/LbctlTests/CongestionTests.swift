#if Program
import Foundation
import LinuxIO
import Testing

/// An algorithm that only root may set; `nil`: this host has none.
private let restricted = Set(CongestionControl.available)
    .subtracting(CongestionControl.allowed).min()

/// `cc` on lines of `bind` and `server`, in the running program.
@ProgramThread @Suite(.serialized) struct `Algorithms of congestion control` {
    let folder: ProgramFolder
    let port: UInt16

    init() throws {
        folder = try ProgramFolder()
        port = try freePort()
    }

    private func file(
        _ server: String = "", more: String = "", global: String = ""
    ) throws -> String {
        try folder.write(
            global
                + balancerFile(port: port, server: 9, more: more)
                .replacing("127.0.0.1:9", with: "127.0.0.1:9 \(server)"), to: "a.cfg")
    }

    @Test func `one that there is not is refused at the start and by a reload`() throws {
        let known = CongestionControl.available.joined(separator: ", ")
        #expect(!known.isEmpty)
        let bind = "frontend web: 'cc magic' of 127.0.0.1:\(port + 1)"
        for (server, more, place) in [
            ("cc magic", "", "server web/s1: 'cc magic'"),
            ("", "bind 127.0.0.1:\(port + 1) cc magic", bind),
        ] {
            let log = more.isEmpty ? "server-log" : "bind-log"
            let path = try file(server, more: more)
            // Which ones there are the running kernel knows, and not a file.
            #expect(try folder.run("check", path).status == 0)
            let complaint = "\(place): the kernel has no such algorithm; it has: \(known)"
            let start = try folder.run("run", "--control", folder.control, "--no-realtime", path)
            #expect(start.status == 2 && start.errors.contains(complaint), "\(start)")
            let program = try folder.start(try file(), log: log)
            try folder.awaitLog("serves", in: log)
            _ = try file(server, more: more)
            let reload = try folder.run("reload", "--control", folder.control)
            #expect(reload.status == 2 && reload.errors.contains(complaint), "\(reload)")
            program.kill()
        }
    }

    @Test(
        .tags(.needsRoot),
        .enabled("NOT RUN: wants root, and an algorithm that root alone may set") {
            geteuid() == 0 && restricted != nil
        })
    func `a balancer process without privileges may not have one of root's`() throws {
        let algorithm = try #require(restricted)
        let user = "global\n uid 65533\n gid 65532\n"
        // Root opens the listening sockets.
        let program = try folder.start(
            try file(
                "disabled", more: "bind 127.0.0.1:\(try freePort()) cc \(algorithm)", global: user))
        try folder.awaitLog("serves")
        _ = try file("cc \(algorithm)", global: user)
        let reload = try folder.run("reload", "--control", folder.control)
        #expect(reload.status == 3)
        #expect(
            reload.errors.contains(
                "server web/s1: 'cc \(algorithm)': root alone may set it; anybody may set: "
                    + CongestionControl.allowed.joined(separator: ", ")), "\(reload)")
        program.kill()
        _ = try folder.start(try file("cc \(algorithm)"), log: "root")
        try folder.awaitLog("serves", in: "root")
    }
}
#endif
