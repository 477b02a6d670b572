import Balancer
import Glibc
import LinuxIO

private let truncated = "a clean end would look like a complete answer"
private let timedOut = "a client that was cut off by time did not end its stream"

private func pause(_ milliseconds: Int) { Thread.sleep(for: .milliseconds(milliseconds)) }

/// A client that says something, then perhaps that this is all, and hears what comes.
private func saying(
    _ text: String, isAll: Bool = false
) -> @Sendable (() -> BlockingSocket) -> Heard {
    { connect in
        let socket = connect()
        socket.send(text)
        if isAll { socket.endSending() }
        return .all(from: socket)
    }
}

extension Script {
    /// Who ends first, and how.
    static let endings = [
        Script(name: "the client ends first, without a byte") { connect in
            let socket = connect()
            socket.endSending()
            return .all(from: socket)
        },
        Script(
            name: "one byte each way, the server ends first",
            deviation: .init(reason: timedOut, server: .reset),
            server: { socket in
                _ = socket.receive(exactly: 1)
                socket.send("b")
                socket.endSending()
                return .all(from: socket)
            },
            client: saying("a")),
        Script(
            name: "the server speaks first, the client says nothing",
            deviation: .init(reason: timedOut, server: .reset),
            server: { socket in
                socket.send("220 hello")
                socket.endSending()
                return .all(from: socket)
            }
        ) { .all(from: $0()) },
        Script(
            name: "with nolinger the server's end is the client's, which goes on",
            settings: ProxySettings(hasNoLinger: true),
            deviation: .init(reason: timedOut, server: .reset),
            server: { socket in
                _ = socket.receive(exactly: 1)
                socket.send("bye")
                pause(50)
                socket.endSending()
                return .all(from: socket)
            },
            client: saying("a")),
        Script(
            name: "with nolinger a client whose time is over hears a clean end",
            settings: ProxySettings(client: 200, hasNoLinger: true),
            client: saying("a")),
        Script(
            name: "with nolinger the client's end ends it all",
            settings: ProxySettings(hasNoLinger: true),
            server: { socket in
                socket.send("hello")
                return .all(from: socket)
            }
        ) { connect in
            let socket = connect()
            _ = socket.receive(exactly: 5)
            socket.send("question")
            pause(50)
            socket.endSending()
            return .all(from: socket)
        },
        Script(
            name: "with nolinger the client's last word comes along with his end",
            settings: ProxySettings(hasNoLinger: true)
        ) { connect in
            let socket = connect()
            send(socket.number, "question", 8, Int32(MSG_MORE) | Int32(MSG_NOSIGNAL))
            socket.endSending()
            return .all(from: socket)
        },
        Script(
            name: "the client is done, the server answers later",
            server: { socket in
                let heard = Heard.all(from: socket)
                pause(100)
                socket.send("answer")
                return heard
            },
            client: saying("question", isAll: true)),
        Script(
            name: "the server is done, the client goes on",
            server: { socket in
                socket.send("greeting")
                socket.endSending()
                return .all(from: socket)
            }
        ) { connect in
            let socket = connect()
            let heard = Heard.all(from: socket)
            for _ in 0..<5 {
                socket.send("more")
                pause(20)
            }
            socket.endSending()
            return heard
        },
    ]

    /// Who breaks off, and when.
    static let resets = [
        Script(name: "the client resets while the server waits") { connect in
            let socket = connect()
            socket.send("x")
            pause(50)
            socket.reset()
            return Heard()
        },
        Script(
            name: "the client resets after it ended its stream",
            server: { socket in
                var heard = Heard.all(from: socket)
                while socket.sendAll([1]) { pause(20) }
                heard.at = .now
                return heard
            }
        ) { connect in
            let socket = connect()
            socket.send("q")
            socket.endSending()
            _ = socket.receive(exactly: 2)
            socket.reset()
            return Heard()
        },
        Script(
            name: "the server resets after half an answer",
            deviation: .init(reason: truncated, client: .reset),
            server: { socket in
                socket.send("half")
                pause(50)
                socket.reset()
                return Heard()
            }
        ) { .all(from: $0()) },
        Script(
            name: "the server resets without a word",
            deviation: .init(reason: truncated, client: .reset),
            server: { socket in
                // At once it would, now and then, count as a connection that failed.
                pause(50)
                socket.reset()
                return Heard()
            }
        ) { .all(from: $0()) },
        Script(
            name: "the server resets after the client ended its stream",
            deviation: .init(reason: truncated, client: .reset),
            server: { socket in
                _ = Heard.all(from: socket)
                socket.send("half")
                pause(50)
                socket.reset()
                return Heard()
            },
            client: saying("q", isAll: true)),
        Script(
            name: "the server resets while nobody takes what it sent", settings: .patient,
            deviation: .init(reason: truncated, client: .reset), comparesBytes: false,
            comparesTime: false,
            server: { socket in
                var limit = timeval(tv_sec: 0, tv_usec: 150_000)
                setsockopt(socket.number, SOL_SOCKET, SO_SNDTIMEO, &limit, 16)
                _ = Pattern.send(64 << 20, to: socket)
                socket.reset()
                return Heard()
            }
        ) { connect in
            let socket = connect()
            pause(500)
            return .all(from: socket)
        },
    ]

    /// What time ends, and when.
    static let timeouts = [
        Script(
            name: "nobody says anything until the time-out",
            deviation: .init(reason: timedOut, server: .reset)
        ) { .all(from: $0()) },
        Script(
            name: "the server says nothing for longer than it may",
            settings: ProxySettings(client: 5000, server: 200),
            deviation: .init(reason: timedOut, server: .reset)
        ) { connect in
            let socket = connect()
            socket.send("question")
            // haproxy ends one direction, and waits for the client with the other.
            defer { socket.close() }
            return .all(from: socket)
        },
        Script(
            name: "a half-closed connection is idle until the server's time-out for that",
            settings: ProxySettings(serverFin: 200),
            server: { socket in
                let heard = Heard.all(from: socket)
                pause(500)
                return heard
            },
            client: saying("question", isAll: true)),
        Script(
            name: "a half-closed connection is idle until the client's time-out for that",
            settings: ProxySettings(client: 5000, server: 5000, clientFin: 200),
            deviation: .init(reason: timedOut, server: .reset),
            server: { socket in
                socket.send("done")
                socket.endSending()
                return .all(from: socket)
            }
        ) { .all(from: $0()) },
        Script(
            name: "a client that ended its stream is not idle, however long the server thinks",
            settings: ProxySettings(client: 200, server: 1200, clientFin: 100),
            server: { socket in
                let heard = Heard.all(from: socket)
                pause(500)
                socket.send("answer")
                return heard
            }
        ) { connect in
            let socket = connect()
            socket.send("question")
            socket.endSending()
            return .all(from: socket)
        },
        Script(
            name: "a server that ended its stream is not idle while the client goes on",
            settings: ProxySettings(client: 1200, server: 200, serverFin: 100),
            server: { socket in
                socket.send("done")
                socket.endSending()
                return .all(from: socket)
            }
        ) { connect in
            let socket = connect()
            let heard = Heard.all(from: socket)
            pause(500)
            socket.send("more")
            socket.endSending()
            return heard
        },
        Script(
            name: "in a tunnel a client that ended its stream has its own time-out",
            settings: ProxySettings(tunnel: 2000, clientFin: 200),
            server: { socket in
                let heard = Heard.all(from: socket)
                pause(500)
                return heard
            }
        ) { connect in
            let socket = connect()
            socket.send("question")
            socket.endSending()
            return .all(from: socket)
        },
        Script(
            name: "an end behind bytes that nobody takes is not reached",
            settings: ProxySettings(client: 5000, server: 400, clientFin: 100, serverFin: 100),
            deviation: .init(reason: truncated, client: .reset), comparesBytes: false,
            server: { socket in
                pause(900)
                return Heard()
            }
        ) { connect in
            let socket = connect()
            _ = Pattern.send(6 << 20, to: socket)
            socket.endSending()
            return .all(from: socket)
        },
        Script(
            name: "the tunnel's time-out takes the place of both sides' own",
            settings: ProxySettings(client: 100, server: 100, tunnel: 400),
            deviation: .init(reason: timedOut, server: .reset),
            server: { socket in
                socket.send("a")
                return .all(from: socket)
            }
        ) { .all(from: $0()) },
        Script(
            name: "a silent client's time-out goes on while attempts fail",
            settings: ProxySettings(client: 400, retries: 3), peers: [.refusing]
        ) { .all(from: $0()) },
        Script(
            name: "the time-out of a client that has spoken does not",
            settings: ProxySettings(client: 400, retries: 3), peers: [.refusing],
            client: saying("question")),
        Script(
            // haproxy hears of it when the attempt has ended.
            name: "a silent client's time-out goes on while a server does not answer",
            settings: ProxySettings(client: 200), peers: [.silent], comparesTime: false
        ) { .all(from: $0()) },
        Script(
            // haproxy takes the client to be gone; a reader of banners is not.
            name: "a client that ended its stream waits for an answer", peers: [.silent],
            comparesTime: false
        ) { connect in
            let socket = connect()
            socket.endSending()
            return .all(from: socket)
        },
    ]

    /// Servers that cannot be reached.
    static let failures = [
        Script(name: "a server that refuses", peers: [.refusing]) { .all(from: $0()) },
        Script(name: "a server that does not answer", peers: [.silent]) { .all(from: $0()) },
        Script(
            name: "a server that refuses is asked again after a pause",
            settings: ProxySettings(retries: 2), peers: [.refusing]
        ) { .all(from: $0()) },
        Script(
            name: "a server that does not answer is asked again at once",
            settings: ProxySettings(client: 5000, connect: 250, retries: 2), peers: [.silent]
        ) { .all(from: $0()) },
        Script(
            name: "another server is asked at once",
            settings: ProxySettings(retries: 1, redispatches: true), peers: [.refusing, .server],
            server: greeting
        ) { .all(from: $0()) },
        Script(
            name: "another server is asked after one did not answer",
            settings: ProxySettings(retries: 1, redispatches: true), peers: [.silent, .server],
            server: greeting
        ) { .all(from: $0()) },
        Script(
            name: "a client bound to a server by a map has no other",
            settings: ProxySettings(
                retries: 2, redispatches: true, algorithm: .source, balance: "source"),
            // 127.0.0.1 is the second one's.
            peers: [.server, .refusing], server: greeting
        ) { .all(from: $0()) },
        Script(
            name: "a client bound to a server on a circle moves at the last retry",
            settings: ProxySettings(
                retries: 2, redispatches: true, algorithm: .source, balance: "source",
                isConsistent: true),
            peers: [.refusing, .server], server: greeting
        ) { .all(from: $0()) },
        Script(
            name: "a client bound to the other server on a circle",
            settings: ProxySettings(
                retries: 2, redispatches: true, algorithm: .source, balance: "source",
                isConsistent: true),
            peers: [.server, .refusing], server: greeting
        ) { .all(from: $0()) },
    ]

    /// Clients that wait for a server with room.
    static let queues = [
        Script(
            name: "a client that waits is sent away when its time is over",
            settings: ProxySettings(limit: 1), server: holding
        ) { connect in
            let first = connect()
            _ = first.receive(exactly: 1)
            defer { first.endSending() }
            return .all(from: connect())
        },
        Script(
            name: "a client that ended its stream waits on",
            settings: ProxySettings(limit: 1), server: holding
        ) { connect in
            let first = connect()
            _ = first.receive(exactly: 1)
            let second = connect()
            second.send("q")
            second.endSending()
            pause(150)
            first.endSending()
            return .all(from: second)
        },
        Script(
            name: "a client that ended its stream does not wait where abortonclose is on",
            settings: ProxySettings(abortsOnClose: true, limit: 1), server: holding
        ) { connect in
            let first = connect()
            _ = first.receive(exactly: 1)
            defer { first.endSending() }
            let second = connect()
            second.send("q")
            second.endSending()
            return .all(from: second)
        },
        Script(
            name: "a client that ended its stream waits for no answer where abortonclose is on",
            settings: ProxySettings(client: 5000, connect: 5000, abortsOnClose: true),
            peers: [.silent]
        ) { connect in
            let socket = connect()
            pause(50)
            socket.endSending()
            return .all(from: socket)
        },
        Script(
            name: "a client that ended its stream without a word does not wait",
            settings: ProxySettings(limit: 1), server: holding
        ) { connect in
            let first = connect()
            _ = first.receive(exactly: 1)
            defer { first.endSending() }
            let second = connect()
            second.endSending()
            return .all(from: second)
        },
        Script(
            name: "a client that resets gives its place to the next",
            settings: ProxySettings(limit: 1), server: holding
        ) { connect in
            let first = connect()
            _ = first.receive(exactly: 1)
            let gone = connect()
            pause(30)
            gone.reset()
            let third = connect()
            third.send("x")
            pause(100)
            first.endSending()
            third.endSending()
            return .all(from: third)
        },
    ]

    private static let greeting: @Sendable (BlockingSocket) -> Heard = { socket in
        socket.send("hello")
        return Heard()
    }

    private static let holding: @Sendable (BlockingSocket) -> Heard = { socket in
        socket.send("a")
        return .all(from: socket)
    }
}
