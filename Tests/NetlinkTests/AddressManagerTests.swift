import Glibc
import LinuxIO
import Testing

@testable import Netlink

/// What a socket lets through of what the kernel sends (`struct sock_fprog`).
private struct PacketFilter {
    let count: UInt16
    let instructions: UnsafePointer<UInt64>

    /// Has the only blocking netlink socket of this process hear answers, and nothing of a listing.
    static func hideListings() throws {
        let sockets = (3..<64).map(Int32.init).filter { number in
            var address = sockaddr()
            var length = socklen_t(MemoryLayout<sockaddr>.size)
            return getsockname(number, &address, &length) == 0 && address.sa_family == 16
                && fcntl(number, F_GETFL) & O_NONBLOCK == 0
        }
        guard sockets.count == 1 else {
            throw CommandFailure(message: "blocking netlink sockets: \(sockets)")
        }
        // The type of a message is in the host's order, and read as if it were in the network's.
        let instructions: [UInt64] = [
            0x28 | 4 << 32,  // Load the 16 bits at 4.
            0x15 | 2 << 16 | 0x1400 << 32,  // RTM_NEWADDR: to the last one.
            0x15 | 1 << 16 | 0x0300 << 32,  // NLMSG_DONE: likewise.
            0x06 | 0xffff_ffff << 32,  // Take it all.
            0x06,  // Take nothing.
        ]
        instructions.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var filter = PacketFilter(count: UInt16(buffer.count), instructions: base)
            let attach: Int32 = 26  // SO_ATTACH_FILTER
            let size = socklen_t(MemoryLayout<PacketFilter>.size)
            #expect(setsockopt(sockets[0], SOL_SOCKET, attach, &filter, size) == 0)
        }
    }
}

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `Addresses in the kernel` {
    @Test func `an address is added with all that was said about it`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                var address = InterfaceAddress(
                    InternetAddress(172, 17, 0, 5), prefixLength: 24,
                    interfaceIndex: Laboratory.interfaceIndex("a"))
                address.label = "a:vip"
                address.broadcast = InternetAddress(172, 17, 0, 255)
                address.scope = .link
                address.flags = .noPrefixRoute
                address.protocolTag = .lbctl
                address.lifetime = .init(validSeconds: 3600, preferredSeconds: 1800)
                #expect(try manager.add(address) == .added)

                var shown = try #require(try Laboratory.addresses(of: "a").first)
                #expect((3595...3600).contains(shown.valid_life_time))
                #expect((1795...1800).contains(shown.preferred_life_time))
                shown.valid_life_time = 0
                shown.preferred_life_time = 0
                #expect(
                    shown
                        == Laboratory.Address(
                            local: "172.17.0.5", prefixlen: 24, broadcast: "172.17.0.255",
                            scope: "link", label: "a:vip", noprefixroute: true, valid_life_time: 0,
                            preferred_life_time: 0))
            }
        }
    }

    @Test func `an address with nothing said is like one that ip adds`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let a = Laboratory.interfaceIndex("a")
                let address = InterfaceAddress(
                    InternetAddress(10, 9, 8, 7), prefixLength: 32, interfaceIndex: a)
                #expect(try manager.add(address) == .added)
                try Laboratory.ip("address add 10.9.8.6/32 dev a")
                let shown = try Laboratory.addresses(of: "a")
                #expect(shown.map(\.local) == ["10.9.8.7", "10.9.8.6"])
                #expect(shown.map(\.label) == ["a", "a"])
                #expect(shown.map(\.scope) == ["global", "global"])
                #expect(shown.map(\.valid_life_time) == [.max, .max])
                #expect(shown.map(\.broadcast) == [nil, nil])
                let listed = try manager.list(interfaceIndex: a, family: .v4)
                #expect(listed.map(\.label) == ["a", "a"])
                #expect(listed.map(\.lifetime) == [nil, nil])
                #expect(listed.map(\.flags) == [.permanent, .permanent])
                #expect(listed.map(\.protocolTag) == [nil, nil])
            }
        }
    }

    @Test func `what ip added is listed with all that it has`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Laboratory.ip("address add 10.1.0.6/24 broadcast 10.1.0.255 dev a")
                try Laboratory.ip(
                    "address add 10.3.0.7/24 dev a label a:x scope link valid_lft 900 preferred_lft 300"
                )
                try Laboratory.ip("address add 192.168.7.1 peer 192.168.7.2/30 dev a")
                try Laboratory.ip("address add 10.2.0.1/24 dev b")
                let listed = try AddressManager().list(
                    interfaceIndex: Laboratory.interfaceIndex("a"), family: .v4
                )
                .sorted { $0.address.description < $1.address.description }
                try #require(listed.count == 3)
                #expect(
                    listed.map(\.address) == [
                        InternetAddress(10, 1, 0, 6), InternetAddress(10, 3, 0, 7),
                        InternetAddress(192, 168, 7, 1),
                    ])
                #expect(listed.map(\.prefixLength) == [24, 24, 30])
                #expect(listed.map(\.broadcast) == [InternetAddress(10, 1, 0, 255), nil, nil])
                #expect(listed.map(\.peer) == [nil, nil, InternetAddress(192, 168, 7, 2)])
                #expect(listed.map(\.label) == ["a", "a:x", "a"])
                #expect(listed.map(\.scope) == [.global, .link, .global])
                let lifetime = try #require(listed[1].lifetime)
                #expect((895...900).contains(lifetime.validSeconds))
                #expect((295...300).contains(lifetime.preferredSeconds))
                #expect(listed.map { $0.flags.contains(.permanent) } == [true, false, true])
                let everywhere = try AddressManager().list().map(\.address)
                #expect(everywhere.contains(InternetAddress(10, 2, 0, 1)))
                #expect(everywhere.contains(InternetAddress(127, 0, 0, 1)))
            }
        }
    }

    @Test func `the second address of a subnet is listed as secondary`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Laboratory.ip("address add 10.1.0.6/24 dev a")
                let manager = try AddressManager()
                let a = Laboratory.interfaceIndex("a")
                let second = InterfaceAddress(
                    InternetAddress(10, 1, 0, 5), prefixLength: 24, interfaceIndex: a)
                #expect(try manager.add(second) == .added)
                #expect(
                    try manager.list(interfaceIndex: a, family: .v4).map(\.isSecondary) == [
                        false, true,
                    ])
                #expect(try Laboratory.addresses(of: "a").map(\.secondary) == [nil, true])
            }
        }
    }

    @Test func `adding twice and removing twice say so and are no failures`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let a = Laboratory.interfaceIndex("a")
                try Laboratory.ip("address add 10.1.0.5/24 dev a label a:admin")
                var address = InterfaceAddress(
                    InternetAddress(10, 1, 0, 5), prefixLength: 24, interfaceIndex: a)
                address.protocolTag = .lbctl
                guard case .alreadyPresent(let present) = try manager.add(address) else {
                    Issue.record("added twice")
                    return
                }
                #expect(present.label == "a:admin")
                #expect(present.protocolTag == nil)
                #expect(try manager.remove(address) == .removed)
                #expect(try manager.remove(address) == .alreadyAbsent)
                #expect(try Laboratory.addresses(of: "a") == [])
                address.interfaceIndex = 4711
                #expect(try manager.remove(address) == .alreadyAbsent)
                #expect(try manager.list(interfaceIndex: 4711) == [])
            }
        }
    }

    @Test func `the tag is in the kernel's own bytes and is read back`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let supportsProtocolTag = manager.supportsProtocolTag
                try #require(supportsProtocolTag)
                let a = Laboratory.interfaceIndex("a")
                var address = InterfaceAddress(
                    InternetAddress(172, 17, 0, 5), prefixLength: 24, interfaceIndex: a)
                address.protocolTag = .lbctl
                #expect(try manager.add(address) == .added)
                let raw = try RawReader.attributes(of: [172, 17, 0, 5], interfaceIndex: a)
                #expect(raw?[11] == [0x6c])
                #expect(
                    try manager.list(interfaceIndex: a, family: .v4).map(\.protocolTag) == [.lbctl])
            }
        }
    }

    @Test func `a renewal keeps the tag and sets the lifetime`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let a = Laboratory.interfaceIndex("a")
                var address = InterfaceAddress(
                    InternetAddress(172, 17, 0, 5), prefixLength: 24, interfaceIndex: a)
                address.protocolTag = .lbctl
                address.lifetime = .init(validSeconds: 10)
                #expect(try manager.add(address) == .added)
                address.lifetime = .init(validSeconds: 500)
                try manager.replace(address)
                let raw = try RawReader.attributes(of: [172, 17, 0, 5], interfaceIndex: a)
                #expect(raw?[11] == [0x6c])
                let shown = try Laboratory.addresses(of: "a")
                #expect(shown.count == 1)
                #expect((495...500).contains(shown[0].valid_life_time))
                #expect((495...500).contains(shown[0].preferred_life_time))
            }
        }
    }

    @Test func `a kernel that does not know an attribute is told from one that does`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let socket = try NetlinkSocket()
                #expect(try AddressManager.knowsAttribute(11, on: socket))
                #expect(try !AddressManager.knowsAttribute(99, on: socket))
            }
        }
    }

    @Test func `leftovers go and foreign addresses stay`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let (a, b) = (Laboratory.interfaceIndex("a"), Laboratory.interfaceIndex("b"))
                func own(_ last: UInt8, _ index: Int32, _ tag: UInt8) -> InterfaceAddress {
                    var address = InterfaceAddress(
                        InternetAddress(10, 1, 0, last), prefixLength: 24, interfaceIndex: index)
                    address.protocolTag = AddressProtocol(rawValue: tag)
                    return address
                }
                // The leftover came first: it is the primary, and the administrator's is secondary.
                #expect(try manager.add(own(5, a, 0x6c)) == .added)
                try Laboratory.ip(
                    "address add 10.1.0.6/24 broadcast 10.1.0.255 dev a label a:admin")
                #expect(try manager.add(own(7, b, 0x6c)) == .added)
                #expect(try manager.add(own(8, b, 18)) == .added)

                let removed = try manager.removeLeftovers(tag: .lbctl)
                #expect(removed.count == 2)
                #expect(
                    Set(removed.map(\.address)) == [
                        InternetAddress(10, 1, 0, 5), InternetAddress(10, 1, 0, 7),
                    ])
                let left = try Laboratory.addresses(of: "a")
                #expect(left.map(\.local) == ["10.1.0.6"])
                #expect(left.map(\.broadcast) == ["10.1.0.255"])
                #expect(left.map(\.label) == ["a:admin"])
                #expect(try Laboratory.addresses(of: "b").map(\.local) == ["10.1.0.8"])
                #expect(
                    try RawReader.attributes(of: [10, 1, 0, 8], interfaceIndex: b)?[11] == [18])
                #expect(try manager.removeLeftovers(tag: .lbctl) == [])
            }
        }
    }

    @Test func `300 addresses come and go in batches, each with its own answer`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let a = Laboratory.interfaceIndex("a")
                var addresses = (0..<300).map {
                    InterfaceAddress(
                        .v4(0x0a01_0000 + UInt32($0)), prefixLength: 16, interfaceIndex: a)
                }
                addresses[100].interfaceIndex = 4711
                addresses[200] = addresses[199]
                let added = try manager.add(addresses)
                #expect(added.count == 300)
                for (position, result) in added.enumerated() {
                    switch (position, result) {
                    case (100, .failure(let error)):
                        #expect(error.reason.errno == .noSuchDevice)
                    case (200, .success(.alreadyPresent)): break
                    case (_, .success(.added)): #expect(position != 100 && position != 200)
                    default: Issue.record("address \(position): \(result)")
                    }
                }
                #expect(try Laboratory.addresses(of: "a").count == 298)

                let removed = try manager.remove(addresses)
                let absent = removed.indices.filter { removed[$0] == .success(.alreadyAbsent) }
                #expect(absent == [100, 199])
                #expect(removed.filter { $0 == .success(.removed) }.count == 298)
                #expect(try Laboratory.addresses(of: "a") == [])
            }
        }
    }

    @Test func `an address can be put on an interface that is down`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Laboratory.ip("link set dev a down")
                let manager = try AddressManager()
                let address = InterfaceAddress(
                    InternetAddress(10, 1, 0, 5), prefixLength: 24,
                    interfaceIndex: Laboratory.interfaceIndex("a"))
                #expect(try manager.add(address) == .added)
                #expect(try Laboratory.addresses(of: "a").map(\.local) == ["10.1.0.5"])
            }
        }
    }

    @Test func `errors say what failed, on what, and why in the kernel's words`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let a = Laboratory.interfaceIndex("a")
                let nowhere = InterfaceAddress(
                    InternetAddress(10, 1, 0, 5), prefixLength: 24, interfaceIndex: 4711)
                let missing = #expect(throws: NetlinkError.self) { try manager.add(nowhere) }
                #expect(missing?.operation == "add")
                #expect(missing?.subject == "10.1.0.5/24 on interface 4711")
                #expect(missing?.reason.errno == .noSuchDevice)
                #expect(missing?.description.contains("No such device") == true)

                // The kernel explains a lifetime of 0 in words of its own.
                var expired = InterfaceAddress(
                    InternetAddress(10, 1, 0, 5), prefixLength: 24, interfaceIndex: a)
                expired.lifetime = .init(validSeconds: 0)
                let refused = #expect(throws: NetlinkError.self) { try manager.add(expired) }
                #expect(refused?.reason.errno == .invalidArgument)
                #expect(refused?.reason.explanation?.contains("valid") == true)

                var overlong = nowhere
                overlong.label = "a-label-of-more-than-fifteen-bytes"
                let local = #expect(throws: NetlinkError.self) { try manager.add(overlong) }
                #expect(local?.subject == "10.1.0.5/24 on interface 4711")
            }
        }
    }

    @Test func `one is removed also where those that it would take along can't be listed`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let a = Laboratory.interfaceIndex("a")
                let manager = try AddressManager()
                let address = InterfaceAddress(
                    InternetAddress(10, 1, 0, 5), prefixLength: 24, interfaceIndex: a)
                _ = try manager.add(address)
                try PacketFilter.hideListings()
                let error = #expect(throws: NetlinkError.self) { try manager.remove(address) }
                #expect(error?.reason == .unanswered)
                #expect(try Laboratory.addresses(of: "a").isEmpty)
            }
        }
    }

    @Test func `a caller without the privilege is told so`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let a = Laboratory.interfaceIndex("a")
                #expect(setuid(65534) == 0)
                let manager = try AddressManager()
                let supportsProtocolTag = manager.supportsProtocolTag
                #expect(supportsProtocolTag)
                let address = InterfaceAddress(
                    InternetAddress(10, 1, 0, 5), prefixLength: 24, interfaceIndex: a)
                let error = #expect(throws: NetlinkError.self) { try manager.add(address) }
                #expect(error?.reason.errno == .notPermitted)
                #expect(
                    error?.description.hasPrefix(
                        "add 10.1.0.5/24 on interface \(a): Operation not permitted (errno 1)")
                        == true)
            }
        }
    }
}
