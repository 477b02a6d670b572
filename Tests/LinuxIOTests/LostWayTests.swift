import CLinux
import Glibc
import LinuxIO
import Testing

@Suite struct `A log whose daemon is far away` {
    @Test func `gets lines as soon as there is a way, and again after each change of it`() async {
        await #expect(processExitsWith: .success) {
            // A network of this process's own, in which nothing is set up yet.
            let ownNetwork = 0x4000_0000  // CLONE_NEWNET
            precondition(clinux_call(Int(__NR_unshare), ownNetwork, 0, 0, 0, 0, 0) == 0)
            precondition(system("ip link set lo up") == 0)
            let daemon = try Socket.open(AF_INET, Int32(SOCK_DGRAM.rawValue), 0, "test")
            let anywhere = RawStreamAddress(.ipv4(SocketAddress(address: 0, port: 514)))
            precondition(StreamSocket.bind(daemon.rawValue, to: anywhere) == 0)
            let sink = try LineSink(.datagrams(IPEndpoint(ipv4: 0xC000_0207, port: 514)))
            precondition(!sink.send("to nowhere"))

            /// The next line that the daemon gets, and from where.
            func next() -> (line: String, source: UInt32) {
                var buffer = [UInt8](repeating: 0, count: 64)
                var source = sockaddr_in()
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                let count = withUnsafeMutablePointer(to: &source) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        recvfrom(
                            daemon.rawValue, &buffer, 64, Int32(MSG_DONTWAIT), $0, &length)
                    }
                }
                let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
                return (text, source.sin_addr.s_addr.byteSwapped)
            }

            // The way to an address of this network begins at another one of it.
            let way = "ip route replace local 192.0.2.7 dev lo table local src"
            let first = "198.51.100.1"
            precondition(
                system(
                    "ip address add 192.0.2.7/32 dev lo && ip address add \(first) dev lo"
                        + " && \(way) \(first)") == 0)
            precondition(sink.send("a way"))
            precondition(next() == ("a way", 0xC633_6401))
            let second = "198.51.100.2"
            precondition(
                system(
                    "ip address add \(second) dev lo && \(way) \(second)"
                        + " && ip address del \(first)/32 dev lo") == 0)
            precondition(sink.send("another way"))
            precondition(next() == ("another way", 0xC633_6402))
        }
    }
}
