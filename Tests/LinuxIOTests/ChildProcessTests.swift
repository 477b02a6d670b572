import Glibc
import LinuxIO
import Testing

@Suite struct `A child process` {
    @Test func `ends with its status, and its descriptor says so`() throws {
        let child = try ChildProcess(path: "/bin/sh", arguments: ["sh", "-c", "exit 7"])
        #expect(waitForEnd(child.pidfd.rawValue))
        let ending = child.reap()
        #expect(ending == .exited(status: 7))
    }

    @Test func `runs until a signal ends it, with all that it started`() throws {
        let (near, far) = try Socket.pair()
        defer { close(near) }
        let child = try ChildProcess(
            path: "sh", arguments: ["sh", "-c", "sleep 60 & sleep 60"], descriptors: [(5, far)])
        close(far)
        let early = child.reap()
        #expect(early == nil)
        child.signalGroup(SIGTERM)
        #expect(waitForEnd(child.pidfd.rawValue))
        let ending = child.reap()
        #expect(ending == .signalled(SIGTERM))
        // The grandchild held the other end; it is gone, too.
        var poll = pollfd(fd: near, events: Int16(POLLIN), revents: 0)
        #expect(Glibc.poll(&poll, 1, 5000) == 1)
        var byte: UInt8 = 0
        #expect(read(near, &byte, 1) == 0)
    }

    @Test func `gets the descriptors that it is given, and no other`() throws {
        let (near, far) = try Socket.pair()
        defer { close(near) }
        // The shell's own descriptors lie below 20: the directory's, and what it keeps at 10.
        let open = (20..<23).map { fcntl(far, F_DUPFD, $0) }
        defer { for number in open { close(number) } }
        let script = "for f in /proc/self/fd/*; do echo -n ${f##*/},; done >&7"
        let child = try ChildProcess(
            path: "/bin/sh", arguments: ["sh", "-c", script], descriptors: [(7, far)])
        close(far)
        #expect(waitForEnd(child.pidfd.rawValue))
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = read(near, &buffer, 256)
        let numbers = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            .split(separator: ",").compactMap { Int32($0) }
        let expected = [0, 1, 2, 7].filter { $0 == 7 || fcntl($0, F_GETFD) >= 0 }
        #expect(open.allSatisfy { $0 >= 20 })
        #expect(Set(numbers).isSuperset(of: expected))
        #expect(numbers.allSatisfy { $0 < 20 })
        _ = child.reap()
    }

    @Test func `gets the environment that it is given`() throws {
        let child = try ChildProcess(
            path: "/bin/sh", arguments: ["sh", "-c", "[ \"$NAME\" = value ] && exit 3"],
            environment: ["NAME=value"])
        #expect(waitForEnd(child.pidfd.rawValue))
        let ending = child.reap()
        #expect(ending == .exited(status: 3))
    }

    @Test func `that does not exist is an error that names it`() {
        do throws(SystemError) {
            _ = try ChildProcess(path: "/no/such/program", arguments: ["x"])
            Issue.record("it was started")
        } catch {
            #expect(
                error.description == "exec /no/such/program: No such file or directory (errno 2)")
        }
    }

    private func waitForEnd(_ descriptor: Int32) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, 10_000) == 1
    }
}
