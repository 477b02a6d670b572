import Failover
import Glibc
import LinuxIO
import Testing
import VRRPCore

extension `On a LAN` {
    @Suite struct `Tracked files as they are written` {
        private func priority(of node: TestNode) -> UInt8? {
            node.snapshot?.routers.first?.effectivePriority.rawValue
        }

        /// A node whose priority is 100 and what is in the file, while something is written there.
        private func linesOfTracking(
            _ name: String, _ write: (_ path: String, _ node: TestNode) throws -> Void
        ) throws -> [String] {
            let network = try TestNetwork()
            let path = "/tmp/\(network.prefix).\(name)"
            defer { unlink(path) }
            try SmallFile.write("10\n", to: path)
            var settings = try router(priority: 100) {
                $0.trackedFiles = [TrackedName(name: "load", weight: 1)]
            }
            settings.files = [TrackedFileSettings(name: "load", path: path)]
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(eventually(within: .seconds(1)) { priority(of: node) == 110 })
            try write(path, node)
            node.shutDown()
            return node.lines.filter { $0.contains("Track file load") }
        }

        @Test func `a file that is cut off and written anew is never read empty`() throws {
            let lines = try linesOfTracking("cut") { path, node in
                let file = open(path, O_WRONLY | O_TRUNC)
                // Longer than any look takes, and shorter than what is waited for.
                usleep(200_000)
                // Another file beside it is no reason to look.
                try SmallFile.write("5\n", to: path + ".beside")
                defer { unlink(path + ".beside") }
                usleep(200_000)
                #expect(Glibc.write(file, "20\n", 3) == 3)
                close(file)
                #expect(eventually(within: .milliseconds(500)) { priority(of: node) == 120 })
                // One that is written as fast as can be.
                for number in 0..<500 {
                    try SmallFile.write("\(20 + number % 2)\n", to: path)
                }
                try SmallFile.write("30\n", to: path)
                #expect(eventually(within: .milliseconds(500)) { priority(of: node) == 130 })
                // Emptied on purpose, by one who is done.
                try SmallFile.write("", to: path)
                #expect(eventually(within: .milliseconds(500)) { priority(of: node) == 100 })
            }
            #expect(lines.filter { $0.hasSuffix(" holds 0") }.count == 1)
            #expect(lines.last?.hasSuffix(" holds 0") == true)
        }

        @Test func `who keeps a file open is read a second later`() throws {
            let lines = try linesOfTracking("kept") { path, node in
                let file = open(path, O_RDWR)
                defer { close(file) }
                for number in UInt8(20)..<23 {
                    #expect(ftruncate(file, 0) == 0)
                    #expect(pwrite(file, "\(number)\n", 3, 0) == 3)
                    #expect(eventually(within: .seconds(2)) { priority(of: node) == 100 + number })
                }
                // The kernel tells of what is written to memory when the memory is given back.
                let map = mmap(nil, 3, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                map?.storeBytes(of: UInt8(ascii: "4"), as: UInt8.self)
                munmap(map, 3)
                try run("sh", "-c", ": >> \(path)")
                #expect(eventually(within: .milliseconds(500)) { priority(of: node) == 142 })
            }
            #expect(lines.count == 4)
        }

        @Test func `a directory that goes right after its file is missed each time`() throws {
            let network = try TestNetwork()
            let directory = "/tmp/\(network.prefix).again"
            defer { _ = try? run("rm", "-r", directory) }
            try run("mkdir", directory)
            var settings = try router(priority: 100) {
                $0.trackedFiles = [TrackedName(name: "load", weight: 1)]
            }
            settings.files = [TrackedFileSettings(name: "load", path: directory + "/load")]
            let node = try TestNode(settings, in: network.namespace("a"))
            for round in 0..<1_000 {
                try SmallFile.write("\(round)\n", to: directory + "/load")
                usleep(1_000)
                unlink(directory + "/load")
                // Between nothing and longer than a look takes, which is too short to sleep.
                let end = MonotonicInstant.now + .microseconds(round % 100 * 2)
                while .now < end {}
                rmdir(directory)
                mkdir(directory, 0o755)
                usleep(1_000)
            }
            try SmallFile.write("20\n", to: directory + "/load")
            #expect(eventually(within: .seconds(3)) { priority(of: node) == 120 })
            node.shutDown()
        }

        @Test func `a line that is added, a link and a name given anew count at once`() throws {
            _ = try linesOfTracking("named") { path, node in
                try run("sh", "-c", ": > \(path); echo 1 >> \(path)")
                #expect(eventually(within: .milliseconds(500)) { priority(of: node) == 101 })
                try run("sh", "-c", "printf 5 | dd of=\(path) conv=notrunc status=none")
                #expect(eventually(within: .milliseconds(500)) { priority(of: node) == 105 })
                try SmallFile.write("7\n", to: path + ".new")
                try run("ln", "--force", path + ".new", path)
                #expect(eventually(within: .milliseconds(500)) { priority(of: node) == 107 })
                try run("mv", path + ".new", path + ".newer")
                try SmallFile.write("8\n", to: path + ".newer")
                // By another name of the same file, which the directory does not tell of by this one.
                try run("rm", path)
                #expect(eventually(within: .milliseconds(500)) { priority(of: node) == 100 })
                try run("mv", path + ".newer", path)
                #expect(eventually(within: .milliseconds(500)) { priority(of: node) == 108 })
            }
        }
    }
}
