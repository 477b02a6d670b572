import CLinux
import Glibc
import Testing

@testable import LinuxIO

@Suite struct `A socket that is used again` {
    /// A listening socket, for as long as the test process lives.
    private let listener: Int32
    private let address: SocketAddress

    init() throws {
        let socket = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 8)
        address = try Socket.localAddress(of: socket.rawValue)
        listener = socket.release()
    }

    @Test func `is over once its other end has answered its end`() throws {
        let socket = Int32(StreamSocket.open())
        defer { close(socket) }
        #expect(!StreamSocket.isOver(-1))
        for round: UInt8 in 1...3 {
            let other = try connect(socket)
            #expect(!StreamSocket.isOver(socket))
            var octet = round
            #expect(send(socket, &octet, 1, 0) == 1)
            StreamSocket.endSending(socket)
            #expect(!StreamSocket.isOver(socket))
            octet = 0
            #expect(recv(other, &octet, 1, 0) == 1)
            #expect(octet == round)
            close(other)
            #expect(StreamSocket.isOver(socket))
            #expect(StreamSocket.disconnect(socket) == 0)
        }
    }

    @Test func `is not over while its own end was not said`() throws {
        let socket = Int32(StreamSocket.open())
        defer { close(socket) }
        close(try connect(socket))
        #expect(!StreamSocket.isOver(socket))
    }

    @Test func `is not over without timestamps, whatever its state`() async {
        await #expect(processExitsWith: .success) {
            // A network of this process's own.
            let ownNetwork = 0x4000_0000  // CLONE_NEWNET
            precondition(clinux_call(Int(__NR_unshare), ownNetwork, 0, 0, 0, 0, 0) == 0)
            precondition(setUp("lo"))
            let setting = open("/proc/sys/net/ipv4/tcp_timestamps", O_WRONLY)
            precondition(write(setting, "0", 1) == 1)
            let listener = try Socket.listening(
                on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 8)
            let socket = Int32(StreamSocket.open())
            let connected = StreamSocket.connect(
                socket, to: RawStreamAddress(.ipv4(try Socket.localAddress(of: listener.rawValue))))
            precondition(connected == -Int(EINPROGRESS))
            let other = accept(listener.rawValue, nil, nil)
            precondition(other >= 0)
            StreamSocket.endSending(socket)
            close(other)
            var state: UInt8 = 0
            var length: socklen_t = 1
            precondition(getsockopt(socket, Int32(IPPROTO_TCP), TCP_INFO, &state, &length) == 0)
            precondition(state == 7, "TCP_CLOSE")
            precondition(!StreamSocket.isOver(socket))
        }
    }

    /// Connects a socket, and takes the other end.
    private func connect(_ socket: Int32) throws -> Int32 {
        let result = StreamSocket.connect(socket, to: RawStreamAddress(.ipv4(address)))
        #expect(result == -Int(EINPROGRESS))
        var wanted = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        #expect(poll(&wanted, 1, 5000) == 1)
        return accept(listener, nil, nil)
    }
}

/// Sets an interface of this process's network up (SIOCSIFFLAGS, `netdevice(7)`).
private func setUp(_ name: String) -> Bool {
    let socket = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(socket) }
    var request = [UInt8](repeating: 0, count: 40)
    request.replaceSubrange(0..<name.utf8.count, with: name.utf8)
    request[16] = 1  // IFF_UP
    return ioctl(socket, 0x8914, &request) == 0
}
