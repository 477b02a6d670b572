import Glibc
import LinuxIO
import TestServers
import Testing

@Suite struct `Lines for a log` {
    @Test func `reach a daemon's socket, and are lost without one`() throws {
        let path = "/tmp/line-sink-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let sink = try LineSink(.socket(path: path))
        #expect(!sink.send("to nobody"))
        let daemon = try LogDaemon(at: path)
        #expect(sink.send("<30>a line"))
        #expect(daemon.takeLines() == ["<30>a line"])
        // A daemon that does not keep up holds nobody up.
        var taken = 0
        while taken < 10_000, sink.send("more") { taken += 1 }
        #expect(taken > 0 && taken < 10_000)
    }

    @Test func `go to a descriptor of the process, each with its end`() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        let sink = try LineSink(.descriptor(ends[1]))
        #expect(sink.send("first") && sink.send("second"))
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(ends[0], &buffer, 64)
        #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "first\nsecond\n")
        // A full pipe loses the line instead of waiting.
        let line = String(repeating: "x", count: 4000)
        var taken = 0
        while taken < 100, sink.send(line) { taken += 1 }
        #expect(taken < 100)
    }

    @Test
    func `stand in a file after what others have written there, and before what they write next`()
        throws
    {
        let path = "/tmp/line-sink-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer {
            close(file)
            unlink(path)
        }
        #expect(write(file, "before\n", 7) == 7)
        let sink = try LineSink(.descriptor(file))
        #expect(sink.send("a line"))
        #expect(write(file, "after\n", 6) == 6)
        let reader = open(path, O_RDONLY)
        defer { close(reader) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(reader, &buffer, 64)
        #expect(
            String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
                == "before\na line\nafter\n")
    }

    /// What can't be opened again shares whether it blocks with others, whose matter that is.
    @Test func `never wait for a socket, or for another user's pipe`() throws {
        var ends: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        var pipeEnds: [Int32] = [0, 0]
        #expect(pipe(&pipeEnds) == 0)
        defer { (ends + pipeEnds).forEach { close($0) } }
        // Files that are opened by this thread are another user's to it for a moment.
        // setfsuid(2) is hidden from Swift.
        typealias Become = @convention(c) (uid_t) -> Int32
        let become = unsafeBitCast(try #require(dlsym(nil, "setfsuid")), to: Become.self)
        _ = become(65_534)
        let sinks = Result {
            [try LineSink(.descriptor(ends[1])), try LineSink(.descriptor(pipeEnds[1]))]
        }
        _ = become(geteuid())
        for (sink, reader) in zip(try sinks.get(), [ends[0], pipeEnds[0]]) {
            let long = String(repeating: "x", count: 10_000)
            #expect(sink.send("a line") && sink.send(long))
            var buffer = [UInt8](repeating: 0, count: 65_536)
            var count = 0
            while count < 10_008 {
                let more = read(reader, &buffer[count], buffer.count - count)
                try #require(more > 0)
                count += more
            }
            #expect(String(decoding: buffer.prefix(count), as: UTF8.self) == "a line\n\(long)\n")
            var taken = 0
            while taken < 1_000, sink.send(long) { taken += 1 }
            #expect(taken > 0 && taken < 1_000)
            #expect(!sink.send("one more") || !sink.send(long))
        }
    }

    @Test func `a reader that is gone costs the line, and not the process`() async {
        await #expect(processExitsWith: .success) {
            // What runs tests may have it ignored.
            signal(SIGPIPE, SIG_DFL)
            var ends: [Int32] = [0, 0]
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            let sink = try LineSink(.descriptor(ends[1]))
            try #require(sink.send("to somebody"))
            close(ends[0])
            try #require(!sink.send("to nobody"))
        }
    }

    @Test func `dates are written as logs have them`() {
        setenv("TZ", "NPT-5:45", 1)
        tzset()
        defer {
            unsetenv("TZ")
            tzset()
        }
        let time = CivilTime(microseconds: 1_767_225_601_000_042)
        #expect(time.logDate == "01/Jan/2026:05:45:01.000")
        #expect(time.localLogDate == "01/Jan/2026:05:45:01 +0545")
        #expect(time.universalLogDate == "01/Jan/2026:00:00:01 +0000")
        #expect(time.syslogDate == "Jan  1 05:45:01")
        #expect(time.timestamp == "2026-01-01T05:45:01.000042+05:45")
        setenv("TZ", "UTC", 1)
        tzset()
        #expect(CivilTime(microseconds: -1).timestamp == "1969-12-31T23:59:59.999999+00:00")
    }

    @Test func `numbers have their digits, and a cut leaves whole characters`() {
        var line = LineBuffer()
        for number in [0, 7, -7, 1_234_567_890, .max, .min] {
            line.append(number)
            line.append(byte: UInt8(ascii: " "))
        }
        #expect(line.text == "0 7 -7 1234567890 9223372036854775807 -9223372036854775808 ")
        line.clear()
        for (number, width) in [(7, 3), (1_000, 3), (-7, 3)] { line.append(number, width: width) }
        #expect(line.text == "0071000-007")
        line.cut(to: 11)
        #expect(line.text == "0071000-007")
        line.clear()
        line.append("é😀")
        let cuts = (0...6).map { count in
            var shorter = line
            shorter.cut(to: count)
            return shorter.text
        }
        #expect(cuts == ["", "", "é", "é", "é", "é", "é😀"])
    }

    @Test func `a moment near another one is the one that it is`() {
        let former = CivilTime(microseconds: 1_767_225_601_000_042)
        for other in [0, 1, 999_957, 999_958, 3_600_000_000, -42, -43, -90_000_000_000] as [Int64] {
            let moment = 1_767_225_601_000_042 + other
            let near = CivilTime(microseconds: moment, near: former)
            #expect(near == CivilTime(microseconds: moment), "\(other)")
        }
    }
}
