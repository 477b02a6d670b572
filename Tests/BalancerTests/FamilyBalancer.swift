import Balancer
import Glibc
import LinuxIO

/// A balancer with one frontend and as many pools as are wanted, on a socket of any family.
final class FamilyBalancer {
    let balancer: Balancer
    let address: StreamAddress
    private let listener: Int32

    init(
        on address: StreamAddress = .ipv4(SocketAddress(address: 0x7f00_0001, port: 0)),
        pools: [[ServerPlan]], options: ListeningOptions = ListeningOptions(backlog: 64),
        adjusting adjust: (inout BalancerPlan) -> Void = { _ in }
    ) throws {
        let socket = try Socket.listening(on: address, options: options)
        listener = socket.release()
        let port = StreamSocket.localEndpoint(of: listener).port
        switch address {
        case .ipv4(let address):
            self.address = .ipv4(SocketAddress(address: address.address, port: port))
        case .ipv6(let end):
            self.address = .ipv6(IPEndpoint(high: end.high, low: end.low, port: port))
        default: self.address = address
        }
        var plan = BalancerPlan(
            frontends: [FrontendPlan(name: "front", poolIndex: 0)],
            pools: pools.enumerated().map { PoolPlan(name: "pool\($0)", servers: $1) })
        plan.frontends[0].listeners = [ListenerPlan()]
        adjust(&plan)
        balancer = try Balancer(plan: plan, listeners: [[listener]])
        try balancer.start()
    }

    var frontend: FrontendSnapshot { balancer.snapshot().frontends[0] }

    func connect(to other: StreamAddress? = nil, from source: IPEndpoint? = nil) -> BlockingSocket {
        dial(other ?? address, from: source)
    }

    /// What a client hears that says something first.
    func answer(to text: String = "") -> String {
        let client = connect()
        client.send(text)
        return client.receiveAll().text
    }

    deinit {
        balancer.stop()
        close(listener)
    }
}

/// Connects; fails the test where nobody listens, and gives a socket that hears nothing.
func dial(_ address: StreamAddress, from source: IPEndpoint? = nil) -> BlockingSocket {
    let number = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
    if let source { _ = StreamSocket.bind(number, to: RawStreamAddress(source)) }
    let raw = RawStreamAddress(address)
    let result = StreamSocket.connect(number, to: raw)
    let client = BlockingSocket(adopting: number)
    guard result == 0 else {
        return .failed("nobody listens on \(address): \(Errno(result: result))")
    }
    return client
}

/// A server of any family that answers each connection with what `answer` makes of its first bytes.
final class AnsweringServer: Sendable {
    let address: StreamAddress
    private let listener: Int32

    /// Waits for `count` bytes, and answers with what `answer` makes of them and the client's end.
    init(
        on address: StreamAddress = .ipv4(SocketAddress(address: 0x7f00_0001, port: 0)),
        after count: Int = 0, _ answer: @escaping @Sendable ([UInt8], IPEndpoint) -> String
    ) throws {
        let socket = try Socket.listening(on: address, options: ListeningOptions(backlog: 64))
        let number = socket.release()
        let port = StreamSocket.localEndpoint(of: number).port
        switch address {
        case .ipv4(let address):
            self.address = .ipv4(SocketAddress(address: address.address, port: port))
        case .ipv6(let end):
            self.address = .ipv6(IPEndpoint(high: end.high, low: end.low, port: port))
        default: self.address = address
        }
        listener = number
        _ = fcntl(number, F_SETFL, 0)
        let thread = try Thread(name: "server") {
            while true {
                let connection = accept(number, nil, nil)
                guard connection >= 0 else {
                    close(number)
                    return
                }
                let peer = StreamSocket.peerEndpoint(of: connection)
                let socket = BlockingSocket(adopting: connection)
                do throws(SystemError) {
                    let serving = try Thread(name: "serving") {
                        let bytes = Array(socket.receive(exactly: count).utf8)
                        socket.send(answer(bytes, peer))
                        socket.close()
                    }
                    serving.detach()
                } catch {
                    socket.close()
                }
            }
        }
        thread.detach()
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }
    deinit { stop() }
}

extension ServerPlan {
    static func at(
        _ address: StreamAddress, _ connection: ConnectionPlan = ConnectionPlan()
    ) -> Self {
        var server = ServerPlan(name: "s", at: address)
        server.connection = connection
        return server
    }
}
