import Failover
import Glibc
import LinuxIO
import Testing
import VRRPCore

extension `On a LAN` {
    @Suite struct `Notifications` {
        /// A program that appends its words and its epoch to a file.
        private func append(to file: String, after seconds: Double, _ words: String) -> [String] {
            ["sh", "-c", "sleep \(seconds); echo \(words) $* $LBCTL_EPOCH >> \(file)", "append"]
        }

        private func lines(of file: String) throws -> [[Substring]] {
            try run("cat", file).split(separator: "\n").map { $0.split(separator: " ") }
        }

        @Test func `a state that is no longer current is left out; what runs may finish`() throws {
            let network = try TestNetwork()
            let file = "/tmp/\(network.prefix).collapsed"
            defer { unlink(file) }
            var settings = try router(priority: 100)
            settings.routers[0].notifications.backup = append(to: file, after: 1, "backup")
            settings.routers[0].notifications.active = append(to: file, after: 0, "active")
            settings.routers[0].notifications.any = append(to: file, after: 0, "any")
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try network.ip("a", "link", "set", "eth1", "down")
            #expect(node.waitForState(.fault, within: .seconds(2)) != nil)
            #expect(eventually(within: .seconds(3)) { (try? lines(of: file).count) == 2 })
            let written = try lines(of: file)
            #expect(written[0].first == "backup")
            #expect(written[1].prefix(5) == ["any", "INSTANCE", "VI_1", "FAULT", "100"])
            // The generic one of BACKUP, and both of MASTER.
            #expect(node.snapshot?.routers.first?.obsoleteNotifications == 3)
            node.shutDown()
        }

        @Test func `each state has a greater epoch than the one before, near the real time`()
            throws
        {
            let network = try TestNetwork()
            let file = "/tmp/\(network.prefix).epochs"
            defer { unlink(file) }
            let before = Int64(time(nil)) * 1_000_000
            var settings = try router(priority: 100)
            settings.routers[0].notifications.any = append(to: file, after: 0, "any")
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            #expect(eventually(within: .seconds(2)) { (try? lines(of: file).count) == 2 })
            let epochs = try lines(of: file).compactMap { $0.last.flatMap { Int64($0) } }
            let first = try #require(epochs.first)
            let second = try #require(epochs.last)
            #expect(before <= first)
            #expect(first < second)
            #expect(second < before + 60_000_000)
            #expect(node.snapshot?.routers.first?.epoch == second)
            node.shutDown()
        }

        @Test func `a named pipe gets keepalived's lines, and goes with the node`() throws {
            let network = try TestNetwork()
            let path = "/tmp/\(network.prefix).fifo"
            var settings = try router(priority: 100)
            settings.notificationFIFOs = [NotificationFIFOSettings(path: path)]
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let text = try run("timeout", "1", "head", "-n", "2", path)
            #expect(text == "INSTANCE \"VI_1\" BACKUP 100\nINSTANCE \"VI_1\" MASTER 100\n")
            node.shutDown()
            #expect(access(path, F_OK) != 0)
        }

        @Test func `a pipe's reader is started again, hears the end, and ends with the node`()
            throws
        {
            let network = try TestNetwork()
            let (path, file) = ("/tmp/\(network.prefix).read", "/tmp/\(network.prefix).lines")
            let (other, process) = ("/tmp/\(network.prefix).deaf", "/tmp/\(network.prefix).pid")
            defer { for path in [file, process] { unlink(path) } }
            var settings = try router(priority: 100)
            var pipe = NotificationFIFOSettings(path: path)
            let reading = """
                n=0
                while read -r line; do
                    echo "$line" >>\(file)
                    n=$((n + 1))
                    [ $n -lt 2 ] || exit 3
                done <"$0"
                """
            pipe.reader = ["sh", "-c", reading]
            pipe.owner = "nobody:"
            var deaf = NotificationFIFOSettings(path: other)
            deaf.reader = ["sh", "-c", "echo $$ >\(process); exec sleep 1000"]
            settings.notificationFIFOs = [pipe, deaf]
            let node = try TestNode(settings, in: network.namespace("a"))
            let ended = "The reader of \(path) ended (exited with status 3): again in 1.0 seconds"
            #expect(node.waitForLine(ended, within: .seconds(4)))
            #expect(try run("stat", "-c", "%U", path) == "nobody\n")
            var next = settings
            next.tellsStatesOnReload = true
            let told = next
            _ = node.perform { (try? $0.reconfigure(told)) != nil }
            #expect(
                try eventually(within: .seconds(3)) {
                    try run("cat", file).split(separator: "\n").count == 3
                })
            let reader = try #require(Int32(try run("cat", process).dropLast()))
            #expect(isRunning(reader))
            let start = MonotonicInstant.now
            node.shutDown()
            #expect(MonotonicInstant.now - start < .seconds(4))
            #expect(!isRunning(reader))
            let lines = try run("cat", file).split(separator: "\n")
            #expect(
                lines.map { $0.split(separator: " ")[2] } == ["BACKUP", "MASTER", "MASTER", "STOP"])
        }

        @Test func `a full named pipe loses lines, which are counted, and blocks nothing`() throws {
            let network = try TestNetwork()
            let path = "/tmp/\(network.prefix).full"
            try run("mkfifo", path)
            defer { unlink(path) }
            let pipe = try NamedPipe(path: path)
            let page = [UInt8](repeating: 0x2E, count: 4096)
            while case .moved = pipe.write(page) {}
            var settings = try router(priority: 100)
            settings.notificationFIFOs = [NotificationFIFOSettings(path: path)]
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            #expect(node.snapshot?.notificationFIFOs.first?.lost == 2)
            let text = "write \(path): Resource temporarily unavailable (errno 11)"
            #expect(node.lines.count { $0.contains(text) } == 1)
            node.shutDown()
            // Somebody else made it.
            #expect(access(path, F_OK) == 0)
        }

        @Test func `what is no named pipe is told of and left alone`() throws {
            let network = try TestNetwork()
            let path = "/tmp/\(network.prefix).file"
            try run("touch", path)
            defer { unlink(path) }
            var settings = try router(priority: 100)
            settings.notificationFIFOs = [NotificationFIFOSettings(path: path)]
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.lines.contains { $0.contains("mkfifo \(path): File exists") })
            node.shutDown()
            #expect(try run("cat", path).isEmpty)
        }

        @Test func `a router that a reload removed tells of its end before the node does end`()
            throws
        {
            let network = try TestNetwork()
            let file = "/tmp/\(network.prefix).stopped"
            defer { unlink(file) }
            var settings = try router(priority: 100)
            settings.routers[0].notifications.stop = append(to: file, after: 0.5, "stop")
            let node = try TestNode(settings, in: network.namespace("a"))
            let next = try router(priority: 100) {
                $0.name = "VI_2"; $0.vrid = VRID(52) ?? $0.vrid
            }
            _ = node.perform { node -> Bool in (try? node.reconfigure(next)) != nil }
            node.shutDown()
            #expect(try lines(of: file).first?.first == "stop")
        }
    }
}
