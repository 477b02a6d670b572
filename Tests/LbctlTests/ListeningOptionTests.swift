#if Program
import Glibc
import LinuxIO
import NodeConfiguration
import Testing

@testable import lbctl

/// The listening sockets that a text asks for, opened.
private final class OpenListeners {
    private var set = ListenerSet()
    private(set) var sockets: [Int32] = []

    /// Opens them, as a start does: what is said is there from the beginning.
    init(_ binds: String) throws {
        let model = try Self.model(binds)
        _ = try set.open(for: model)
        sockets = set.descriptors(for: model)
    }

    /// Goes on by another text, as a reload does.
    func change(_ binds: String) throws {
        let model = try Self.model(binds)
        _ = try set.open(for: model)
        _ = set.retireAll(but: model)
        set.closeRetired()
        #expect(set.applyOptions(of: model).map(\.description) == [])
        sockets = set.descriptors(for: model)
    }

    private static func model(_ binds: String) throws -> Model {
        let text = """
            listen web
            timeout client 1m
            timeout server 1m
            timeout connect 5s
            server a 192.0.2.11:80
            \(binds)
            """
        let loaded = ConfigurationLoader(format: .haproxy).load([
            InputFile(name: "f", bytes: Array(text.utf8))
        ])
        #expect(loaded.diagnostics.map(\.description) == [])
        return try #require(loaded.model)
    }

    /// An option of the first socket.
    func option(_ level: Int32, _ name: Int32, of socket: Int32? = nil) -> Int32 {
        var (value, length): (Int32, socklen_t) = (-1, 4)
        getsockopt(socket ?? sockets[0], level, name, &value, &length)
        return value
    }

    /// The socket of a client that connected to the first one, and the accepted one.
    func connection() throws -> (client: Int32, accepted: Int32) {
        let client = Int32(
            StreamSocket.open(StreamSocket.localEndpoint(of: sockets[0]).isIPv4 ? 2 : 10))
        let flags = fcntl(client, F_GETFL, 0)
        _ = fcntl(client, F_SETFL, flags & ~O_NONBLOCK)
        let end = RawStreamAddress(StreamSocket.localEndpoint(of: sockets[0]))
        #expect(StreamSocket.connect(client, to: end) == 0)
        var waited = pollfd(fd: sockets[0], events: Int16(POLLIN), revents: 0)
        #expect(poll(&waited, 1, 5000) == 1)
        let accepted = accept(sockets[0], nil, nil)
        #expect(accepted >= 0)
        return (client, accepted)
    }

    deinit { set.closeAll() }
}

private let asRoot = ConditionTrait.enabled(
    "NOT RUN: interfaces, foreign addresses and owners need root"
) { geteuid() == 0 }

/// Each option of `bind` is looked for where it works: in the kernel's socket, or in a file.
@Suite struct `Options of listening sockets` {
    private let tcp = Int32(IPPROTO_TCP)

    @Test func `those of TCP are the socket's, and its connections'`() throws {
        let port = try freePort()
        let plain = try OpenListeners("bind 127.0.0.1:\(port)")
        #expect(plain.option(tcp, TCP_FASTOPEN) == 0)
        #expect(plain.option(tcp, TCP_DEFER_ACCEPT) == 0)
        #expect(plain.option(tcp, TCP_USER_TIMEOUT) == 0)
        _ = consume plain
        let other = try freePort()
        let made = try OpenListeners("bind 127.0.0.1:\(other) tfo backlog 7 mss 600 tcp-ut 12s")
        #expect(made.option(tcp, TCP_FASTOPEN) == 7)
        #expect(made.option(tcp, TCP_MAXSEG) == 600)
        #expect(made.option(tcp, TCP_USER_TIMEOUT) == 12_000)
        let (client, accepted) = try made.connection()
        defer {
            close(client)
            close(accepted)
        }
        #expect(made.option(tcp, TCP_USER_TIMEOUT, of: accepted) == 12_000)
        #expect(made.option(tcp, TCP_NODELAY, of: accepted) == 1)
        // What the client sends in one segment.
        #expect((400...600).contains(made.option(tcp, TCP_MAXSEG, of: client)))
    }

    @Test func `an algorithm of congestion control is the socket's, and its connections'`() throws {
        let port = try freePort()
        let other = try #require(
            CongestionControl.allowed.first { $0 != CongestionControl.standard })
        let made = try OpenListeners("bind 127.0.0.1:\(port)")
        #expect(StreamSocket.congestionControl(of: made.sockets[0]) == CongestionControl.standard)
        try made.change("bind 127.0.0.1:\(port) cc \(other)")
        #expect(StreamSocket.congestionControl(of: made.sockets[0]) == other)
        let (client, accepted) = try made.connection()
        defer {
            close(client)
            close(accepted)
        }
        #expect(StreamSocket.congestionControl(of: accepted) == other)
        #expect(StreamSocket.congestionControl(of: client) == CongestionControl.standard)
        try made.change("bind 127.0.0.1:\(port)")
        #expect(StreamSocket.congestionControl(of: made.sockets[0]) == CongestionControl.standard)
        let fresh = try OpenListeners("bind 127.0.0.1:\(try freePort()) cc \(other)")
        #expect(StreamSocket.congestionControl(of: fresh.sockets[0]) == other)
    }

    @Test func `those of TCP can be taken back`() throws {
        let port = try freePort()
        let made = try OpenListeners("bind 127.0.0.1:\(port) tfo mss 600 tcp-ut 12s")
        let socket = made.sockets[0]
        #expect(made.option(tcp, TCP_MAXSEG) == 600)
        try made.change("bind 127.0.0.1:\(port)")
        #expect(made.sockets == [socket])
        #expect(made.option(tcp, TCP_FASTOPEN) == 0)
        #expect(made.option(tcp, TCP_USER_TIMEOUT) == 0)
        #expect(made.option(tcp, TCP_MAXSEG) != 600)
        try made.change("bind 127.0.0.1:\(port) tfo backlog 9 mss 500")
        #expect(made.sockets == [socket])
        #expect(made.option(tcp, TCP_FASTOPEN) == 9)
        #expect(made.option(tcp, TCP_MAXSEG) == 500)
    }

    @Test func `a socket that was open before gets what is said of it, and keeps the rest`() throws
    {
        let given = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 16)
        try Socket.setOption(given.rawValue, tcp, TCP_USER_TIMEOUT, 4_000, "tcp-ut")
        let bind = "bind fd@\(given.rawValue)"
        let made = try OpenListeners("\(bind) tfo backlog 7 mss 600 defer-accept")
        #expect(made.option(tcp, TCP_FASTOPEN) == 7)
        #expect(made.option(tcp, TCP_MAXSEG) == 600)
        #expect(made.option(tcp, TCP_DEFER_ACCEPT) == 1)
        #expect(made.option(tcp, TCP_USER_TIMEOUT) == 4_000)
        #expect(made.option(tcp, TCP_NODELAY) == 1)
        try made.change("\(bind) tcp-ut 12s\noption clitcpka")
        #expect(made.option(tcp, TCP_USER_TIMEOUT) == 12_000)
        #expect(made.option(SOL_SOCKET, SO_KEEPALIVE) == 1)
        #expect(made.option(tcp, TCP_FASTOPEN) == 7)
        // Those of TCP mean nothing to others.
        let path = "/tmp/lbctl-\(getpid())-\(given.rawValue).sock"
        let local = try Socket.listening(
            on: .path(path), options: ListeningOptions(backlog: 16))
        defer { unlink(path) }
        _ = try OpenListeners("bind fd@\(local.rawValue) tfo mss 600 tcp-ut 12s")
    }

    @Test func `probes on idle connections are the kernel's or the section's own`() throws {
        let fresh = Int32(StreamSocket.open())
        defer { close(fresh) }
        let port = try freePort()
        let bind = "bind 127.0.0.1:\(port)\noption clitcpka"
        let made = try OpenListeners(
            "\(bind)\nclitcpka-idle 61s\nclitcpka-intvl 7s\nclitcpka-cnt 4")
        let names = [TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT]
        let kernels = names.map { made.option(tcp, $0, of: fresh) }
        func accepted() throws -> (isProbed: Bool, values: [Int32]) {
            let (client, socket) = try made.connection()
            defer {
                close(client)
                close(socket)
            }
            return (
                made.option(SOL_SOCKET, SO_KEEPALIVE, of: socket) == 1,
                names.map { made.option(tcp, $0, of: socket) }
            )
        }
        #expect(try accepted() == (true, [61, 7, 4]))
        try made.change("\(bind)\nclitcpka-intvl 8s")
        #expect(try accepted() == (true, [kernels[0], 8, kernels[2]]))
        try made.change("bind 127.0.0.1:\(port)")
        #expect(try accepted().isProbed == false)
    }

    @Test func `from every address to one, and back`() throws {
        let port = try freePort()
        let made = try OpenListeners("bind :\(port)")
        let first = made.sockets
        try made.change("bind 127.0.0.1:\(port)")
        #expect(made.sockets != first)
        let (client, accepted) = try made.connection()
        close(client)
        close(accepted)
        try made.change("bind :\(port)")
        #expect(made.option(SOL_SOCKET, SO_REUSEPORT) == 0)
        try made.change("bind :\(port)\n bind 127.0.0.1:\(port)")
        #expect(made.sockets.count == 2)
        #expect(made.option(SOL_SOCKET, SO_REUSEPORT) == 0)
    }

    @Test func `tcp-smart-accept acknowledges a client's first bytes with the answer`() throws {
        let bind = "bind 127.0.0.1:\(try freePort())"
        let saving = "\(bind)\noption tcp-smart-accept"
        let made = try OpenListeners(saving)
        /// Packets that a client gets until he has his answer.
        func packets() throws -> UInt32 {
            let (client, socket) = try made.connection()
            defer {
                close(client)
                close(socket)
            }
            var byte: UInt8 = 0
            for (from, to) in [(client, socket), (socket, client)] {
                #expect(send(from, "x", 1, 0) == 1)
                #expect(recv(to, &byte, 1, 0) == 1)
            }
            // Of TCP_INFO, `tcpi_segs_in`.
            var (info, length) = ([UInt32](repeating: 0, count: 36), UInt32(144))
            #expect(getsockopt(client, tcp, TCP_INFO, &info, &length) == 0)
            return info[35]
        }
        #expect(try packets() == 2)
        try made.change(bind)
        #expect(try packets() == 3)
        try made.change(saving)
        #expect(try packets() == 2)
    }

    @Test func `defer-accept counts who has said something`() throws {
        let made = try OpenListeners("bind 127.0.0.1:\(try freePort()) defer-accept")
        let client = Int32(StreamSocket.open())
        defer { close(client) }
        _ = StreamSocket.connect(
            client, to: RawStreamAddress(StreamSocket.localEndpoint(of: made.sockets[0])))
        var waited = pollfd(fd: made.sockets[0], events: Int16(POLLIN), revents: 0)
        #expect(poll(&waited, 1, 100) == 0)
        #expect(send(client, "x", 1, 0) == 1)
        #expect(poll(&waited, 1, 5000) == 1)
    }

    @Test func `every port of a range is listened on, at each address`() throws {
        // Ports next to each other, of which the last may be somebody's.
        var made: OpenListeners?
        for _ in 0..<20 where made == nil {
            let port = try freePort()
            guard port < 65_000 else { continue }
            made = try? OpenListeners(
                "bind 127.0.0.1:\(port)-\(port + 2),[::1]:\(port)-\(port + 2)")
        }
        let sockets = try #require(made).sockets
        let ports = sockets.map { StreamSocket.localEndpoint(of: $0).port }
        let first = ports[0]
        #expect(ports == [first, first + 1, first + 2, first, first + 1, first + 2])
        for socket in sockets {
            let end = StreamSocket.localEndpoint(of: socket)
            let client = Int32(StreamSocket.open(end.isIPv4 ? 2 : 10))
            defer { close(client) }
            let result = StreamSocket.connect(client, to: RawStreamAddress(end))
            #expect(result == 0 || Errno(result: result) == .inProgress)
            var waited = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            #expect(poll(&waited, 1, 5000) == 1)
        }
    }

    @Test func `a family alone, or both`() throws {
        for (word, value): (String, Int32) in [("v6only", 1), ("v4v6", 0)] {
            let made = try OpenListeners("bind [::]:\(try freePort()) \(word)")
            #expect(made.option(Int32(IPPROTO_IPV6), IPV6_V6ONLY) == value)
        }
    }

    @Test(.tags(.needsRoot), asRoot) func `an interface, and addresses of others`() throws {
        let bound = try OpenListeners("bind 127.0.0.1:\(try freePort()) interface lo")
        var name = [CChar](repeating: 0, count: 16)
        var length = socklen_t(16)
        getsockopt(bound.sockets[0], SOL_SOCKET, SO_BINDTODEVICE, &name, &length)
        #expect(
            String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                == "lo")
        #expect(throws: Failure.self) {
            try OpenListeners("bind 127.0.0.1:\(try freePort()) interface lbctl-none")
        }
        // TEST-NET-1: nobody's.
        let foreign = try OpenListeners("bind 192.0.2.77:\(try freePort()) transparent")
        #expect(foreign.option(Int32(IPPROTO_IP), IP_TRANSPARENT) == 1)
    }

    @Test(.tags(.needsRoot), asRoot) func `a Unix socket's permissions, user and group`() throws {
        let path = "/tmp/lbctl-mode-\(getpid()).sock"
        let made = try OpenListeners("bind unix@\(path) mode 612 uid 1234 gid 4321")
        var information = stat()
        #expect(stat(path, &information) == 0)
        #expect(information.st_mode & 0o777 == 0o612)
        #expect(information.st_uid == 1234 && information.st_gid == 4321)
        #expect(made.sockets.count == 1)
        try made.change("bind unix@\(path)")
        #expect(stat(path, &information) == 0)
        #expect(information.st_mode & 0o777 == 0o666)
        _ = consume made
        #expect(stat(path, &information) != 0)
    }
}
#endif
