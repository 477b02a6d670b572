import Glibc
import LinuxIO
import Testing

@testable import Balancer

private let gigabyte = 1_000_000_000

extension BalancerTests {
    @Suite struct `The relay` {
        @Test(arguments: [1, 2])
        func `passes 1 GB to the server`(reactors: Int) throws {
            let server = try TestServer { $0.send("\(Pattern.receive(from: $0) ?? -1)") }
            let running = try RunningBalancer(reactors: reactors, server: server)
            let client = running.connect()
            #expect(Pattern.send(gigabyte, to: client))
            client.endSending()
            #expect(client.receiveAll().text == "1000000000")
            #expect(running.frontend.bytesIn == 1_000_000_000)
            #expect(running.pool.servers[0].bytesIn == 1_000_000_000)
            #expect(running.pool.servers[0].bytesOut == 10)
        }

        @Test(arguments: [1, 2])
        func `passes 1 GB to the client`(reactors: Int) throws {
            let server = try TestServer { _ = Pattern.send(gigabyte, to: $0) }
            let running = try RunningBalancer(reactors: reactors, server: server)
            #expect(Pattern.receive(from: running.connect()) == 1_000_000_000)
            #expect(running.frontend.bytesOut == 1_000_000_000)
        }

        @Test(arguments: [1, 2])
        func `passes 1 GB each way at once`(reactors: Int) throws {
            let serverReceived = Box<Int>()
            let server = try TestServer { socket in
                let received = try? concurrently({ Pattern.receive(from: socket) }) {
                    _ = Pattern.send(gigabyte, to: socket)
                    socket.endSending()
                }
                serverReceived.value = received ?? nil
            }
            let running = try RunningBalancer(reactors: reactors, server: server)
            let client = running.connect()
            let received = try concurrently({ Pattern.receive(from: client) }) {
                _ = Pattern.send(gigabyte, to: client)
                client.endSending()
            }
            #expect(received == 1_000_000_000)
            #expect(running.wait { running.frontend.currentSessions == 0 })
            #expect(running.wait { serverReceived.value == 1_000_000_000 })
        }

        /// A server's host resets what comes for a connection that the server has closed.
        @Test func `does not cut a complete answer when the server resets what comes later`() throws
        {
            let text = String(repeating: "answer", count: 30_000)
            let closed = Box<Bool>()
            let server = try TestServer { socket in
                socket.send(text)
                socket.close()
                closed.value = true
            }
            let running = try RunningBalancer(server: server)
            let client = running.connect(receiveBuffer: 4096)
            #expect(running.wait { closed.value == true && running.frontend.bytesOut == 180_000 })
            Thread.sleep(for: .milliseconds(30))
            client.send("x")
            #expect(running.wait { running.frontend.currentSessions == 0 })
            let received = client.receiveAll()
            #expect(received.text == text)
            #expect(received.ending == .end)
            #expect(running.pool.serverAborts == 1)
        }

        /// A server that closes without having read all resets the connection behind its answer.
        @Test func `passes on the answer of a server that does not read a long request`() throws {
            let server = try TestServer { socket in
                _ = socket.receive(upTo: 1)
                Thread.sleep(for: .milliseconds(3))
                socket.send("413")
            }
            let running = try RunningBalancer(server: server)
            for _ in 0..<30 {
                let client = running.connect()
                _ = Pattern.send(64 << 20, to: client)
                let received = client.receiveAll()
                #expect(received.text == "413")
                #expect(received.ending == .failed(ECONNRESET) || received.ending == .end)
            }
        }

        @Test func `keeps what a slow reader does not take, and loses nothing`() throws {
            let server = try TestServer { _ = Pattern.send(30_000_000, to: $0) }
            let running = try RunningBalancer(server: server)
            let client = running.connect(receiveBuffer: 32_768)
            let received = Pattern.receive(from: client, piece: 300_000) {
                Thread.sleep(for: .milliseconds(1))
            }
            #expect(received == 30_000_000)
        }

        @Test func `serves more slow readers than there are pipes`() throws {
            let server = try TestServer { _ = Pattern.send(8_000_000, to: $0) }
            let running = try RunningBalancer(server: server)
            let clients = (0..<100).map { _ in running.connect(receiveBuffer: 32_768) }
            // All directions are blocked by now, holding pipes or memory.
            Thread.sleep(for: .milliseconds(300))
            #expect(
                clients.map { Pattern.receive(from: $0) }
                    == [Int?](repeating: 8_000_000, count: 100))
        }

        @Test func `clients that take nothing leave pipes to others`() throws {
            let server = try TestServer { _ = Pattern.send(8_000_000, to: $0) }
            let before = pipeEndCount
            let running = try RunningBalancer(server: server)
            let idle = (0..<80).map { _ in running.connect(receiveBuffer: 32_768) }
            // Each has a stream that has filled what there is room for.
            #expect(running.wait { running.frontend.totalSessions == 80 })
            #expect(eventually { pipeEndCount - before >= 2 * 36 })
            Thread.sleep(for: .milliseconds(300))
            // A quarter of 48 is for who goes on, which takes one at a time.
            #expect(pipeEndCount - before <= 2 * 40)
            #expect(Pattern.receive(from: running.connect()) == 8_000_000)
            withExtendedLifetime(idle) {}
        }

        /// Ends of pipes that this process has.
        private var pipeEndCount: Int {
            (0..<4096 as Range<Int32>).count { descriptor in
                var details = stat()
                return fstat(descriptor, &details) == 0 && details.st_mode & S_IFMT == S_IFIFO
            }
        }

        @Test func `lets a client that has ended its stream hear the whole answer`() throws {
            let server = try TestServer { socket in
                let question = socket.receiveAll()
                Thread.sleep(for: .milliseconds(50))
                socket.send("answer to \(question.text)")
            }
            let running = try RunningBalancer(server: server)
            let client = running.connect()
            client.send("question")
            client.endSending()
            let (text, ending) = client.receiveAll()
            #expect(text == "answer to question")
            #expect(ending == .end)
        }

        @Test func `lets a server that has ended its stream hear the whole question`() throws {
            let heard = Box<String>()
            let server = try TestServer { socket in
                socket.send("go on")
                socket.endSending()
                heard.value = socket.receiveAll().text
            }
            let running = try RunningBalancer(server: server)
            let client = running.connect()
            #expect(client.receiveAll().text == "go on")
            client.send("one")
            Thread.sleep(for: .milliseconds(20))
            client.send(" two")
            client.close()
            #expect(running.wait { heard.value == "one two" })
            #expect(running.wait { running.frontend.currentSessions == 0 })
        }

        @Test func `makes a server's reset a reset for the client`() throws {
            let server = try TestServer { socket in
                _ = socket.receive()
                socket.send("part")
                Thread.sleep(for: .milliseconds(50))
                socket.reset()
            }
            let running = try RunningBalancer(server: server)
            let client = running.connect()
            client.send("question")
            let (text, ending) = client.receiveAll()
            #expect(text == "part")
            #expect(ending == .failed(ECONNRESET))
            #expect(running.wait { running.pool.servers[0].serverAborts == 1 })
            #expect(running.pool.servers[0].clientAborts == 0)
        }

        @Test func `makes a client's reset a reset for the server`() throws {
            let ending = Box<BlockingSocket.Received>()
            let server = try TestServer { ending.value = $0.receiveAll().ending }
            let running = try RunningBalancer(server: server)
            let client = running.connect()
            client.send("question")
            #expect(running.wait { running.pool.servers[0].bytesIn == 8 })
            client.reset()
            #expect(running.wait { ending.value == .failed(ECONNRESET) })
            #expect(running.wait { running.pool.servers[0].clientAborts == 1 })
            #expect(running.pool.servers[0].serverAborts == 0)
        }

        @Test func `passes a reset on after the end of the stream`() throws {
            let ending = Box<BlockingSocket.Received>()
            let server = try TestServer { socket in
                _ = socket.receiveAll()
                // Nothing is sent: only the event tells of the reset.
                Thread.sleep(for: .milliseconds(200))
                socket.send("x")
                ending.value = .end
            }
            let running = try RunningBalancer(server: server)
            let client = running.connect()
            client.endSending()
            Thread.sleep(for: .milliseconds(30))
            client.reset()
            #expect(running.wait { running.frontend.currentSessions == 0 })
            #expect(ending.value == nil)
            #expect(running.pool.servers[0].clientAborts == 1)
        }

        @Test func `passes a reset on while the other side takes nothing`() throws {
            let server = try TestServer { socket in
                _ = socket.receive()
                _ = Pattern.send(20_000_000, to: socket)
            }
            let running = try RunningBalancer(server: server)
            let client = running.connect(receiveBuffer: 4096)
            client.send("question")
            #expect(running.wait { running.frontend.bytesOut > 0 })
            Thread.sleep(for: .milliseconds(100))
            client.reset()
            #expect(running.wait { running.frontend.currentSessions == 0 })
        }

        @Test func `lets the server speak first`() throws {
            let server = try TestServer { socket in
                socket.send("220 ready")
                socket.send(socket.receive(exactly: 4) == "HELO" ? "250 ok" : "500")
            }
            let running = try RunningBalancer(server: server)
            let client = running.connect()
            #expect(client.receive(exactly: 9) == "220 ready")
            client.send("HELO")
            #expect(client.receiveAll().text == "250 ok")
        }

        @Test func `sends the last bytes and the end in one segment`() throws {
            let server = try TestServer { socket in
                // As one segment, so that the balancer knows of the end when it reads.
                send(socket.number, "answer", 6, Int32(MSG_MORE) | Int32(MSG_NOSIGNAL))
            }
            let running = try RunningBalancer(server: server)
            let client = running.connect()
            let (text, ending) = client.receiveAll()
            #expect(text == "answer")
            #expect(ending == .end)
            // The first is the answer to the client's SYN.
            #expect(client.receivedSegmentCount == 2)
        }

        @Test func `relays a connection without a byte`() throws {
            let server = try TestServer { _ = $0.receiveAll() }
            let running = try RunningBalancer(server: server)
            let client = running.connect()
            client.endSending()
            let (text, ending) = client.receiveAll()
            #expect(text.isEmpty)
            #expect(ending == .end)
            #expect(running.wait { running.frontend.currentSessions == 0 })
            #expect(running.pool.servers[0].totalSessions == 1)
        }

        @Test func `relays a single byte each way`() throws {
            let running = try RunningBalancer(server: try TestServer.echo())
            let client = running.connect()
            client.send("x")
            #expect(client.receive(exactly: 1) == "x")
            client.endSending()
            #expect(client.receiveAll().ending == .end)
        }

        @Test func `goes from copying to splicing and back`() throws {
            let running = try RunningBalancer(server: try TestServer.echo())
            let client = running.connect()
            for round in 0..<5 {
                client.send("small")
                #expect(client.receive(exactly: 5) == "small")
                let stream = String(repeating: "\(round)", count: 4_000_000)
                let echoed = try concurrently({ client.receive(exactly: 4_000_000) }) {
                    client.send(stream)
                }
                #expect(echoed == stream)
            }
        }

        @Test func `loses nothing behind urgent data`() throws {
            let server = try TestServer { $0.send($0.receiveAll().text) }
            let running = try RunningBalancer(server: server)
            let client = running.connect()
            client.send("before")
            var mark: UInt8 = 33
            send(client.number, &mark, 1, Int32(MSG_OOB))
            // Long enough for a stream, which cannot be spliced past the mark.
            let after = String(repeating: "after", count: 5_000_000)
            let text = try concurrently({ client.receiveAll().text }) {
                client.send(after)
                client.endSending()
            }
            #expect(text == "before" + after)
        }

        @Test func `does not take urgent data for the end of the stream`() throws {
            let server = try TestServer { $0.send($0.receiveAll().text) }
            let running = try RunningBalancer(servers: [
                ServerPlan(name: "a", address: server.address, connectionLimit: 1)
            ])
            let first = running.connect()
            #expect(running.wait { running.pool.servers[0].currentSessions == 1 })
            // All of it is there, its end included, before the first read stops at the mark.
            let second = running.connect()
            second.send("before")
            var mark: UInt8 = 33
            send(second.number, &mark, 1, Int32(MSG_OOB))
            second.send("after")
            second.endSending()
            #expect(running.wait { running.pool.currentQueue == 1 })
            Thread.sleep(for: .milliseconds(20))
            first.close()
            #expect(second.receiveAll().text == "beforeafter")
        }

        @Test func `counts bytes while a connection lasts`() throws {
            let running = try RunningBalancer(server: try TestServer.echo())
            let client = running.connect()
            client.send("12345")
            #expect(client.receive(exactly: 5) == "12345")
            #expect(running.frontend.bytesIn == 5)
            #expect(running.frontend.currentSessions == 1)
            #expect(running.wait { running.frontend.bytesOut == 5 })
            #expect(running.pool.servers[0].bytesOut == 5)
        }

        @Test func `sends small pieces at once, without waiting for acknowledgements`() throws {
            let server = try TestServer { socket in
                while socket.receive(exactly: 2) == "ab" { socket.send("ab") }
            }
            let running = try RunningBalancer(server: server)
            let client = running.connect()
            let start = MonotonicInstant.now
            for _ in 0..<50 {
                // Two writes and one answer: with Nagle's algorithm the second waits for the
                // delayed acknowledgement of the first, 40 ms.
                client.send("a")
                Thread.sleep(for: .microseconds(300))
                client.send("b")
                #expect(client.receive(exactly: 2) == "ab")
            }
            #expect(MonotonicInstant.now - start < .milliseconds(1000))
        }

        @Test func `resets what is open when it is stopped`() throws {
            let running = try RunningBalancer(server: try TestServer.echo())
            let client = running.connect()
            client.send("x")
            #expect(client.receive(exactly: 1) == "x")
            running.balancer.stop()
            #expect(client.receiveAll().ending == .failed(ECONNRESET))
        }
    }
}
