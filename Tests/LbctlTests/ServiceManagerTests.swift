#if Program
import Foundation
import LinuxIO
import Testing

/// A socket like the one on which systemd hears its services.
private final class NotificationSocket {
    private let socket: Descriptor

    init(at path: String) throws {
        socket = try Socket.open(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, path)
        var address = sockaddr_un()
        address.sun_family = UInt16(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let length = UInt32(MemoryLayout.size(ofValue: address))
        let result = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket.rawValue, $0, length)
            }
        }
        try #require(result == 0)
    }

    /// What was said, in order, until a word has come that often.
    func words(until last: String, repeated times: Int = 1) throws -> [String] {
        var words: [String] = []
        try eventually(within: .seconds(20), "'\(last)' × \(times) in \(words)") {
            var buffer = [UInt8](repeating: 0, count: 1024)
            while words.count(where: { $0 == last }) < times,
                case .moved(let count) = Socket.receive(into: &buffer, from: socket.rawValue)
            {
                words.append(String(decoding: buffer[..<count], as: UTF8.self))
            }
            return words.count(where: { $0 == last }) == times
        }
        return words
    }
}

/// What a unit of systemd hears of the program.
@ProgramThread @Suite(.serialized, .tags(.needsRoot)) struct `Under a service manager` {
    private let manager: NotificationSocket
    let folder: ProgramFolder
    let environment: [String]

    init() throws {
        folder = try ProgramFolder()
        let path = folder.path + "/notify"
        manager = try NotificationSocket(at: path)
        environment = ["NOTIFY_SOCKET=\(path)", "WATCHDOG_USEC=200000"]
    }

    @Test func `it says that it is ready, reloads, turns, who is Active, and that it stops`() throws
    {
        let election = try folder.electionFile(tracking: "")
        let balancing = try folder.write(
            balancerFile(port: freePort(), server: 1), to: "balancer.cfg")
        let program = try folder.startElecting(election, balancing, environment: environment)
        _ = try manager.words(until: "READY=1")
        _ = try manager.words(until: "STATUS=VI_1 MASTER")
        // Ten a second: half of what it may take.
        let began = ContinuousClock.now
        let lives = try manager.words(until: "WATCHDOG=1", repeated: 5)
        #expect(lives == Array(repeating: "WATCHDOG=1", count: 5))
        #expect(ContinuousClock.now - began < .seconds(2))

        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        let reload = try manager.words(until: "READY=1").filter { $0 != "WATCHDOG=1" }
        try #require(reload.count == 2)
        #expect(reload[0].hasPrefix("RELOADING=1\nMONOTONIC_USEC="))

        try folder.write("vrrp_instance VI_1 {\n", to: "election.conf")
        #expect(try folder.run("reload", "--control", folder.control).status == 2)
        #expect(try manager.words(until: "READY=1").contains { $0.hasPrefix("RELOADING=1\n") })

        program.signal(SIGTERM)
        _ = try manager.words(until: "STOPPING=1")
        #expect(try program.awaitEnd(within: .seconds(20)) == .exited(status: 0))
    }

    @Test func `one that is not watched says nothing of its life`() throws {
        let file = try folder.write(balancerFile(port: freePort(), server: 1), to: "a.cfg")
        let other = ["WATCHDOG_PID=1"] + environment
        let program = try folder.startElecting(file, environment: other)
        #expect(try manager.words(until: "READY=1") == ["READY=1"])
        program.signal(SIGTERM)
        let rest = try manager.words(until: "STOPPING=1")
        #expect(!rest.contains("WATCHDOG=1"))
        #expect(try program.awaitEnd(within: .seconds(20)) == .exited(status: 0))
    }
}

@Suite struct `The Debian package` {
    @Test func `a process that hangs is killed at once, not asked and waited for`() throws {
        let unit = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Packaging/lbctl.service")
        let lines = try String(contentsOf: unit, encoding: .utf8).split(separator: "\n")
        #expect(lines.contains("WatchdogSec=4"))
        #expect(lines.contains("WatchdogSignal=SIGKILL"))
    }

    @Test func `it holds the program, the unit and its settings, and says what it needs`() throws {
        let folder = try ProgramFolder()
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let script = root.appending(path: "Packaging/deb").path
        // Compressing a debug build takes half a minute, and is dpkg's own.
        let made = try folder.run(command: [
            "/bin/sh", "-c",
            "cd \(folder.path) && DPKG_DEB_COMPRESSOR_TYPE=none \(script) \(ProgramFolder.binary)",
        ])
        #expect(made.status == 0, "\(made.errors)")
        let package = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let contents = try folder.run(command: ["/usr/bin/dpkg-deb", "--contents", package])
        let files = contents.output.split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            return "\(words[0]) \(words[1]) \(words[5])"
        }
        let documents = try linkedDocuments(in: root.appending(path: "README.md"))
        #expect(documents.contains("Documentation/CONFORMANCE.md"))
        for file in [
            "-rwxr-xr-x root/root ./usr/sbin/lbctl",
            "-rw-r--r-- root/root ./lib/systemd/system/lbctl.service",
            "-rw-r--r-- root/root ./etc/default/lbctl",
            "-rw-r--r-- root/root ./usr/share/man/man8/lbctl.8.gz",
            "-rw-r--r-- root/root ./usr/share/bash-completion/completions/lbctl",
            "-rw-r--r-- root/root ./usr/share/zsh/vendor-completions/_lbctl",
            "-rw-r--r-- root/root ./usr/share/fish/vendor_completions.d/lbctl.fish",
            "-rw-r--r-- root/root ./usr/share/doc/lbctl/copyright",
            "-rw-r--r-- root/root ./usr/share/doc/lbctl/README.md",
            "-rw-r--r-- root/root ./usr/share/doc/lbctl/Examples/health/haproxy.cfg",
        ] + documents.map({ "-rw-r--r-- root/root ./usr/share/doc/lbctl/\($0)" }) {
            #expect(files.contains(file), "\(file) in \(files)")
        }
        let needs = try folder.run(command: ["/usr/bin/dpkg-deb", "--field", package, "Depends"])
        #expect(needs.output.contains("libnl-route-3-200"))
    }

    /// The files that a document leads to, as it names them.
    private func linkedDocuments(in file: URL) throws -> [String] {
        let text = try String(contentsOf: file, encoding: .utf8)
        return text.matches(of: /\]\(([A-Za-z\/]+\.md)\)/).map { String($0.1) }
    }
}
#endif
