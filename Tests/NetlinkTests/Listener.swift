import Glibc
import Testing

/// What arrives at `b` of one Ethernet protocol.
struct Listener: ~Copyable {
    let number: Int32

    init(protocol number: UInt16) {
        self.number = socket(17, 3, Int32(number.bigEndian))  // AF_PACKET, SOCK_RAW
        // sockaddr_ll: family, protocol in network order, interface, and zeros.
        var address = [UInt8](repeating: 0, count: 20)
        address[0] = 17
        address[2] = UInt8(number >> 8)
        address[3] = UInt8(number & 0xff)
        address[4] = UInt8(Laboratory.interfaceIndex("b"))
        let result = address.withUnsafeBytes {
            bind(self.number, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, 20)
        }
        #expect(result == 0)
    }

    /// The frames until nothing comes for 200 ms, without those that `b` itself has sent.
    borrowing func frames() -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var waited = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        while poll(&waited, 1, 200) > 0 {
            var buffer = [UInt8](repeating: 0, count: 2048)
            let count = recv(number, &buffer, buffer.count, 0)
            let frame = Array(buffer[..<max(count, 0)])
            if Array(frame[6..<12]) != [0x02, 0, 0, 0, 0, 9] { frames.append(frame) }
        }
        return frames
    }

    deinit { close(number) }
}
