import BalancerTLS
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// `option dontlognull` hides who looks whether the port is open, and nothing else.
    @Suite struct `Connections without a byte` {
        /// What becomes of a connection before its server answers.
        enum Fate: CaseIterable {
            case waits, connects, fails, introduces
        }

        @Test(arguments: Fate.allCases, [true, false])
        func `who leaves is told of if he had said something`(fate: Fate, speaks: Bool) throws {
            let trial = try Trial(fate, clientTimeout: .seconds(20))
            let client = trial.logged.running.connect()
            if speaks { client.send("PROXY ") }
            #expect(trial.isThere())
            client.reset()
            let state = trial.state(of: "C")
            // An attempt that failed is told of, whatever was said.
            if speaks || fate == .fails {
                #expect(trial.logged.lines(1).map(Self.state) == [state])
            } else {
                #expect(trial.isQuiet)
            }
        }

        @Test(arguments: Fate.allCases)
        func `a client's time-out before a server answered is told of`(fate: Fate) throws {
            let trial = try Trial(fate, clientTimeout: .milliseconds(200))
            let client = trial.logged.running.connect()
            // Who says nothing at all before a server is looked for has only looked.
            if fate == .introduces { client.send("P") }
            #expect(trial.logged.lines(1).map(Self.state) == [trial.state(of: "c")])
        }

        @Test func `a client that says nothing until its time-out is not told of`() throws {
            let trial = try Trial(.introduces, clientTimeout: .milliseconds(100))
            let client = trial.logged.running.connect()
            #expect(client.receiveAll().ending == .end)
            #expect(trial.isQuiet)
        }

        @Test func `who waits in vain for longer than a look takes is told of`() throws {
            let trial = try Trial(.connects, clientTimeout: .seconds(20))
            let client = trial.logged.running.connect()
            Thread.sleep(for: .milliseconds(1050))
            client.reset()
            #expect(trial.logged.lines(1).map(Self.state) == [trial.state(of: "C")])
        }

        @Test func `a handshake that fails is told of, and one that nobody began is not`() throws {
            let certificates = try #require(TLSCertificates.shared)
            var logging = ConnectionLogging(moment: .ending)
            logging.omitsEmpty = true
            let security = try TLSListener(certificates.listening)
            let server = ServerPlan(name: "a", address: try TestServer.refusingAddress())
            let logged = try LoggedBalancer(servers: [server], logging) { plan in
                plan.frontends[0].clientTimeout = .milliseconds(500)
                plan.frontends[0].listeners = [ListenerPlan()]
                plan.frontends[0].listeners[0].security = security
            }
            let plain = logged.running.connect()
            plain.send("GET / HTTP/1.0\r\n\r\n")
            #expect(logged.lines(1).map { Self.state($0).suffix(1) } == ["R"])
            // The head of a record that says of a ClientHello of 200 bytes, and a part of it.
            let part: [UInt8] = [0x16, 3, 1, 0, 200, 1, 0, 0]
            let cut = logged.running.connect()
            #expect(cut.sendAll(part[...]))
            cut.endSending()
            #expect(logged.lines(1).map(Self.state) == ["CR"])
            let late = logged.running.connect()
            #expect(late.sendAll(part[...]))
            #expect(logged.lines(1).map(Self.state) == ["cR"])
            logged.running.connect().close()
            #expect(logged.isQuiet())
        }

        /// The two characters of a line that say how the connection ended.
        private static func state(_ line: String) -> String { String(field(4)(line)) }

        /// A balancer whose connections stay at one stage.
        struct Trial {
            let logged: LoggedBalancer
            private let fate: Fate
            private var silent: SilentAddress?
            private var held: BlockingSocket?

            init(_ fate: Fate, clientTimeout: Duration) throws {
                self.fate = fate
                var logging = ConnectionLogging(moment: .ending)
                logging.omitsEmpty = true
                var server = ServerPlan(name: "a", address: try TestServer.refusingAddress())
                switch fate {
                case .connects:
                    let silent = try SilentAddress()
                    server = ServerPlan(name: "a", address: silent.address)
                    self.silent = silent
                case .waits:
                    let holding = try TestServer.holding("a")
                    server = ServerPlan(name: "a", address: holding.address, connectionLimit: 1)
                case .fails, .introduces: break
                }
                logged = try LoggedBalancer(servers: [server], logging) { plan in
                    plan.frontends[0].clientTimeout = clientTimeout
                    plan.frontends[0].listeners = [
                        ListenerPlan(acceptsProxyHeader: fate == .introduces)
                    ]
                }
                if fate == .waits {
                    let first = logged.running.connect()
                    first.send("x")
                    #expect(first.receive(exactly: 1) == "a")
                    held = first
                    // Its own time-out must not make room.
                    keepTalking(first)
                }
            }

            private func keepTalking(_ socket: BlockingSocket) {
                guard
                    let thread = try? Thread(
                        name: "talk",
                        { [weak socket] in
                            while let socket, socket.sendAll([1]) {
                                Thread.sleep(for: .milliseconds(20))
                            }
                        })
                else { return }
                thread.detach()
            }

            /// Whether the connection has come to its stage; at most 5 s.
            func isThere() -> Bool {
                let running = logged.running
                return running.wait {
                    switch fate {
                    case .waits: running.pool.currentQueue == 1
                    case .connects: running.pool.servers[0].currentSessions == 1
                    case .fails: running.pool.servers[0].retries == 1
                    case .introduces: running.frontend.currentSessions == 1
                    }
                }
            }

            /// Whether no line comes of the connection, once it is gone.
            var isQuiet: Bool { logged.isQuiet(open: held == nil ? 0 : 1) }

            func state(of cause: String) -> String {
                switch fate {
                case .waits: cause + "Q"
                case .connects, .fails: cause + "C"
                case .introduces: cause + "R"
                }
            }
        }
    }
}
