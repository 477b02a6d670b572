import CLinux
import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// Clients whose packets netfilter gave another destination (REDIRECT), beside haproxy.
    @Suite struct `Redirected clients` {
        /// 192.0.2.2, and 2001:db8::2.
        private static let four = SocketAddress(address: 0xC000_0202, port: 0)
        private static let six = IPEndpoint(high: 0x2001_0db8_0000_0000, low: 2, port: 0)

        /// Has port N of the two addresses lead to port N + 1 of this node.
        private static func redirect(_ ports: [UInt16]) -> Bool {
            let rules = ports.flatMap { port in
                [
                    "nft add rule ip t o ip daddr 192.0.2.2 tcp dport \(port) redirect to :\(port + 1)",
                    "nft add rule ip6 t o ip6 daddr 2001:db8::2 tcp dport \(port)"
                        + " redirect to :\(port + 1)",
                ]
            }
            let chain = "'{ type nat hook output priority -100; }'"
            let commands =
                [
                    "ip link set lo up", "ip address add 192.0.2.2/32 dev lo",
                    "ip address add 2001:db8::2/128 dev lo nodad",
                ]
                + ["ip", "ip6"].flatMap {
                    ["nft add table \($0) t", "nft add chain \($0) t o \(chain)"]
                } + rules
            return system(commands.joined(separator: " && ")) == 0
        }

        /// What a client hears at port N, where haproxy or we listen on N + 1 and servers on N + 100 and
        /// N + 101.
        private static func answers(at port: UInt16) -> [String] {
            let ends: [StreamAddress] = [
                .ipv4(SocketAddress(address: four.address, port: port)),
                .ipv6(IPEndpoint(high: six.high, low: six.low, port: port)),
            ]
            return ends.map { end in
                var answer = ""
                _ = eventually {
                    answer = dial(quietly: end)?.receiveAll().text ?? ""
                    return !answer.isEmpty
                }
                return answer
            }
        }

        private static func dial(quietly address: StreamAddress) -> BlockingSocket? {
            let number = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
            let client = BlockingSocket(adopting: number)
            let result = StreamSocket.connect(number, to: RawStreamAddress(address))
            return result == 0 ? client : nil
        }

        /// Servers at each end where who comes to port N could be led.
        private static func servers(_ port: UInt16) throws -> [AnsweringServer] {
            let local = IPEndpoint(high: 0, low: 1, port: port + 101)
            let ends: [(StreamAddress, String)] = [
                (.ipv4(SocketAddress(address: four.address, port: port + 100)), "first of IPv4"),
                (.ipv4(SocketAddress(address: 0x7f00_0001, port: port + 101)), "new of IPv4"),
                (
                    .ipv6(IPEndpoint(high: six.high, low: six.low, port: port + 100)),
                    "first of IPv6"
                ),
                (.ipv6(local), "new of IPv6"),
            ]
            return try ends.map { end, name in try AnsweringServer(on: end) { _, _ in name } }
        }

        @Test func `are led by where they connected to first, those of IPv4 as by haproxy`() async {
            await #expect(processExitsWith: .success) {
                // A network of this process's own.
                let ownNetwork = 0x4000_0000  // CLONE_NEWNET
                precondition(clinux_call(Int(__NR_unshare), ownNetwork, 0, 0, 0, 0, 0) == 0)
                let (theirs, ours): (UInt16, UInt16) = (7500, 7700)
                precondition(Self.redirect([theirs, ours]))
                let own = try [theirs, ours].map { try Self.servers($0) }
                let path = "/tmp/redirected-test-\(getpid()).cfg"
                defer { unlink(path) }
                let text = """
                    defaults
                        mode tcp
                        timeout connect 1s
                    listen l
                        bind 127.0.0.1:\(theirs + 1)
                        bind [::1]:\(theirs + 1)
                        server s 0.0.0.0:+100

                    """
                let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
                _ = text.withCString { write(file, $0, strlen($0)) }
                close(file)
                let haproxy = try ChildProcess(
                    path: "/usr/sbin/haproxy", arguments: ["haproxy", "-db", "-q", "-f", path])
                defer { haproxy.end() }
                let expected = ["first of IPv4", "new of IPv6"]
                precondition(Self.answers(at: theirs) == expected)

                let sockets = try [
                    StreamAddress.ipv4(SocketAddress(address: 0x7f00_0001, port: ours + 1)),
                    .ipv6(IPEndpoint(high: 0, low: 1, port: ours + 1)),
                ].map {
                    try Socket.listening(on: $0, options: ListeningOptions(backlog: 8)).release()
                }
                var server = ServerPlan(name: "a", address: SocketAddress(address: 0, port: 0))
                server.portOffset = 100
                var plan = BalancerPlan(
                    frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                    pools: [PoolPlan(name: "pool", servers: [server])])
                plan.frontends[0].listeners = [ListenerPlan(), ListenerPlan()]
                let balancer = try Balancer(plan: plan, listeners: [sockets])
                try balancer.start()
                defer { balancer.stop() }
                precondition(Self.answers(at: ours) == expected)
                withExtendedLifetime(own) {}
            }
        }
    }
}
