import LinuxIO
import Testing

@testable import Netlink

/// 2001:db8::`low`, the prefix of documentation (RFC 3849).
private func documented(_ low: UInt64) -> InternetAddress {
    .v6(high: 0x2001_0db8_0000_0000, low: low)
}

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `IPv6 addresses in the kernel` {
    @Test func `one with a subnet works at once, for ever, without duplicate detection`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let address = InterfaceAddress(
                    documented(5), prefixLength: 64, interfaceIndex: Laboratory.interfaceIndex("a"))
                #expect(try manager.add(address) == .added)
                #expect(
                    try Laboratory.addresses(of: "a", version: 6) == [
                        Laboratory.Address(
                            local: "2001:db8::5", prefixlen: 64, scope: "global", nodad: true,
                            valid_life_time: .max, preferred_life_time: .max)
                    ])
            }
        }
    }

    @Test func `one without a subnet is no source of connections`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let address = InterfaceAddress(
                    documented(5), prefixLength: 128,
                    interfaceIndex: Laboratory.interfaceIndex("a"))
                #expect(try manager.add(address) == .added)
                #expect(
                    try Laboratory.addresses(of: "a", version: 6) == [
                        Laboratory.Address(
                            local: "2001:db8::5", prefixlen: 128, scope: "global", nodad: true,
                            deprecated: true, valid_life_time: .max, preferred_life_time: 0)
                    ])
            }
        }
    }

    @Test func `a lifetime, no prefix route and duplicate detection can be asked for`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let a = Laboratory.interfaceIndex("a")
                var address = InterfaceAddress(
                    documented(5), prefixLength: 128, interfaceIndex: a)
                address.flags = .noPrefixRoute
                address.lifetime = .init(validSeconds: 3600, preferredSeconds: 1800)
                address.protocolTag = .lbctl
                #expect(try manager.add(address) == .added)
                let shown = try #require(try Laboratory.addresses(of: "a", version: 6).first)
                #expect(shown.nodad == nil)
                #expect(shown.noprefixroute == true)
                #expect((3595...3600).contains(shown.valid_life_time))
                #expect((1795...1800).contains(shown.preferred_life_time))
                let octets: [UInt8] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]
                #expect(try RawReader.attributes(of: octets, interfaceIndex: a)?[11] == [0x6c])
            }
        }
    }

    @Test func `a home address that derives temporary ones can be asked for`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                var address = InterfaceAddress(
                    documented(5), prefixLength: 64, interfaceIndex: Laboratory.interfaceIndex("a"))
                address.flags.formUnion([.home, .managesTemporary])
                #expect(try manager.add(address) == .added)
                let shown = try Laboratory.ip("-6 address show dev a")
                #expect(
                    String(decoding: shown, as: UTF8.self)
                        .contains("scope global nodad home mngtmpaddr"))
            }
        }
    }

    @Test func `what ip added is listed with all that it has`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let a = Laboratory.interfaceIndex("a")
                try Laboratory.ip("address add 10.1.0.6/24 dev a")
                try Laboratory.ip("address add fe80::7/64 dev a nodad")
                try Laboratory.ip(
                    "address add 2001:db8::6/64 dev a nodad valid_lft 900 preferred_lft 300")
                let manager = try AddressManager()
                let listed = try manager.list(interfaceIndex: a, family: .v6)
                    .sorted { $0.address.description < $1.address.description }
                try #require(listed.count == 2)
                #expect(
                    listed.map(\.address) == [
                        documented(6), .v6(high: 0xfe80_0000_0000_0000, low: 7),
                    ])
                #expect(listed.map(\.prefixLength) == [64, 64])
                #expect(listed.map(\.scope) == [.global, .link])
                #expect(listed.map(\.address.isLinkLocal) == [false, true])
                let lifetime = try #require(listed[0].lifetime)
                #expect((895...900).contains(lifetime.validSeconds))
                #expect((295...300).contains(lifetime.preferredSeconds))
                #expect(listed[1].lifetime == nil)
                #expect(
                    listed.map(\.flags) == [
                        [.noDuplicateDetection], [.noDuplicateDetection, .permanent],
                    ])
                #expect(
                    try manager.list(interfaceIndex: a).map(\.address.family) == [.v4, .v6, .v6])
            }
        }
    }

    @Test func `adding twice and removing twice say so, whatever the prefix`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let a = Laboratory.interfaceIndex("a")
                try Laboratory.ip("address add 2001:db8::5/64 dev a nodad")
                for prefixLength: UInt8 in [64, 128] {
                    var address = InterfaceAddress(
                        documented(5), prefixLength: prefixLength, interfaceIndex: a)
                    address.protocolTag = .lbctl
                    guard case .alreadyPresent(let present) = try manager.add(address) else {
                        Issue.record("added twice")
                        return
                    }
                    #expect(present.prefixLength == 64)
                    #expect(present.protocolTag == nil)
                }
                let address = InterfaceAddress(
                    documented(5), prefixLength: 64, interfaceIndex: a)
                #expect(try manager.remove(address) == .removed)
                #expect(try manager.remove(address) == .alreadyAbsent)
                #expect(try Laboratory.addresses(of: "a", version: 6) == [])
            }
        }
    }

    @Test func `a temporary address stays when another of its subnet goes`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let a = Laboratory.interfaceIndex("a")
                let addresses = (1...3).map {
                    InterfaceAddress(documented($0), prefixLength: 64, interfaceIndex: a)
                }
                for result in try manager.add(addresses) { #expect(result == .success(.added)) }
                #expect(try manager.remove(addresses[0]) == .removed)
                #expect(
                    Set(try Laboratory.addresses(of: "a", version: 6).map(\.local))
                        == ["2001:db8::2", "2001:db8::3"])
                var temporary = addresses[1]
                temporary.flags = [.secondary]
                #expect(!temporary.isSecondary)
            }
        }
    }

    @Test func `leftovers of both versions go and foreign addresses stay`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let a = Laboratory.interfaceIndex("a")
                try Laboratory.ip("address add 2001:db8::6/64 dev a nodad")
                var own = InterfaceAddress(documented(5), prefixLength: 64, interfaceIndex: a)
                own.protocolTag = .lbctl
                var other = InterfaceAddress(
                    InternetAddress(10, 1, 0, 5), prefixLength: 24, interfaceIndex: a)
                other.protocolTag = .lbctl
                for result in try manager.add([own, other]) { #expect(result == .success(.added)) }
                let removed = try manager.removeLeftovers(tag: .lbctl)
                #expect(removed.map(\.address) == [InternetAddress(10, 1, 0, 5), documented(5)])
                #expect(
                    try Laboratory.addresses(of: "a", version: 6).map(\.local) == ["2001:db8::6"])
                #expect(try Laboratory.addresses(of: "a") == [])
            }
        }
    }

    @Test func `an interface with IPv6 switched off refuses`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                try Laboratory.set("net/ipv6/conf/a/disable_ipv6", "1")
                let address = InterfaceAddress(
                    documented(5), prefixLength: 64, interfaceIndex: Laboratory.interfaceIndex("a"))
                let error = #expect(throws: NetlinkError.self) {
                    try manager.add(address)
                }
                #expect(error?.reason.errno == .accessDenied)
            }
        }
    }
}
