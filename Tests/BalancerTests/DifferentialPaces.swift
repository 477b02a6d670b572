import Glibc
import LinuxIO

private let timedOut = "a side that was cut off by time did not end its stream"

private func pause(_ milliseconds: Int) { Thread.sleep(for: .milliseconds(milliseconds)) }

/// What no buffers hold: the sender has to wait for the reader, who takes more than a second for it.
private let plenty = 64 << 20

/// Takes all of the pattern, in pieces of half a mebibyte with a pause after each.
private func readingSlowly(_ socket: BlockingSocket) -> Heard {
    let count = Pattern.receive(from: socket, piece: 1 << 19) { pause(10) }
    return Heard(byteCount: count ?? -1, digest: 0, ending: count == nil ? .reset : .finish)
}

/// Sends what no buffers hold; how and when that ended.
@Sendable private func sendingPlenty(_ socket: BlockingSocket) -> Heard {
    var heard = Heard()
    heard.ending = Pattern.send(plenty, to: socket) ? .finish : .reset
    heard.at = .now
    return heard
}

extension Script {
    /// Sides that read or write slowly, or not at all.
    static let paces = [
        Script(
            name: "a client that writes slowly is heard byte by byte",
            server: { socket in
                let heard = Heard.all(from: socket)
                socket.send("done")
                return heard
            }
        ) { connect in
            let socket = connect()
            for _ in 0..<50 {
                socket.send("y")
                pause(2)
            }
            socket.endSending()
            return .all(from: socket)
        },
        Script(
            name: "a server that writes slowly is heard byte by byte",
            deviation: .init(reason: timedOut, server: .reset),
            server: { socket in
                for _ in 0..<50 {
                    socket.send("z")
                    pause(2)
                }
                socket.endSending()
                return .all(from: socket)
            }
        ) { .all(from: $0()) },
        Script(
            // The kernel finds a receive buffer's size by what comes when; it is not always the same.
            name: "a client that reads slowly gets all, longer than it may be idle",
            settings: ProxySettings(client: 1000, server: 1000, clientFin: 1000, serverFin: 1000),
            comparesTime: false,
            server: { socket in
                _ = Pattern.send(plenty, to: socket)
                socket.endSending()
                return .all(from: socket)
            }
        ) { connect in
            let socket = connect()
            socket.endSending()
            return readingSlowly(socket)
        },
        Script(
            name: "a server that reads slowly gets all, longer than it may be idle",
            settings: ProxySettings(client: 1000, server: 1000, clientFin: 1000, serverFin: 1000),
            comparesTime: false,
            server: { socket in
                let heard = readingSlowly(socket)
                socket.send("done")
                return heard
            }
        ) { connect in
            let socket = connect()
            _ = Pattern.send(plenty, to: socket)
            socket.endSending()
            return .all(from: socket)
        },
        Script(
            name: "a client that reads nothing is sent away when its time is over",
            settings: ProxySettings(client: 300, server: 5000),
            server: sendingPlenty
        ) { connect in
            _ = connect()
            pause(1000)
            return Heard()
        },
        Script(
            name: "a server that reads nothing is left when its time is over",
            settings: ProxySettings(client: 5000, server: 300),
            comparesBytes: false,
            server: { socket in
                pause(1000)
                return Heard()
            }
        ) { sendingPlenty($0()) },
        Script(
            name: "a client that resets in the midst of an answer",
            server: sendingPlenty
        ) { connect in
            let socket = connect()
            _ = socket.receive(exactly: 100_000)
            pause(50)
            socket.reset()
            return Heard()
        },
        Script(
            name: "a server that resets in the midst of a question",
            server: { socket in
                _ = socket.receive(exactly: 100_000)
                pause(50)
                socket.reset()
                return Heard()
            }
        ) { sendingPlenty($0()) },
        Script(
            name: "a client that resets between two attempts at a server that refuses",
            settings: ProxySettings(client: 5000, retries: 2, redispatches: true),
            peers: [.refusing, .server]
        ) { connect in
            let socket = connect()
            socket.send("question")
            pause(300)
            socket.reset()
            return Heard()
        },
    ]
}
