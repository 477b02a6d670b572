import Foundation
import LinuxIO
import Testing

@Suite struct `A file that is put in place whole` {
    private let folder = "/tmp/lbctl-replace-\(getpid())-\(UInt32.random(in: 0 ... .max))"

    @Test func `replaces a link instead of following it, and leaves nothing behind`() throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (path, victim) = (folder + "/dump", folder + "/victim")
        try "keep".write(toFile: victim, atomically: false, encoding: .utf8)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: victim)
        let text = [UInt8](repeating: 0x41, count: 200_000)
        try SmallFile.replace(path, with: text)
        #expect(SmallFile.read(path, limit: 300_000) == text)
        #expect(SmallFile.read(victim) == Array("keep".utf8))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
                "dump", "victim",
            ])
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    @Test func `where there is no folder, an error names the file`() {
        #expect {
            try SmallFile.replace("/nowhere/dump", with: [])
        } throws: {
            "\($0)".hasPrefix("open /nowhere/dump:")
        }
    }
}

@Suite struct `Processors of a thread` {
    @Test func `a set is what it was made of`() throws {
        let set = ProcessorSet([0, 63, 64, 8191, 8192, -1])
        #expect(set.numbers == [0, 63, 64, 8191])
        #expect(!ProcessorSet.current.numbers.isEmpty)
        #expect(throws: SystemError.self) { try ProcessorSet([8191]).restrictThread() }
        let thread = try Thread(name: "affinity") {
            let first = ProcessorSet(ProcessorSet.current.numbers.prefix(1))
            try? first.restrictThread()
            #expect(ProcessorSet.current == first)
        }
        thread.join()
    }
}
