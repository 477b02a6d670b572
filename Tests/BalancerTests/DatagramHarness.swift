import Balancer
import Glibc
import LinuxIO
import Synchronization
import Testing

extension BalancerTests.Datagrams {
    /// A server that answers each datagram with its name and what it got.
    final class NamedServer: Sendable {
        let address: StreamAddress
        private let isStopped = Atomic(false)

        init(_ name: String, on wanted: StreamAddress = .loopback4) throws {
            let number = try DatagramSocket.bound(
                to: wanted, options: ListeningOptions(backlog: 0)
            ).release()
            _ = fcntl(number, F_SETFL, 0)
            address = wanted.with(port: StreamSocket.localEndpoint(of: number).port)
            let thread = try Thread(name: "server") {
                defer { close(number) }
                var buffer = [UInt8](repeating: 0, count: 65_536)
                while true {
                    var peer = RawPeerAddress()
                    let transfer = buffer.withUnsafeMutableBytes { bytes -> Transfer in
                        guard let base = bytes.baseAddress else { return .wouldBlock }
                        return DatagramSocket.receive(
                            from: number, into: base, upTo: 65_536, peer: &peer)
                    }
                    guard case .moved(let count) = transfer else { return }
                    if count == 3, buffer[0] == 0x21 { return }
                    let answer = Array(name.utf8) + buffer[..<count]
                    let to = RawStreamAddress(peer.endpoint)
                    answer.withUnsafeBytes { bytes in
                        guard let base = bytes.baseAddress else { return }
                        _ = DatagramSocket.send(base, count: answer.count, to: to, by: number)
                    }
                }
            }
            thread.detach()
        }

        /// Has the server close its socket.
        func stop() {
            // Another one may have the port by the second time.
            guard !isStopped.exchange(true, ordering: .relaxed) else { return }
            DatagramClient(to: address).send("!!!")
        }

        deinit { stop() }
    }

    /// One source of datagrams, which is one flow at a time.
    final class DatagramClient {
        let socket: BlockingSocket

        /// - Parameters:
        ///   - address: Where it sends.
        ///   - source: Where from, with port 0 for any; `nil`: as the kernel chooses.
        init(to address: StreamAddress, from source: IPEndpoint? = nil) {
            let number = Glibc.socket(address.family, Int32(SOCK_DGRAM.rawValue), 0)
            if let source { _ = StreamSocket.bind(number, to: RawStreamAddress(source)) }
            _ = StreamSocket.connect(number, to: RawStreamAddress(address))
            socket = BlockingSocket(adopting: number)
            waitAtMost(.seconds(2))
        }

        func send(_ text: String) {
            let bytes = Array(text.utf8)
            _ = Glibc.send(socket.number, bytes, bytes.count, 0)
        }

        /// The answer to a datagram; nothing where none comes in time.
        func ask(_ text: String) -> String {
            send(text)
            guard case .bytes(let bytes) = socket.receive() else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }

        /// Bounds the wait for an answer.
        func waitAtMost(_ limit: Duration) {
            let (seconds, attoseconds) = limit.components
            var limit = timeval(
                tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
            setsockopt(socket.number, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        }
    }

    /// A balancer of datagrams with one pool, whose servers are `s0`, `s1` and so on, and with a listener of
    /// each reactor.
    final class Running {
        let balancer: Balancer
        /// The first reactor's listener.
        var address: StreamAddress { addresses[0] }
        /// Each reactor's.
        let addresses: [StreamAddress]
        /// What it was started with.
        let plan: BalancerPlan
        private let sockets: [Int32]
        private var clientCount = 0
        /// They answer for as long as it asks them.
        private let servers: [NamedServer]

        init(
            _ servers: [NamedServer], on wanted: StreamAddress = .loopback4, reactors: Int = 1,
            adjusting adjust: (inout BalancerPlan) -> Void = { _ in },
            observer: ConnectionObserver? = nil
        ) throws {
            self.servers = servers
            var options = ListeningOptions(backlog: 0)
            options.servesIPv6Alone = false
            // All flows of a listener are one reactor's, by its number.
            var (sockets, others) = ([Int: Int32](), [Int32]())
            while sockets.count < reactors {
                let socket = try DatagramSocket.bound(to: wanted, options: options).release()
                let former = sockets.updateValue(socket, forKey: Int(socket) % reactors)
                if let former { others.append(former) }
            }
            others.forEach { _ = close($0) }
            var plan = BalancerPlan(
                reactorCount: reactors, frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: servers.map { .at($0.address) })])
            for index in servers.indices { plan.pools[0].servers[index].name = "s\(index)" }
            plan.frontends[0].isDatagram = true
            plan.frontends[0].listeners = Array(repeating: ListenerPlan(), count: reactors)
            adjust(&plan)
            self.plan = plan
            let own = sockets.sorted { $0.key < $1.key }.map(\.value)
            self.sockets = own
            addresses = own.map { wanted.with(port: StreamSocket.localEndpoint(of: $0).port) }
            balancer = try Balancer(plan: plan, listeners: [own], observer: observer)
            try balancer.start()
        }

        var frontend: FrontendSnapshot { balancer.snapshot().frontends[0] }
        var pool: PoolSnapshot { balancer.snapshot().pools[0] }

        /// A client at an address of 127.0.0.0/8, by its last octet; the first one is the last reactor's, and
        /// so on in turn.
        func client(_ octet: UInt32 = 1) -> DatagramClient {
            clientCount += 1
            let address = addresses[addresses.count - 1 - (clientCount - 1) % addresses.count]
            return DatagramClient(to: address, from: IPEndpoint(ipv4: 0x7f00_0000 | octet, port: 0))
        }

        /// Whether each reactor has had flows.
        var isEachReactorBusy: Bool { eventually { balancer.busyReactorCount == addresses.count } }

        /// Which server answers each of these new flows, one after the other.
        func owners(of clients: [DatagramClient]) -> String {
            clients.map { String($0.ask("?").prefix(1)) }.joined()
        }

        /// Waits for the records of so many flows that have ended.
        func records(_ count: Int) -> [ConnectionRecord] {
            balancer.takeRecords(count)
        }

        deinit {
            balancer.stop()
            for socket in sockets { close(socket) }
        }
    }
}

extension Balancer {
    /// Waits for the records of so many connections.
    func takeRecords(_ count: Int) -> [ConnectionRecord] {
        var all: [ConnectionRecord] = []
        _ = eventually {
            records?.take { record, _ in all.append(record) }
            return all.count >= count
        }
        return all
    }
}

extension StreamAddress {
    /// Any port of 127.0.0.1.
    static let loopback4 = StreamAddress.ipv4(SocketAddress(address: 0x7f00_0001, port: 0))
    /// Any port of ::1.
    static let loopback6 = StreamAddress.ipv6(IPEndpoint(high: 0, low: 1, port: 0))

    /// The same address of IPv4 or IPv6 with another port.
    func with(port: UInt16) -> StreamAddress {
        switch self {
        case .ipv4(let address): .ipv4(SocketAddress(address: address.address, port: port))
        case .ipv6(let end): .ipv6(IPEndpoint(high: end.high, low: end.low, port: port))
        default: self
        }
    }
}
