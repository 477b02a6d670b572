import Testing
import VRRPCore

@testable import Failover
@testable import Netlink

private func link(_ index: Int32 = 2) -> Link {
    Link(
        index: index, name: "eth1", flags: [.up, .running], operationalState: .up,
        hardwareAddress: nil, mtu: 1500, masterIndex: nil)
}

private func address(_ text: String, _ flags: InterfaceAddress.Flags) throws -> InterfaceAddress {
    var address = InterfaceAddress(
        try #require(InternetAddress(text)), prefixLength: 64, interfaceIndex: 2)
    address.flags = flags
    return address
}

private func ip(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

@Suite struct `The address to send from` {
    /// The best first, for either kind.
    private static let ranked: [(text: String, flags: InterfaceAddress.Flags)] = [
        ("fe80::3", .permanent), ("fe80::4", .permanent), ("fe80::2", []),
        ("fe80::1", .deprecated),
        ("2001:db8::3", .permanent), ("2001:db8::4", .permanent), ("2001:db8::2", []),
        ("2001:db8::1", [.permanent, .deprecated]), ("2001:db8:0:1::", .secondary),
    ]

    private func addresses() throws -> [InterfaceAddress] {
        try Self.ranked.map { try address($0.text, $0.flags) }
            + [
                address("fe80::", .tentative), address("2001:db8::", [.permanent, .duplicate]),
                address("10.9.0.7", []), address("10.9.0.1", []),
            ]
    }

    @Test func `over IPv6 it is the same one in whatever order the kernel lists them`() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            var left = try addresses().shuffled(using: &generator)
            for text in ["fe80::3", "fe80::4", "fe80::2", "fe80::1"] {
                let interface = HostInterface(link: link(), addresses: left, virtualAddresses: [])
                #expect(interface.sourceAddress(.ipv6) == (try ip(text)))
                left.removeAll { $0.address == InternetAddress(text) }
            }
            let virtual: Set = [try ip("2001:db8::3")]
            for text in ["2001:db8::4", "2001:db8::2", "2001:db8::1", "2001:db8:0:1::"] {
                let interface = HostInterface(
                    link: link(), addresses: left, virtualAddresses: virtual)
                #expect(interface.globalSource == (try ip(text)))
                left.removeAll { $0.address == InternetAddress(text) }
            }
            // The owner's own.
            let interface = HostInterface(link: link(), addresses: left, virtualAddresses: virtual)
            #expect(interface.globalSource == (try ip("2001:db8::3")))
            #expect(interface.sourceAddress(.ipv6) == nil)
        }
    }

    @Test func `over IPv4 it is the kernel's first`() throws {
        let interface = HostInterface(
            link: link(), addresses: try addresses(), virtualAddresses: [])
        #expect(interface.sourceAddress(.ipv4) == (try ip("10.9.0.7")))
        let other = interface.with(virtualAddresses: [try ip("10.9.0.7")])
        #expect(other.sourceAddress(.ipv4) == (try ip("10.9.0.1")))
    }

    @Test func `one that is sent from is kept while it can be`() throws {
        let first = try address("fe80::4", .permanent)
        let better = try address("fe80::3", .permanent)
        func next(_ addresses: [InterfaceAddress], on index: Int32 = 2) -> IPAddress? {
            HostInterface(
                link: link(index), addresses: addresses, virtualAddresses: [],
                following: HostInterface(link: link(), addresses: [first], virtualAddresses: [])
            ).sourceAddress(.ipv6)
        }
        #expect(next([better, first]) == (try ip("fe80::4")))
        #expect(next([better, try address("fe80::4", .deprecated)]) == (try ip("fe80::4")))
        #expect(next([better, try address("fe80::4", .duplicate)]) == (try ip("fe80::3")))
        #expect(next([better]) == (try ip("fe80::3")))
        // Another interface of the same name.
        #expect(next([better, first], on: 3) == (try ip("fe80::3")))
    }

    @Test func `what a router holds is none, and is no news to routers`() throws {
        let own = try address("fe80::4", .permanent)
        var held = try address("fe80::1", .permanent)
        let before = HostInterface(link: link(), addresses: [own], virtualAddresses: [])
        func after(_ addresses: [InterfaceAddress]) -> HostInterface {
            HostInterface(
                link: link(), addresses: addresses, virtualAddresses: [], following: before)
        }
        #expect(!after([own, held]).isLike(before))
        held.protocolTag = .lbctl
        #expect(after([own, held]).isLike(before))
        #expect(after([held]).sourceAddress(.ipv6) == nil)
        // A kernel without tags.
        held.protocolTag = nil
        var claiming = before
        claiming.note(try ip("fe80::1"), isClaimed: true)
        let next = HostInterface(
            link: link(), addresses: [held], virtualAddresses: [], following: claiming)
        #expect(next.sourceAddress(.ipv6) == nil)
    }
}
