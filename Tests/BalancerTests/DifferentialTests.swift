import Glibc
import LinuxIO
import Synchronization
import Testing

@testable import Balancer

/// What one side of a conversation got, and how it ended.
private struct Heard: Equatable, CustomStringConvertible {
    enum Ending: Equatable { case finish, reset, nothing }

    var byteCount = 0
    var digest: UInt64 = 0
    var ending = Ending.nothing

    var description: String { "\(byteCount) bytes (\(digest)), then \(ending)" }

    /// Takes the bytes of the pattern until the stream ends; compares them, which is quicker.
    static func pattern(from socket: BlockingSocket) -> Heard {
        let count = Pattern.receive(from: socket)
        return Heard(byteCount: count ?? -1, digest: 0, ending: count == nil ? .reset : .finish)
    }

    /// Takes bytes until the stream ends.
    static func all(from socket: BlockingSocket, pausing pause: Duration = .zero) -> Heard {
        var heard = Heard()
        while true {
            switch socket.receive() {
            case .bytes(let bytes):
                heard.byteCount += bytes.count
                for byte in bytes { heard.digest = heard.digest &* 31 &+ UInt64(byte) }
                if pause > .zero { Thread.sleep(for: pause) }
            case .end:
                heard.ending = .finish
                return heard
            case .failed:
                heard.ending = .reset
                return heard
            }
        }
    }
}

/// What both sides of a conversation did, and what they then heard.
private struct Script: Sendable, CustomTestStringConvertible {
    let name: String
    var options = ""
    /// Why we differ, and which end our client or our server hears instead of haproxy's clean one.
    var deviation: (reason: String, client: Heard.Ending?, server: Heard.Ending?)?
    let server: @Sendable (BlockingSocket) -> Heard
    let client: @Sendable (BlockingSocket) -> Heard

    var testDescription: String { name }
}

private let truncated = "a clean end would look like a complete answer"
private let timedOut = "a client that was cut off by time did not end its stream"

private let scripts = [
    Script(
        name: "the client ends first, without a byte", server: { .all(from: $0) },
        client: { socket in
            socket.endSending()
            return .all(from: socket)
        }),
    Script(
        name: "one byte each way, the server ends first",
        deviation: (timedOut, nil, .reset),
        server: { socket in
            _ = socket.receive(exactly: 1)
            socket.send("b")
            socket.endSending()
            return .all(from: socket)
        },
        client: { socket in
            socket.send("a")
            return .all(from: socket)
        }),
    Script(
        name: "the server speaks first, the client says nothing",
        deviation: (timedOut, nil, .reset),
        server: { socket in
            socket.send("220 hello")
            socket.endSending()
            return .all(from: socket)
        }, client: { .all(from: $0) }),
    Script(
        name: "the client is done, the server answers later",
        server: { socket in
            let heard = Heard.all(from: socket)
            Thread.sleep(for: .milliseconds(100))
            socket.send("answer")
            return heard
        },
        client: { socket in
            socket.send("question")
            socket.endSending()
            return .all(from: socket)
        }),
    Script(
        name: "the server is done, the client goes on",
        server: { socket in
            socket.send("greeting")
            socket.endSending()
            return .all(from: socket)
        },
        client: { socket in
            let heard = Heard.all(from: socket)
            for _ in 0..<5 {
                socket.send("more")
                Thread.sleep(for: .milliseconds(20))
            }
            socket.endSending()
            return heard
        }),
    Script(
        name: "the client resets while the server waits", server: { .all(from: $0) },
        client: { socket in
            socket.send("x")
            Thread.sleep(for: .milliseconds(50))
            socket.reset()
            return Heard()
        }),
    Script(
        name: "the server resets after half an answer",
        deviation: (truncated, .reset, nil),
        server: { socket in
            socket.send("half")
            Thread.sleep(for: .milliseconds(50))
            socket.reset()
            return Heard()
        }, client: { .all(from: $0) }),
    Script(
        name: "the server resets without a word",
        deviation: (truncated, .reset, nil),
        server: { socket in
            // At once it would, now and then, count as a connection that failed.
            Thread.sleep(for: .milliseconds(50))
            socket.reset()
            return Heard()
        },
        client: { socket in
            Thread.sleep(for: .milliseconds(50))
            return .all(from: socket)
        }),
    Script(
        name: "nobody says anything until the time-out",
        deviation: (timedOut, nil, .reset), server: { .all(from: $0) },
        client: { .all(from: $0) }),
    Script(
        name: "a half-closed connection is idle until its time-out",
        options: "timeout server-fin 200ms",
        server: { socket in
            let heard = Heard.all(from: socket)
            Thread.sleep(for: .milliseconds(500))
            return heard
        },
        client: { socket in
            socket.send("question")
            socket.endSending()
            return .all(from: socket)
        }),
    Script(
        name: "a client that reads slowly gets everything",
        options: patient,
        server: { socket in
            _ = Pattern.send(3 << 20, to: socket)
            socket.endSending()
            return .all(from: socket)
        },
        client: { socket in
            let heard = Heard.all(from: socket, pausing: .milliseconds(2))
            socket.endSending()
            return heard
        }),
    Script(
        name: "a server that writes slowly is heard byte by byte",
        deviation: (timedOut, nil, .reset),
        server: { socket in
            for _ in 0..<50 {
                socket.send("z")
                Thread.sleep(for: .milliseconds(2))
            }
            socket.endSending()
            return .all(from: socket)
        }, client: { .all(from: $0) }),
    Script(
        name: "100 MB to the server and 100 MB back",
        options: patient,
        server: { socket in
            let heard = Heard.pattern(from: socket)
            _ = Pattern.send(100 << 20, to: socket)
            return heard
        },
        client: { socket in
            _ = Pattern.send(100 << 20, to: socket)
            socket.endSending()
            return .pattern(from: socket)
        }),
]

/// One run of a script behind a proxy: what both sides heard.
private func run(
    _ script: Script, through start: (TestServer) throws -> BlockingSocket
) throws
    -> (server: Heard?, client: Heard)
{
    let box = Box<Heard>()
    let server = try TestServer { box.value = script.server($0) }
    let socket = try start(server)
    let client = script.client(socket)
    _ = eventually { box.value != nil || server.acceptedCount == 0 }
    socket.close()
    server.stop()
    return (box.value, client)
}

extension BalancerTests {
    /// The same conversations through haproxy 2.6 and through us: who hears what, and which end.
    @Suite struct `Beside haproxy` {
        @Test(arguments: scripts)
        fileprivate func `both sides hear the same`(script: Script) throws {
            var proxies: [HAProxy] = []
            let theirs = try run(script) { server in
                let proxy = try HAProxy(server: server.address, options: script.options)
                proxies.append(proxy)
                return try #require(BlockingSocket(to: proxy.port))
            }
            var ours: [RunningBalancer] = []
            var own = try run(script) { server in
                let balancer = try RunningBalancer(
                    servers: [
                        ServerPlan(name: "s", address: server.address, connectionLimit: 2)
                    ]
                ) { $0.pools[0].imitateHAProxy(&$0.frontends[0], script.options) }
                ours.append(balancer)
                return balancer.connect()
            }
            if let deviation = script.deviation {
                if let ending = deviation.client {
                    #expect(own.client.ending == ending, "\(deviation.reason)")
                    #expect(theirs.client.ending == .finish)
                    own.client.ending = .finish
                }
                if let ending = deviation.server {
                    #expect(own.server?.ending == ending, "\(deviation.reason)")
                    #expect(theirs.server?.ending == .finish)
                    own.server?.ending = .finish
                }
            }
            #expect(own.client == theirs.client)
            #expect(own.server == theirs.server)
        }

        @Test func `a server that refuses, and one that does not answer, end the client alike`()
            throws
        {
            let refusing = try TestServer.refusingAddress()
            // Its queue is full: further connections are not answered.
            let mute = try Socket.listening(
                on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 0)
            let port = try Socket.localAddress(of: mute.rawValue).port
            let fillers = (0..<2).map { _ in BlockingSocket(to: port) }
            defer { fillers.forEach { $0?.close() } }
            for address in [refusing, SocketAddress(address: 0x7f00_0001, port: port)] {
                let proxy = try HAProxy(server: address, options: "")
                let theirs = Heard.all(from: try #require(BlockingSocket(to: proxy.port)))
                let balancer = try RunningBalancer(
                    servers: [ServerPlan(name: "s", address: address)]
                ) { $0.pools[0].imitateHAProxy(&$0.frontends[0], "") }
                #expect(Heard.all(from: balancer.connect()) == theirs)
                #expect(theirs == Heard(byteCount: 0, digest: 0, ending: .finish))
            }
        }

        @Test func `a client that leaves the queue never reaches the server`() throws {
            let server = try TestServer.holding("a")
            let proxy = try HAProxy(server: server.address, options: "")
            let balancer = try RunningBalancer(
                servers: [ServerPlan(name: "s", address: server.address, connectionLimit: 2)]
            ) { $0.pools[0].imitateHAProxy(&$0.frontends[0], "") }
            for port in [proxy.port, balancer.port] {
                let before = server.acceptedCount
                let held = (0..<2).compactMap { _ in BlockingSocket(to: port) }
                #expect(held.map { $0.receive(exactly: 1) } == ["a", "a"])
                let gone = try #require(BlockingSocket(to: port))
                Thread.sleep(for: .milliseconds(50))
                gone.reset()
                // One that stays is sent away when the queue's time is over.
                let late = try #require(BlockingSocket(to: port))
                #expect(Heard.all(from: late) == Heard(byteCount: 0, digest: 0, ending: .finish))
                held.forEach { $0.close() }
                Thread.sleep(for: .milliseconds(50))
                #expect(server.acceptedCount - before == 2)
            }
        }
    }
}
