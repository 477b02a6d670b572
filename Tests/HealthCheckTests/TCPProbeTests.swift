#if Program
import Glibc
import NIOCore
import NIOPosix
import TestServers
import Testing

@testable import HealthCheck

extension `One after another` {
    @Suite struct `TCP probe` {
        private let eventLoop = MultiThreadedEventLoopGroup.singleton.next()

        private func probe(
            port: Int, closing: ProbeConnection.Closing = .reset, timeout: TimeAmount = .seconds(2)
        ) async throws -> ProbeOutcome {
            let target = try SocketAddress(ipAddress: "127.0.0.1", port: port)
            let probe = TCPProbe(closing: closing)
            return try await eventLoop.flatSubmit { [eventLoop] in
                probe.probe(target, timeout: timeout, on: eventLoop)
            }.get()
        }

        @Test func `passes where something listens`() async throws {
            let peer = try LoopbackPeer()
            #expect(try await probe(port: peer.port) == .passed)
        }

        @Test func `is refused where nothing listens`() async throws {
            #expect(try await probe(port: closedPort()) == .refused)
        }

        @Test func `gives up after its time limit where nobody answers`() async throws {
            let peer = try LoopbackPeer(backlog: 0)
            peer.fillBacklog()
            let clock = ContinuousClock()
            let begin = clock.now
            #expect(try await probe(port: peer.port, timeout: .milliseconds(200)) == .timedOut)
            let took = begin.duration(to: clock.now)
            #expect(took >= .milliseconds(200))
            #expect(took < .seconds(3))
        }

        @Test func `hears what becomes of a connection that is not made at once`() async throws {
            let peer = try LoopbackPeer(backlog: 0)
            var leaving: LoopbackPeer? = try LoopbackPeer(backlog: 0)
            var outcomes: [EventLoopFuture<ProbeOutcome>] = []
            for peer in [peer, leaving].compactMap(\.self) {
                peer.fillBacklog()
                let target = try SocketAddress(ipAddress: "127.0.0.1", port: peer.port)
                let outcome = eventLoop.submit { [eventLoop] in
                    TCPProbe().probe(target, timeout: .seconds(20), on: eventLoop)
                }
                outcomes.append(try await outcome.get())
            }
            let began = ContinuousClock.now
            peer.emptyBacklog()
            leaving = nil
            #expect(try await outcomes[0].get() == .passed)
            #expect(try await outcomes[1].get() == .refused)
            #expect(ContinuousClock.now - began < .seconds(10))
        }

        @Test func `leaves no descriptor behind of one that had its time`() async throws {
            let peer = try LoopbackPeer(backlog: 0)
            peer.fillBacklog()
            let target = try SocketAddress(ipAddress: "127.0.0.1", port: peer.port)
            let connection = try BareConnection.begin(to: target, closing: .reset).get()
            #expect(connection.advance() == .pending)
            // By the node, for another socket may have its number by then.
            let node = node(of: connection.descriptor)
            #expect(node != nil)
            let outcome = ConnectionWaiter.wait(
                for: connection, within: .milliseconds(50), on: eventLoop)
            #expect(try await outcome.get() == .timedOut)
            #expect(self.node(of: connection.descriptor) != node)
        }

        private func node(of descriptor: CInt) -> ino_t? {
            var facts = stat()
            return fstat(descriptor, &facts) == 0 ? facts.st_ino : nil
        }

        @Test func `ends with a reset by default`() async throws {
            let peer = try LoopbackPeer()
            _ = try await probe(port: peer.port)
            #expect(peer.endOfNextConnection() == ECONNRESET)
        }

        @Test func `sends the PROXY header alone`() async throws {
            let peer = try await FaultyPeer(.silent)
            defer { peer.stop() }
            var check = TCPProbe()
            check.connection.proxyHeader = .v2
            let target = try SocketAddress(ipAddress: "127.0.0.1", port: peer.port)
            let outcome = try await eventLoop.flatSubmit { [eventLoop, check] in
                check.probe(target, timeout: .seconds(5), on: eventLoop)
            }.get()
            #expect(outcome == .passed)
            for _ in 0..<200 where peer.text.isEmpty {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(peer.text == "\r\n\r\n\0\r\nQUIT\n \0\0\0")
        }

        @Test func `ends cleanly by choice`() async throws {
            let peer = try LoopbackPeer()
            _ = try await probe(port: peer.port, closing: .clean)
            #expect(peer.endOfNextConnection() == 0)
        }

        @Test func `a network that cannot be reached fails with the system's words`() async throws {
            // The kernel refuses to connect a TCP socket to a broadcast address.
            let target = try SocketAddress(ipAddress: "255.255.255.255", port: 80)
            let outcome = try await eventLoop.flatSubmit { [eventLoop] in
                TCPProbe().probe(target, timeout: .seconds(2), on: eventLoop)
            }.get()
            #expect(outcome == .unreachable(reason: "Network is unreachable"))
            #expect(outcome.code == "L4CON")
            #expect(outcome.verdict == false)
        }

        @Test(arguments: [
            (ECONNREFUSED, ProbeOutcome.refused, "L4CON", false as Bool?),
            (ETIMEDOUT, .timedOut, "L4TOUT", false),
            (EHOSTUNREACH, .unreachable(reason: "No route to host"), "L4CON", false),
            (EMFILE, .notRun(reason: "Too many open files"), "SOCKERR", nil),
            (EADDRNOTAVAIL, .notRun(reason: "Cannot assign requested address"), "SOCKERR", nil),
        ])
        func `an error of the system is sorted by whose fault it is`(
            code: CInt, outcome: ProbeOutcome, word: String, verdict: Bool?
        ) {
            #expect(TCPProbe.outcome(errno: code) == outcome)
            #expect(outcome.code == word)
            #expect(outcome.verdict == verdict)
        }
    }
}
#endif
