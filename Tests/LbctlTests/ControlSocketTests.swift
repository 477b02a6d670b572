#if Program
import Control
import Glibc
import LinuxIO
import Reactor
import Testing

@testable import lbctl

/// What clients that ask too much, too slowly or for nothing get; on a loop of the test's own.
@Suite struct `The control socket's limits` {
    private let path = "/tmp/lbctl-control-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    private let loop: EventLoop

    init() throws { loop = try EventLoop() }

    /// What a client has heard.
    private enum Heard { case nothing, bytes, end }

    private func listening(
        patience: Duration = .seconds(30), answer: [[UInt8]] = [Array("{}\n".utf8)]
    ) throws -> ControlSocket {
        try ControlSocket(path: path, loop: loop, patience: patience) { $1(answer) }
    }

    private func heard(_ client: Client) -> Heard {
        var byte: UInt8 = 0
        let count = recv(client.socket.rawValue, &byte, 1, Int32(MSG_DONTWAIT))
        if count < 0, errno == EAGAIN { return .nothing }
        return count > 0 ? .bytes : .end
    }

    /// Whether the other side is closed, whatever there is to read yet.
    private func hasBeenLeft(_ client: Client) -> Bool {
        var request = pollfd(fd: client.socket.rawValue, events: 0, revents: 0)
        return poll(&request, 1, 0) == 1 && request.revents & Int16(POLLHUP) != 0
    }

    private func ask(_ client: Client) {
        let request = ControlCodec.encode(ControlRequest.status)
        #expect(send(client.socket.rawValue, request, request.count, Int32(MSG_NOSIGNAL)) > 0)
    }

    /// Turns until that holds; at most 5 s.
    private func turn(until isTrue: () -> Bool) -> Bool {
        let end = MonotonicInstant.now + .seconds(5)
        while !isTrue() {
            guard MonotonicInstant.now < end else { return false }
            loop.turn(longestWait: .milliseconds(5))
        }
        return true
    }

    private final class Client {
        let socket: Descriptor
        init(to path: String) throws { socket = try UnixSocket.connected(to: path) }
    }

    @Test func `64 clients are served, and another one once one of them has left`() throws {
        let control = try listening()
        var clients = try (0..<64).map { _ in
            let client = try Client(to: path)
            loop.turn(longestWait: .milliseconds(5))
            return client
        }
        let late = try Client(to: path)
        #expect(turn { heard(late) == .end })
        for client in clients {
            ask(client)
            #expect(turn { heard(client) == .bytes })
        }
        clients.removeLast()
        loop.turn(longestWait: .milliseconds(5))
        let next = try Client(to: path)
        ask(next)
        #expect(turn { heard(next) == .bytes })
        withExtendedLifetime((control, clients)) {}
    }

    @Test func `who stays for too long is sent away, whether he asks or not`() throws {
        let control = try listening(patience: .milliseconds(200))
        let start = MonotonicInstant.now
        let (silent, asking) = (try Client(to: path), try Client(to: path))
        ask(asking)
        #expect(turn { heard(asking) == .bytes })
        #expect(turn { heard(silent) == .end })
        #expect(turn { heard(asking) == .end })
        #expect(MonotonicInstant.now - start >= .milliseconds(200))
        withExtendedLifetime(control) {}
    }

    @Test func `who asks for more than he reads is sent away`() throws {
        // Each answer is as long as one may be: two may wait, and a third is one too many.
        let piece = [UInt8](repeating: 0x20, count: 1 << 20)
        let control = try listening(answer: Array(repeating: piece, count: 64))
        let (modest, greedy) = (try Client(to: path), try Client(to: path))
        for _ in 0..<2 { ask(modest) }
        for _ in 0..<4 { ask(greedy) }
        #expect(turn { hasBeenLeft(greedy) })
        #expect(!hasBeenLeft(modest))
        #expect(heard(modest) == .bytes)
        withExtendedLifetime(control) {}
    }
}
#endif
