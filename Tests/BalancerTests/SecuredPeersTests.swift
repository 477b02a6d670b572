import BalancerTLS
import Glibc
import LinuxIO
import Synchronization
import TLSOptions
import Testing

@testable import Balancer

extension BalancerTests {
    /// Nodes that keep tables in common, by TLS.
    @Suite struct `Peers by TLS` {
        private let certificates: TLSCertificates

        init() throws { certificates = try #require(TLSCertificates.shared) }

        private func incoming(verifying: Bool = false) throws -> TLSListener {
            let pem = certificates.good + certificates.key
            var settings = TLSListenerSettings([.init(name: "good", pem: pem)])
            if verifying {
                settings.handshake.verification = .required
                settings.handshake.authorities = certificates.authority
            }
            return try TLSListener(settings)
        }

        private func outgoing(
            showing own: [UInt8]? = nil, verified name: String = "server.test"
        )
            throws -> TLSServer
        {
            var settings = TLSSettings()
            settings.authorities = .pem(certificates.authority)
            settings.certificate = own
            return try TLSServer(TLSContext(settings), verifiedName: name)
        }

        private func securities(verifying: Bool = false) throws -> PeerNodeSecurity {
            PeerNodeSecurity(
                outgoing: try outgoing(
                    showing: verifying ? certificates.good + certificates.key : nil),
                incoming: try incoming(verifying: verifying))
        }

        @Test(arguments: [false, true])
        func `what one node knows the other one knows too`(showsCertificate: Bool) throws {
            let ports = try freePorts(2)
            let nodes = try ["a", "b"].map { name in
                try PeerNode(
                    name, ["a", "b"], ports,
                    securedBy: try securities(verifying: showsCertificate))
            }
            nodes[0].bind(1, to: 1)
            nodes[1].bind(2, to: 1)
            #expect(eventually { nodes[1].server(of: 1) == 1 && nodes[0].server(of: 2) == 1 })
            #expect(eventually { nodes[0].acknowledged == nodes[0].lastChange })
        }

        /// A session whose handshake finds no room at first.
        private final class Crowded: ServerSecurity, SecureSession, @unchecked Sendable {
            // SAFETY: one connection uses it, on one thread.
            private var socket: Int32 = -1
            private var isCrowded = true

            func makeSession(on socket: Int32, asking _: ShortText?) -> (any SecureSession)? {
                self.socket = socket
                return self
            }

            var complaint: String? { nil }

            func handshake() -> HandshakeProgress {
                defer { isCrowded = false }
                return isCrowded ? .waits(forRoom: true) : .done
            }

            func receive(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Transfer {
                StreamSocket.receive(from: socket, into: buffer, upTo: byteCount)
            }

            func send(_ bytes: UnsafeRawPointer, count: Int) -> Transfer {
                StreamSocket.send(bytes, count: count, to: socket)
            }

            func endSending() -> Bool { true }
        }

        @Test func `a handshake that waits for room goes on as soon as there is some`() throws {
            let greeting = Mutex("")
            let server = try TestServer { socket in
                let text = socket.receive(exactly: 9)
                greeting.withLock { $0 = text }
            }
            let node = try PeerNode(
                "a", ["a", "b"], [try freePorts(1)[0], server.address.port],
                securedBy: PeerNodeSecurity(outgoing: Crowded(), incoming: nil))
            let began = MonotonicInstant.now
            #expect(eventually { greeting.withLock(\.self) == "HAProxyS " })
            #expect(MonotonicInstant.now - began < .seconds(2), "silence is 5 s")
            node.stop()
        }

        @Test func `OpenSSL says what a handshake waits for`() throws {
            let server = try TestServer { socket in Thread.sleep(for: .seconds(1)) }
            let filling = [UInt8](repeating: 0, count: 65_536)
            for isFull in [false, true] {
                let socket = try #require(BlockingSocket(to: server.address.port))
                _ = fcntl(socket.number, F_SETFL, O_NONBLOCK)
                while isFull,
                    case .moved = StreamSocket.send(filling, count: 65_536, to: socket.number)
                {}
                let session = try outgoing().makeSession(on: socket.number, asking: nil)
                #expect(session?.handshake() == .waits(forRoom: isFull))
            }
        }

        /// What OpenSSL has taken from the socket is not told of by the socket.
        @Test func `all of a large table comes at once`() throws {
            let ports = try freePorts(2)
            let first = try PeerNode("a", ["a", "b"], ports, securedBy: try securities())
            for key in 0..<9000 as Range<UInt32> { first.bind(key, to: Int(key % 2)) }
            let second = try PeerNode("b", ["a", "b"], ports, securedBy: try securities())
            let began = MonotonicInstant.now
            #expect(eventually { second.count == 9000 })
            #expect(MonotonicInstant.now - began < .seconds(2), "a beat is 3 s")
        }

        /// All four readings of a turn are full, and what is left has come to OpenSSL with the last one.
        @Test func `what the socket says nothing of is read as well`() throws {
            let ports = try freePorts(2)
            let node = try PeerNode(
                "a", ["a", "b"], ports,
                securedBy: PeerNodeSecurity(outgoing: nil, incoming: try incoming()))
            let peer = try #require(TLSVisitor(to: ports[0]))
            node.withNewsHeld {
                peer.send("HAProxyS 2.1\na\nb 1 1\n")
                Thread.sleep(for: .milliseconds(50))
                // OpenSSL reads ahead every second time: records of these lengths have it do so last.
                for length in [8192, 16_384, 16_384, 16_384, 8192] {
                    let beat = [0, PeerMessage.Control.heartbeat.rawValue]
                    let beats = Array(repeating: beat, count: length / 2).flatMap(\.self)
                    _ = peer.send(beats[...])
                }
                _ = peer.send([0, PeerMessage.Control.request.rawValue])
                Thread.sleep(for: .milliseconds(50))
            }
            // That it is one, what it asks for itself, and that it has told all that it knows.
            let answer = peer.receive(exactly: 8)
            #expect(
                answer == "200\n\0\0\0\u{1}" || answer == "200\n\0\0\0\u{2}",
                "\(answer.debugDescription)")
        }

        @Test func `who stops says so by TLS as well`() throws {
            let ports = try freePorts(2)
            let node = try PeerNode(
                "a", ["a", "b"], ports,
                securedBy: PeerNodeSecurity(outgoing: nil, incoming: try incoming()))
            let peer = try #require(TLSVisitor(to: ports[0]))
            peer.send("HAProxyS 2.1\na\nb 1 1\n")
            #expect(peer.receive(exactly: 4) == "200\n")
            node.stop()
            #expect(peer.receiveAll().ending == .end)
        }

        @Test func `one that has the same settings and names is the same`() throws {
            func server(
                _ name: String?, _ verified: String?,
                _ adjust: (inout TLSSettings) -> Void = { _ in }
            ) throws -> TLSServer {
                var settings = TLSSettings()
                settings.authorities = .pem(certificates.authority)
                adjust(&settings)
                return try TLSServer(
                    TLSContext(settings), serverName: name, verifiedName: verified)
            }
            let one = try server("a.test", "b.test")
            #expect(one.isSame(as: try server("a.test", "b.test")))
            #expect(!one.isSame(as: try server("c.test", "b.test")))
            #expect(!one.isSame(as: try server("a.test", "c.test")))
            #expect(!one.isSame(as: try server("a.test", "b.test") { $0.verifies = false }))
        }

        @Test func `who talks in the clear is sent away, and told of`() throws {
            let ports = try freePorts(2)
            let first = try PeerNode("a", ["a", "b"], ports, securedBy: try securities())
            let second = try PeerNode("b", ["a", "b"], ports)
            first.bind(1, to: 1)
            #expect(
                eventually {
                    first.news.contains {
                        guard case .refused(_, "p", let why) = $0 else { return false }
                        return why.hasPrefix("no TLS with it: ")
                    }
                })
            #expect(
                eventually {
                    first.news.contains {
                        guard case .left("b", "p", let why) = $0 else { return false }
                        return why.hasPrefix("no TLS with it: ")
                            || why == "it has closed the connection while TLS was agreed on"
                    }
                })
            #expect(second.count == 0)
        }

        @Test func `who shows no certificate learns nothing`() throws {
            let ports = try freePorts(2)
            var security = try securities(verifying: true)
            let first = try PeerNode("a", ["a", "b"], ports, securedBy: security)
            // It neither listens by the same rules, nor has one to show.
            security = PeerNodeSecurity(outgoing: try outgoing(), incoming: nil)
            let second = try PeerNode("b", ["a", "b"], ports, securedBy: security)
            first.bind(1, to: 1)
            #expect(
                eventually {
                    first.news.contains {
                        guard case .refused(_, "p", let why) = $0 else { return false }
                        return why.contains("certificate")
                    }
                })
            #expect(
                eventually {
                    second.news.contains {
                        guard case .left("a", "p", let why) = $0 else { return false }
                        return why.contains("certificate required")
                    }
                })
            #expect(second.count == 0)
        }

        @Test func `a certificate of another name is none`() throws {
            let ports = try freePorts(2)
            let first = try PeerNode("a", ["a", "b"], ports, securedBy: try securities())
            let second = try PeerNode(
                "b", ["a", "b"], ports,
                securedBy: PeerNodeSecurity(
                    outgoing: try outgoing(verified: "other.test"), incoming: nil))
            first.bind(1, to: 1)
            #expect(
                eventually {
                    second.news.contains(
                        .left(
                            peer: "a", of: "p",
                            "no TLS with it: its certificate: hostname mismatch"))
                })
            #expect(second.count == 0)
        }

        @Test func `an address at which nobody listens is no fault of TLS`() throws {
            let ports = try freePorts(2)
            let node = try PeerNode("a", ["a", "b"], ports, securedBy: try securities())
            let why = "\(Errno.connectionRefused)"
            #expect(eventually { node.news == [.left(peer: "b", of: "p", why)] })
        }

        @Test func `haproxy is a peer by TLS as well`() throws {
            let ports = try freePorts(2)
            let files = CertificateFiles(certificates, number: ports[0])
            let haproxy = try PeerHAProxy(
                name: "b", peers: [("a", ports[0]), ("b", ports[1])],
                defaults: """
                     default-bind ssl crt \(files.certificate)
                     default-server ssl verify required ca-file \(files.authority) verifyhost server.test
                    """,
                sections: """
                    backend t
                        stick-table type ip size 10k expire 10s peers p store server_id,conn_cnt
                        stick on src
                        server s0 127.0.0.1:1
                        server s1 127.0.0.1:1 id 77
                    """)
            let node = try PeerNode("a", ["a", "b"], ports, securedBy: try securities())
            node.bind(0x0102_0304, to: 1)
            #expect(
                eventually {
                    haproxy.ask("show table t key 1.2.3.4").contains("server_id=77")
                })
            _ = haproxy.ask("set table t key 5.6.7.8 data.server_id 77")
            #expect(eventually { node.server(of: 0x0506_0708) == 1 })
        }
    }
}
