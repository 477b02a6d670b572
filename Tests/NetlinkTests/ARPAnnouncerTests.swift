import Glibc
import LinuxIO
import Netlink
import Testing

/// A gratuitous ARP request for 172.17.0.5 at 02:00:00:00:00:0a, as on the wire.
private let announcement: [UInt8] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x08, 0x06,
    0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01,
    0x02, 0x00, 0x00, 0x00, 0x00, 0x0a, 172, 17, 0, 5,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 172, 17, 0, 5,
]

/// An unsolicited neighbour advertisement (override) for 2001:db8::5 at 02:00:00:00:00:0a.
private let advertisement: [UInt8] = [
    0x33, 0x33, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x86, 0xdd,
    0x60, 0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff,
    0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5,
    0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    0x88, 0x00, 0xf9, 0x19, 0x20, 0x00, 0x00, 0x00,
    0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5,
    0x02, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x0a,
]

/// What a packet socket hears until nothing has come for 100 ms.
private func frames(at listener: Int32) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    var waited = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
    while poll(&waited, 1, 100) > 0 {
        var buffer = [UInt8](repeating: 0, count: 2048)
        let count = recv(listener, &buffer, buffer.count, 0)
        frames.append(Array(buffer[..<max(count, 0)]))
    }
    return frames
}

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `Frames on the wire` {
    @Test func `a frame arrives at the other end byte by byte`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                // AF_PACKET, SOCK_RAW, ETH_P_ARP in network order.
                let listener = socket(17, 3, Int32(UInt16(0x0806).bigEndian))
                try #require(listener >= 0)
                defer { close(listener) }
                let announcer = try ARPAnnouncer()
                let sent = announcer.sendFrame(
                    announcement.span, interfaceIndex: Laboratory.interfaceIndex("a"))
                #expect(sent == .moved(42))
                let heard = frames(at: listener)
                #expect(heard == [announcement], "\(heard)")
            }
        }
    }

    @Test func `the other end learns the hardware address from it`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let b = Laboratory.interfaceIndex("b")
                try Laboratory.ip("address add 172.17.0.100/24 dev b")
                try Laboratory.ip(
                    "neighbour add 172.17.0.5 lladdr 02:00:00:00:00:99 nud stale dev b")
                let announcer = try ARPAnnouncer()
                let sent = announcer.sendFrame(
                    announcement.span, interfaceIndex: Laboratory.interfaceIndex("a"))
                #expect(sent == .moved(42))
                let known = try Neighbours().list(interfaceIndex: b)
                #expect(known.map(\.address) == [InternetAddress(172, 17, 0, 5)])
                #expect(known.map(\.hardwareAddress?.rawValue) == [0x02_00_00_00_00_0a])
            }
        }
    }

    @Test func `a neighbour advertisement moves an IPv6 address to another hardware address`() async
    {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let b = Laboratory.interfaceIndex("b")
                try Laboratory.ip("address add 2001:db8::100/64 dev b nodad")
                try Laboratory.ip(
                    "neighbour add 2001:db8::5 lladdr 02:00:00:00:00:99 nud reachable dev b")
                // AF_PACKET, SOCK_RAW, ETH_P_IPV6 in network order.
                let listener = socket(17, 3, Int32(UInt16(0x86dd).bigEndian))
                try #require(listener >= 0)
                defer { close(listener) }
                let announcer = try ARPAnnouncer()
                let sent = announcer.sendFrame(
                    advertisement.span, interfaceIndex: Laboratory.interfaceIndex("a"))
                #expect(sent == .moved(86))
                let heard = frames(at: listener)
                // The kernel itself may speak of its multicast groups meanwhile.
                #expect(heard.contains(advertisement), "\(heard)")
                let known = try Neighbours().list(interfaceIndex: b, family: .v6)
                    .filter { $0.address == .v6(high: 0x2001_0db8_0000_0000, low: 5) }
                #expect(known.map(\.hardwareAddress?.rawValue) == [0x02_00_00_00_00_0a])
            }
        }
    }

    @Test func `what can't be sent is a value that says why`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let announcer = try ARPAnnouncer()
                let a = Laboratory.interfaceIndex("a")
                let nowhere = announcer.sendFrame(announcement.span, interfaceIndex: 4711)
                #expect(nowhere == .failed(Errno(rawValue: ENXIO)))
                let header = Array(announcement[..<13])
                let headless = announcer.sendFrame(header.span, interfaceIndex: a)
                #expect(headless == .failed(.invalidArgument))
                let overlong = [UInt8](repeating: 0xff, count: 1600)
                let tooLong = announcer.sendFrame(overlong.span, interfaceIndex: a)
                #expect(tooLong == .failed(Errno(rawValue: EMSGSIZE)))
                try Laboratory.ip("link set dev a down")
                let down = announcer.sendFrame(announcement.span, interfaceIndex: a)
                #expect(down == .failed(.networkDown))
            }
        }
    }

    @Test func `a caller without the privilege gets no socket`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                #expect(setuid(65534) == 0)
                let error = #expect(throws: SystemError.self) { _ = try ARPAnnouncer() }
                #expect(error?.call == "socket")
                #expect(error?.errno == .notPermitted)
            }
        }
    }
}
