import Glibc
import LinuxIO
import Testing

/// Waits for the process at most ten seconds.
private func ending(of process: borrowing ChildProcess) -> ChildProcess.Ending? {
    var waited = pollfd(fd: process.pidfd.rawValue, events: Int16(POLLIN), revents: 0)
    guard poll(&waited, 1, 10_000) == 1 else { return nil }
    return process.reap()
}

private func take(from pipe: borrowing OutputPipe) -> String {
    var waited = pollfd(fd: pipe.readEnd.rawValue, events: Int16(POLLIN), revents: 0)
    guard poll(&waited, 1, 10_000) == 1 else { return "nothing" }
    return String(decoding: pipe.take(), as: UTF8.self)
}

@Suite(.serialized) struct `A child process beside others` {
    @Test func `tells how it ended also where this process ignores SIGCHLD`() throws {
        let before = signal(SIGCHLD, SIG_IGN)
        defer { signal(SIGCHLD, before) }
        let process = try ChildProcess(path: "sh", arguments: ["sh", "-c", "exit 7"])
        #expect(ending(of: process) == .exited(status: 7))
    }

    @Test func `has failed where somebody else took the answer`() throws {
        let process = try ChildProcess(path: "true", arguments: ["true"])
        #expect(waitpid(process.processID, nil, 0) == process.processID)
        #expect(ending(of: process) == .exited(status: 255))
    }

    @Test func `gets descriptors whose numbers change places`() throws {
        let one = try OutputPipe()
        let other = try OutputPipe()
        let (first, second) = (one.writeEnd.rawValue, other.writeEnd.rawValue)
        let process = try ChildProcess(
            path: "bash",
            arguments: [
                "bash", "-c", "echo first >&\(first); echo second >&\(second)",
            ],
            descriptors: [(first, second), (second, first)])
        #expect(ending(of: process) == .exited(status: 0))
        #expect(take(from: other) == "first\n")
        #expect(take(from: one) == "second\n")
    }

    @Test func `gets no descriptor that it was not given, below or above those`() throws {
        let output = try OutputPipe()
        // Free numbers: the test's process has descriptors of other tests as well.
        let below = fcntl(output.readEnd.rawValue, F_DUPFD, 700)
        let given = fcntl(output.readEnd.rawValue, F_DUPFD, below + 1)
        let above = fcntl(output.readEnd.rawValue, F_DUPFD, given + 1)
        defer { for number in [below, given, above] { close(number) } }
        let question =
            "for n in \(below) \(above); do [ -e /proc/$$/fd/$n ] && echo $n >&\(given); done;"
            + " echo . >&\(given)"
        let process = try ChildProcess(
            path: "bash", arguments: ["bash", "-c", question],
            descriptors: [(given, output.writeEnd.rawValue)])
        #expect(ending(of: process) == .exited(status: 0))
        #expect(take(from: output) == ".\n")
    }
}
