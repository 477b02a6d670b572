#if Program
import Foundation
import LinuxIO
import Synchronization

/// Sends every client the same bytes, whether it reads or not, and ends.
final class PatternServer: Sendable {
    let port: UInt16
    /// What ``ReadingClient/readAll()`` finds: the count, and a sum in which places count.
    let digest: Digest
    private let connections = Atomic(0)
    private let listener: Int32

    struct Digest: Equatable {
        var byteCount = 0
        var sum: UInt64 = 0

        mutating func add(_ bytes: ArraySlice<UInt8>) {
            for byte in bytes { sum = sum &* 31 &+ UInt64(byte) }
            byteCount += bytes.count
        }
    }

    init(byteCount: Int) throws {
        let socket = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 128)
        port = try Socket.localAddress(of: socket.rawValue).port
        _ = fcntl(socket.rawValue, F_SETFL, 0)
        listener = socket.release()
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 16) }
        var digest = Digest()
        digest.add(bytes[...])
        self.digest = digest
        let listener = listener
        try LinuxIO.Thread(name: "pattern") { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                self?.connections.add(1, ordering: .relaxed)
                try? LinuxIO.Thread(name: "pattern-one") {
                    var rest = bytes[...]
                    while !rest.isEmpty {
                        let count = rest.withUnsafeBytes {
                            send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                        }
                        guard count > 0 else { break }
                        rest = rest.dropFirst(count)
                    }
                    close(connection)
                }.detach()
            }
        }.detach()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    var connectionCount: Int { connections.load(ordering: .relaxed) }
}

/// A client that connects at once and reads later.
final class ReadingClient {
    private let socket: Int32

    init(port: UInt16) throws {
        socket = try Socket.tcp().release()
        _ = fcntl(socket, F_SETFL, 0)
        let result = StreamSocket.connect(
            socket, to: SocketAddress(address: 0x7f00_0001, port: port).raw)
        try check("connect", "\(port)", result)
    }

    deinit { close(socket) }

    func readAll() -> PatternServer.Digest {
        var digest = PatternServer.Digest()
        while true {
            var bytes: [UInt8] = []
            guard case .moved(1...) = UnixSocket.read(from: socket, into: &bytes) else {
                return digest
            }
            digest.add(bytes[...])
        }
    }
}
#endif
