import Glibc
import LinuxIO
import Testing

@Suite struct `A file in memory` {
    @Test func `is read from its beginning, and is no program's that is started meanwhile`() throws
    {
        let file = try MemoryFile.holding(Array("some text".utf8), name: "test")
        // Other threads start programs at any time, some of them without closing what they don't know.
        #expect(fcntl(file.rawValue, F_GETFD) == FD_CLOEXEC)
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(file.rawValue, &buffer, 64)
        #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "some text")
    }
}
