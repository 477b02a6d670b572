import Testing

@testable import Netlink

private func address(
    _ last: UInt8, on index: Int32 = 2, prefix: UInt8 = 24, secondary: Bool = false
) -> InterfaceAddress {
    var address = InterfaceAddress(
        InternetAddress(10, 1, 0, last), prefixLength: prefix, interfaceIndex: index)
    address.flags = secondary ? [.secondary] : []
    return address
}

private func link(_ index: Int32, _ name: String, _ flags: Link.Flags = [.up, .running]) -> Link {
    Link(
        index: index, name: name, flags: flags, operationalState: .up, hardwareAddress: nil,
        mtu: 1500, masterIndex: nil)
}

@Suite struct `The state of the network` {
    @Test func `what is known already is no event`() {
        var state = NetworkState()
        #expect(state.apply(.link(link(2, "a"))) == [.linkChanged(link(2, "a"))])
        #expect(state.apply(.link(link(2, "a"))) == [])
        #expect(state.apply(.link(link(2, "a", [.up]))) == [.linkChanged(link(2, "a", [.up]))])
        #expect(state.apply(.address(address(5))) == [.addressAdded(address(5))])
        #expect(state.apply(.address(address(5))) == [])
        #expect(state.apply(.addressRemoved(address(5))) == [.addressRemoved(address(5))])
        #expect(state.addresses(of: 2) == [])
        #expect(state.apply(.linkRemoved(index: 3)) == [])
    }

    @Test func `an address that goes is an event, also if nobody told that it came`() {
        var state = NetworkState(links: [link(2, "a")], addresses: [address(6)])
        let before = state
        #expect(state.apply(.addressRemoved(address(5))) == [.addressRemoved(address(5))])
        #expect(state == before)
    }

    @Test func `one address with two prefixes, or on two links, is two addresses`() {
        var state = NetworkState()
        for known in [address(5), address(5, prefix: 32), address(5, on: 3)] {
            #expect(state.apply(.address(known)) == [.addressAdded(known)])
        }
        #expect(state.addresses(of: 2) == [address(5), address(5, prefix: 32)])
        _ = state.apply(.addressRemoved(address(5)))
        #expect(state.addresses(of: 2) == [address(5, prefix: 32)])
        #expect(state.addresses(of: 3) == [address(5, on: 3)])
    }

    @Test func `what is listed in another order keeps its own, and what is new comes last`() {
        let links = [link(2, "a"), link(3, "b")]
        let before = NetworkState(
            links: links, addresses: [address(1), address(2), address(3), address(9, on: 3)])
        var changed = address(3)
        changed.label = "a:1"
        let listed = NetworkState(
            links: [link(2, "a")], addresses: [address(5), address(4), changed, address(1)])
        let ordered = listed.inOrder(of: before)
        #expect(ordered.addresses(of: 2) == [address(1), changed, address(5), address(4)])
        #expect(ordered.addresses(of: 3) == [])
        #expect(ordered.links == listed.links)
    }

    @Test func `a link-local address that is checked or taken is no source yet`() {
        func local(_ low: UInt64, _ flags: InterfaceAddress.Flags) -> InterfaceAddress {
            var address = InterfaceAddress(
                .v6(high: 0xfe80_0000_0000_0000, low: low), prefixLength: 64, interfaceIndex: 2)
            address.flags = flags
            return address
        }
        let addresses = [
            address(5), local(1, .tentative), local(2, .duplicate),
            InterfaceAddress(
                .v6(high: 0xfec0_0000_0000_0000, low: 9), prefixLength: 64, interfaceIndex: 2),
            local(3, .permanent), local(4, .permanent),
        ]
        let state = NetworkState(links: [link(2, "a")], addresses: addresses)
        #expect(state.linkLocalAddress(of: 2) == local(3, .permanent))
        #expect(
            state.linkLocalAddress(of: 2, excluding: [.v6(high: 0xfe80_0000_0000_0000, low: 3)])
                == local(4, .permanent))
        #expect(state.linkLocalAddress(of: 3) == nil)
    }

    @Test func `a lifetime that runs is no event and a tag that changes is one`() {
        var state = NetworkState()
        var renewed = address(5)
        renewed.lifetime = .init(validSeconds: 10)
        _ = state.apply(.address(address(5)))
        #expect(state.apply(.address(renewed)) == [])
        #expect(state.addresses(of: 2) == [renewed])
        renewed.protocolTag = .lbctl
        #expect(state.apply(.address(renewed)) == [.addressAdded(renewed)])
    }

    @Test func `a link that goes takes along what it still holds, addresses first`() {
        var state = NetworkState(links: [link(2, "a")], addresses: [address(5), address(6)])
        #expect(
            state.apply(.linkRemoved(index: 2)) == [
                .addressRemoved(address(5)), .addressRemoved(address(6)),
                .linkRemoved(index: 2, name: "a"),
            ])
        #expect(state == NetworkState())
    }

    @Test func `the first primary address that counts is the one that a link speaks from`() {
        var state = NetworkState()
        let others: Set<InternetAddress> = [InternetAddress(10, 1, 0, 6)]
        #expect(state.primaryAddress(of: 2) == nil)
        for known in [address(9, secondary: true), address(6), address(4)] {
            _ = state.apply(.address(known))
        }
        #expect(state.primaryAddress(of: 2) == address(6))
        #expect(state.primaryAddress(of: 2, excluding: others) == address(4))
        #expect(state.primaryAddress(of: 2, family: .v6) == nil)
    }

    @Test func `the difference of two states leads from one to the other in a safe order`() {
        let before = NetworkState(
            links: [link(2, "a"), link(3, "b"), link(4, "c")],
            addresses: [address(5), address(6), address(7, on: 3)])
        let after = NetworkState(
            links: [link(2, "a", [.up]), link(4, "c"), link(5, "d")],
            addresses: [address(6), address(8, on: 5)])
        #expect(
            before.events(until: after) == [
                .addressRemoved(address(5)), .addressRemoved(address(7, on: 3)),
                .linkRemoved(index: 3, name: "b"), .linkChanged(link(2, "a", [.up])),
                .linkChanged(link(5, "d")), .addressAdded(address(8, on: 5)),
            ])
        #expect(before.events(until: before) == [])
    }
}

@Suite struct `Addresses as values` {
    @Test(
        arguments: [
            (0, true), (8, true), (23, true), (24, false), (25, false), (32, false),
        ] as [(UInt8, Bool)])
    func `addresses match up to their first different bit`(prefix: UInt8, isMatch: Bool) {
        let one = InternetAddress(172, 17, 0, 5)
        #expect(one.matches(InternetAddress(172, 17, 1, 5), prefixLength: prefix) == isMatch)
    }

    @Test(
        arguments: [
            (0, true), (64, true), (120, true), (127, true), (128, false),
        ] as [(UInt8, Bool)])
    func `addresses of version 6 match up to their first different bit`(
        prefix: UInt8, isMatch: Bool
    ) {
        let one = InternetAddress.v6(high: 0xfe80_0000_0000_0000, low: 4)
        let other = InternetAddress.v6(high: 0xfe80_0000_0000_0000, low: 5)
        #expect(one.matches(other, prefixLength: prefix) == isMatch)
        #expect(!one.matches(InternetAddress(254, 128, 0, 0), prefixLength: 0))
    }

    @Test func `octets are in network order both ways`() {
        #expect(InternetAddress(172, 17, 0, 5) == .v4(0xac11_0005))
        #expect(InternetAddress(octets: [172, 17, 0, 5])?.description == "172.17.0.5")
        let long: [UInt8] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]
        #expect(InternetAddress(octets: long) == .v6(high: 0xfe80 << 48, low: 0x0102))
        #expect(InternetAddress.v6(high: 0xfe80 << 48, low: 0x0102).octets == long)
        #expect(InternetAddress(octets: long)?.description == "fe80::102")
        #expect(InternetAddress(octets: [1, 2, 3]) == nil)
        #expect(
            HardwareAddress(octets: [2, 0, 0x5e, 0, 1, 10])?.description == "02:00:5e:00:01:0a")
        #expect(HardwareAddress(octets: [2, 0, 0x5e]) == nil)
    }

    @Test func `an address is made of its text, and keeps its version`() {
        #expect(InternetAddress("172.17.0.5") == .v4(0xac11_0005))
        #expect(InternetAddress("fe80::102") == .v6(high: 0xfe80 << 48, low: 0x0102))
        let mapped = InternetAddress.v6(high: 0, low: 0xffff_ac11_0005)
        #expect(InternetAddress("::ffff:172.17.0.5") == mapped)
        #expect(mapped.description == "::ffff:172.17.0.5")
        #expect(InternetAddress("172.17.0.5/24") == nil)
    }

    @Test func `a primary carries the secondaries of its own subnet and link only`() {
        let primary = address(5)
        #expect(primary.carries(address(6, secondary: true)))
        #expect(!primary.carries(address(6)))
        #expect(!primary.carries(address(6, prefix: 25, secondary: true)))
        #expect(!primary.carries(address(6, on: 3, secondary: true)))
        #expect(!address(5, secondary: true).carries(address(6, secondary: true)))
    }
}
