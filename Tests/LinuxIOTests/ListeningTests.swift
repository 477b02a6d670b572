import Glibc
import LinuxIO
import Testing

@Suite struct `Listening sockets` {
    /// With a handshake that has begun and not ended, since it waits for the client's first bytes.
    @Test func `one that goes leaves newcomers to the wider one, and keeps who was there`() throws {
        var options = ListeningOptions(backlog: 16)
        options.defersAccept = true
        let narrow = try Socket.listening(
            on: .ipv4(SocketAddress(address: 0x7f00_0001, port: 0)), options: options)
        let port = try Socket.localAddress(of: narrow.rawValue).port
        Socket.setShared(narrow.rawValue, true)
        options.isShared = true
        let wide = try Socket.listening(
            on: .ipv4(SocketAddress(address: 0, port: port)), options: options)
        let former = try connected(to: port)
        Socket.turnNewcomersAway(from: narrow.rawValue)
        let newcomer = try connected(to: port)
        for (client, byte) in [
            (former.rawValue, UInt8(ascii: "f")), (newcomer.rawValue, UInt8(ascii: "n")),
        ] {
            #expect(withUnsafeBytes(of: byte) { send(client, $0.baseAddress, 1, 0) } == 1)
        }
        #expect(firstByte(of: narrow) == UInt8(ascii: "f"))
        #expect(firstByte(of: wide) == UInt8(ascii: "n"))
        // Without the wider one they are refused at once.
        _ = consume wide
        #expect(throws: SystemError.self) { _ = try connected(to: port) }
    }

    private func connected(to port: UInt16) throws -> Descriptor {
        let socket = try Socket.tcp()
        _ = fcntl(socket.rawValue, F_SETFL, 0)
        let address = RawStreamAddress(.ipv4(SocketAddress(address: 0x7f00_0001, port: port)))
        let result = StreamSocket.connect(socket.rawValue, to: address)
        guard result == 0 else {
            throw SystemError(call: "connect", errno: Errno(result: result))
        }
        return socket
    }

    /// The first byte of the connection that a socket has for us; 0: none comes.
    private func firstByte(of listener: borrowing Descriptor) -> UInt8 {
        var waited = pollfd(fd: listener.rawValue, events: Int16(POLLIN), revents: 0)
        guard poll(&waited, 1, 2000) == 1 else { return 0 }
        let connection = accept(listener.rawValue, nil, nil)
        defer { close(connection) }
        var byte: UInt8 = 0
        return recv(connection, &byte, 1, 0) == 1 ? byte : 0
    }
}
