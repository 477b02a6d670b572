import LinuxIO
import Synchronization

/// What one side of a conversation got, how it ended, and when.
struct Heard: Equatable, Sendable, CustomStringConvertible {
    enum Ending: Equatable { case finish, reset, nothing }

    var byteCount = 0
    var digest: UInt64 = 0
    var ending = Ending.nothing
    /// When the stream ended.
    var at = MonotonicInstant.now

    var description: String { "\(byteCount) bytes (\(digest)), then \(ending)" }

    static func == (left: Heard, right: Heard) -> Bool {
        (left.byteCount, left.digest) == (right.byteCount, right.digest)
            && left.ending == right.ending
    }

    /// Takes the bytes of the pattern until the stream ends; compares them, which is quicker.
    static func pattern(from socket: BlockingSocket) -> Heard {
        let count = Pattern.receive(from: socket)
        return Heard(byteCount: count ?? -1, digest: 0, ending: count == nil ? .reset : .finish)
    }

    /// Takes bytes until the stream ends.
    static func all(from socket: BlockingSocket) -> Heard {
        var heard = Heard()
        while true {
            switch socket.receive() {
            case .bytes(let bytes):
                heard.byteCount += bytes.count
                for byte in bytes { heard.digest = heard.digest &* 31 &+ UInt64(byte) }
                continue
            case .end: heard.ending = .finish
            case .failed: heard.ending = .reset
            }
            heard.at = .now
            return heard
        }
    }
}

/// What both sides of a conversation do; what they then hear is to be the same behind any proxy.
struct Script: Sendable {
    /// Who stands behind the proxy.
    enum Peer: Sendable {
        /// Somebody who keeps to the script.
        case server
        /// A port where nobody listens.
        case refusing
        /// Somebody who does not answer.
        case silent
    }

    /// Why we differ, and which end our client or our server hears instead of haproxy's clean one.
    struct Deviation: Sendable {
        let reason: String
        var client: Heard.Ending?
        var server: Heard.Ending?
    }

    let name: String
    var settings = ProxySettings()
    var peers = [Peer.server]
    var deviation: Deviation?
    /// Whether the bytes are the same; not where buffers of different sizes are cut off.
    var comparesBytes = true
    /// Whether it ends at the same time.
    var comparesTime = true
    var server: @Sendable (BlockingSocket) -> Heard = { .all(from: $0) }
    /// Gets a way to connect to the proxy.
    let client: @Sendable (() -> BlockingSocket) -> Heard
}

/// A script under way behind one proxy.
final class Conversation: @unchecked Sendable {
    // SAFETY: what changes is guarded by the mutex, or set before the thread begins.
    let script: Script
    let addresses: [SocketAddress]
    private let servers: [TestServer]
    private let silent: SilentAddress?
    /// Ports that are taken, and where nobody listens.
    private let refusing: [Int32]
    private let heard: Ledger
    private var thread: TestThread?
    private let client = Box<Heard>()
    private let began = Box<MonotonicInstant>()

    /// What the script's servers heard, and the client's sockets, which stay open until then.
    private final class Ledger: Sendable {
        let servers = Mutex<[Heard]>([])
        let sockets = Mutex<[BlockingSocket]>([])
    }

    /// What was heard, with times since the beginning.
    struct Outcome {
        var client: Heard
        var servers: [Heard]
        let acceptedCount: Int
        let times: [Duration]
    }

    init(_ script: Script) throws {
        self.script = script
        let heard = Ledger()
        self.heard = heard
        var refusing: [Int32] = []
        var (addresses, servers): ([SocketAddress], [TestServer]) = ([], [])
        var silent: SilentAddress?
        for peer in script.peers {
            switch peer {
            case .server:
                let server = try TestServer { socket in
                    let result = script.server(socket)
                    heard.servers.withLock { $0.append(result) }
                }
                servers.append(server)
                addresses.append(server.address)
            case .refusing:
                let socket = Int32(StreamSocket.open())
                _ = bindLoopback(socket, 0x7f00_0001, 0)
                refusing.append(socket)
                addresses.append(try Socket.localAddress(of: socket))
            case .silent:
                let address = try SilentAddress()
                silent = address
                addresses.append(address.address)
            }
        }
        (self.addresses, self.servers, self.silent) = (addresses, servers, silent)
        self.refusing = refusing
    }

    deinit { for socket in refusing { StreamSocket.close(socket) } }

    /// Lets the client begin.
    func begin(at port: UInt16) throws {
        began.value = .now
        thread = try TestThread { [script, client, heard] in
            client.value = script.client {
                guard let socket = BlockingSocket(to: port) else {
                    return .failed("nobody listens on port \(port)")
                }
                heard.sockets.withLock { $0.append(socket) }
                return socket
            }
        }
    }

    /// Waits for both sides.
    func end() -> Outcome {
        thread?.join()
        let heard = heard
        let servers = servers
        _ = eventually {
            heard.servers.withLock { $0.count } >= servers.reduce(0) { $0 + $1.acceptedCount }
        }
        heard.sockets.withLock { $0.forEach { $0.close() } }
        servers.forEach { $0.stop() }
        let all = heard.servers.withLock { $0 }
        let own = client.value ?? Heard()
        let start = began.value ?? .now
        return Outcome(
            client: own, servers: all, acceptedCount: servers.reduce(0) { $0 + $1.acceptedCount },
            times: ([own] + all).filter { $0.ending != .nothing }.map { $0.at - start })
    }
}
