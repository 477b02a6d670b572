import Glibc
import LinuxIO
import Synchronization

/// A server on a port of its own, with a thread for each connection.
final class TestServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let accepted = Counter()
    private let acceptor: Mutex<Thread?>

    private final class Counter: Sendable { let value = Atomic(0) }

    /// How many connections came.
    var acceptedCount: Int { accepted.value.load(ordering: .relaxed) }
    var address: SocketAddress { SocketAddress(address: 0x7f00_0001, port: port) }

    init(_ serve: @escaping @Sendable (BlockingSocket) -> Void) throws {
        let socket = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 1024)
        port = try Socket.localAddress(of: socket.rawValue).port
        let number = socket.release()
        _ = fcntl(number, F_SETFL, 0)
        listener = number
        // Without the server itself, which would never end.
        let thread = try Thread(name: "server") { [accepted] in
            while true {
                let connection = accept(number, nil, nil)
                guard connection >= 0 else { return }
                accepted.value.add(1, ordering: .relaxed)
                let socket = BlockingSocket(adopting: connection)
                do throws(SystemError) {
                    let serving = try Thread(name: "serving") {
                        serve(socket)
                        socket.close()
                    }
                    serving.detach()
                } catch {
                    socket.close()
                }
            }
        }
        acceptor = Mutex(thread)
        (KeepsServers.keeper ?? .ofProcess).keep(self)
    }

    /// Stops listening: further connections are refused, those that are there go on to their ends.
    func stop() {
        let thread = acceptor.withLock { $0.take() }
        guard let thread else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        thread.join()
        close(listener)
    }

    deinit { stop() }

    /// Answers each connection with a name, at once, and closes it.
    static func named(_ name: String) throws -> TestServer {
        try TestServer { $0.send(name) }
    }

    /// Sends a name, then waits for the client's end.
    static func holding(_ name: String) throws -> TestServer {
        try TestServer { socket in
            socket.send(name)
            _ = socket.receiveAll()
        }
    }

    /// Sends back what comes.
    static func echo() throws -> TestServer {
        try TestServer { socket in
            while case .bytes(let bytes) = socket.receive() {
                guard socket.sendAll(bytes[...]) else { return }
            }
        }
    }

    /// A port where nobody listens.
    static func refusingAddress() throws -> SocketAddress {
        let socket = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 1)
        return try Socket.localAddress(of: socket.rawValue)
    }
}
