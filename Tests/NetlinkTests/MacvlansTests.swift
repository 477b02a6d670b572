import Foundation
import LinuxIO
import Testing

@testable import Netlink

extension Laboratory {
    /// One entry of `ip -json -details link`.
    struct ShownLink: Decodable, Equatable {
        struct Info: Decodable, Equatable {
            struct Mode: Decodable, Equatable { var mode: String }
            var info_kind: String
            var info_data: Mode?
        }
        var ifname: String
        var link: String?
        var address: String
        var flags: [String]
        var ifalias: String?
        var linkinfo: Info?
    }

    static func link(_ name: String) throws -> ShownLink? {
        guard interfaceIndex(name) != 0 else { return nil }
        let output = try ip("-json -details link show dev \(name)")
        return try JSONDecoder().decode([ShownLink].self, from: output).first
    }

    /// arp_ignore, arp_announce, rp_filter, arp_filter of an interface.
    static func arpSettings(of name: String) throws -> [String] {
        try ["arp_ignore", "arp_announce", "rp_filter", "arp_filter"]
            .map { try setting("net/ipv4/conf/\(name)/\($0)") }
    }
}

/// 00:00:5e:00:01:0a, virtual router 10 of RFC 9568 §7.3.
private let virtualAddress = HardwareAddress(rawValue: 0x00_00_5e_00_01_0a)

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `Links with a virtual hardware address` {
    @Test func `one is made, down, without addresses, and with the parameters it needs`()
        async
    {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let macvlans = try Macvlans()
                let a = Laboratory.interfaceIndex("a")
                // What the kernel derives is not wanted; the laboratory's default hides that.
                try Laboratory.set("net/ipv6/conf/default/addr_gen_mode", "0")
                let made = try macvlans.create(
                    name: "virtual.10", hardwareAddress: virtualAddress, parentIndex: a)
                let shown = try #require(try Laboratory.link("virtual.10"))
                #expect(shown.link == "a")
                #expect(shown.address == "00:00:5e:00:01:0a")
                #expect(!shown.flags.contains("UP"))
                #expect(
                    shown.linkinfo == .init(info_kind: "macvlan", info_data: .init(mode: "bridge"))
                )
                #expect(shown.ifalias == "lbctl arp_announce=0 arp_ignore=0")
                #expect(made.index == Laboratory.interfaceIndex("virtual.10"))
                #expect(made.parentIndex == a)
                #expect(made.hardwareAddress.description == "00:00:5e:00:01:0a")
                #expect(try Laboratory.arpSettings(of: "virtual.10") == ["1", "0", "2", "0"])
                #expect(
                    try Laboratory.setting("net/ipv4/conf/virtual.10/accept_local") == "1")
                #expect(
                    try Laboratory.setting("net/ipv4/conf/virtual.10/promote_secondaries") == "1")
                #expect(try Laboratory.arpSettings(of: "a") == ["1", "2", "0", "0"])

                try Links().set(index: made.index, isUp: true)
                try Laboratory.wait {
                    try Laboratory.link("virtual.10")?.flags.contains("LOWER_UP") == true
                }
                #expect(try Laboratory.addresses(of: "virtual.10", version: 6) == [])
                #expect(try Laboratory.addresses(of: "virtual.10") == [])
                #expect(try macvlans.list() == [made])
            }
        }
    }

    @Test func `one sends on as the interface below while open, and has no IPv6 while shut`()
        async
    {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                func settings() throws -> [String] {
                    try ["ipv4/conf/v10/forwarding", "ipv6/conf/v10/forwarding"]
                        .map { try Laboratory.setting("net/\($0)") }
                        + [Laboratory.setting("net/ipv6/conf/v10/disable_ipv6")]
                }
                try Laboratory.set("net/ipv4/conf/default/forwarding", "1")
                try Laboratory.set("net/ipv4/conf/a/forwarding", "1")
                try Laboratory.set("net/ipv6/conf/a/forwarding", "1")
                let macvlans = try Macvlans()
                let made = try macvlans.create(
                    name: "v10", hardwareAddress: virtualAddress,
                    parentIndex: Laboratory.interfaceIndex("a"))
                #expect(try settings() == ["0", "0", "1"])
                try macvlans.open(made, usesIPv6: false)
                #expect(try settings() == ["1", "0", "1"])
                try macvlans.open(made)
                #expect(try settings() == ["1", "1", "0"])
                try macvlans.shut(made)
                #expect(try settings() == ["0", "1", "1"])
            }
        }
    }

    @Test func `the interface below is restored with the last of its links, exactly`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Laboratory.set("net/ipv4/conf/a/arp_announce", "1")
                let macvlans = try Macvlans()
                let a = Laboratory.interfaceIndex("a")
                let first = try macvlans.create(
                    name: "v10", hardwareAddress: virtualAddress, parentIndex: a)
                // By now the interface has other values: not these are to be restored.
                let second = try macvlans.create(
                    name: "v11", hardwareAddress: HardwareAddress(rawValue: 0x5e_00_01_0b),
                    parentIndex: a)
                let onB = try macvlans.create(
                    name: "v12", hardwareAddress: virtualAddress,
                    parentIndex: Laboratory.interfaceIndex("b"))
                #expect(try macvlans.remove(first) == .removed)
                #expect(try macvlans.remove(first) == .alreadyAbsent)
                #expect(try Laboratory.arpSettings(of: "a") == ["1", "2", "0", "0"])
                #expect(try macvlans.remove(second) == .removed)
                #expect(try Laboratory.arpSettings(of: "a") == ["0", "1", "0", "0"])
                #expect(try Laboratory.arpSettings(of: "b") == ["1", "2", "0", "0"])
                #expect(try macvlans.list() == [onB])
                #expect(Laboratory.interfaceIndex("v10") == 0)
                #expect(Laboratory.interfaceIndex("v11") == 0)
            }
        }
    }

    @Test func `what the administrator has set higher stays, before, meanwhile and after`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Laboratory.set("net/ipv4/conf/a/arp_ignore", "2")
                let macvlans = try Macvlans()
                let a = Laboratory.interfaceIndex("a")
                let made = try macvlans.create(
                    name: "v10", hardwareAddress: virtualAddress, parentIndex: a)
                #expect(made.record.alias == "lbctl arp_announce=0")
                #expect(try Laboratory.arpSettings(of: "a") == ["2", "2", "0", "0"])
                try Laboratory.set("net/ipv4/conf/a/arp_announce", "1")
                #expect(try macvlans.remove(made) == .removed)
                #expect(try Laboratory.arpSettings(of: "a") == ["2", "1", "0", "0"])
            }
        }
    }

    @Test func `a crash leaves nothing: the next run finds links and former values`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let a = Laboratory.interfaceIndex("a")
                do {
                    let crashing = try Macvlans()
                    _ = try crashing.create(
                        name: "v10", hardwareAddress: virtualAddress, parentIndex: a)
                    _ = try crashing.create(
                        name: "v11", hardwareAddress: HardwareAddress(rawValue: 0x5e_00_01_0b),
                        parentIndex: a)
                }
                // Two of the administrator's: the same kind, and the same alias.
                try Laboratory.ip("link add name foreign link a type macvlan mode private")
                try Laboratory.ip("link set dev b alias lbctl")
                let macvlans = try Macvlans()
                #expect(try macvlans.removeLeftovers().map(\.name) == ["v10", "v11"])
                #expect(try Laboratory.arpSettings(of: "a") == ["0", "0", "0", "0"])
                #expect(Laboratory.interfaceIndex("v10") == 0)
                #expect(Laboratory.interfaceIndex("foreign") != 0)
                #expect(Laboratory.interfaceIndex("b") != 0)
                #expect(try macvlans.removeLeftovers() == [])
            }
        }
    }

    @Test func `a link that someone deletes does not keep the interface below changed`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let macvlans = try Macvlans()
                let made = try macvlans.create(
                    name: "v10", hardwareAddress: virtualAddress,
                    parentIndex: Laboratory.interfaceIndex("a"))
                try Laboratory.ip("link del dev v10")
                try macvlans.shut(made)
                #expect(try macvlans.remove(made) == .alreadyAbsent)
                #expect(try Laboratory.arpSettings(of: "a") == ["0", "0", "0", "0"])
            }
        }
    }

    @Test func `what is refused leaves nothing behind`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let macvlans = try Macvlans()
                let (a, b) = (Laboratory.interfaceIndex("a"), Laboratory.interfaceIndex("b"))
                let taken = #expect(throws: NetlinkError.self) {
                    _ = try macvlans.create(
                        name: "b", hardwareAddress: virtualAddress, parentIndex: a)
                }
                #expect(taken?.description == "make b: File exists (errno 17)")
                #expect(try Laboratory.link("b")?.ifalias == nil)
                let nowhere = #expect(throws: NetlinkError.self) {
                    _ = try macvlans.create(
                        name: "v10", hardwareAddress: virtualAddress, parentIndex: 4711)
                }
                #expect(nowhere?.reason.errno == .noSuchDevice)
                try Laboratory.ip("link add name other link a type macvlan mode private")
                let stacked = #expect(throws: NetlinkError.self) {
                    _ = try macvlans.create(
                        name: "v10", hardwareAddress: virtualAddress,
                        parentIndex: Laboratory.interfaceIndex("other"))
                }
                #expect(
                    stacked?.description
                        == "make v10: Invalid argument (errno 22): other is on interface \(a) itself, take that"
                )
                // A group address is no interface's.
                let group = #expect(throws: NetlinkError.self) {
                    _ = try macvlans.create(
                        name: "v10",
                        hardwareAddress: HardwareAddress(rawValue: 0x01_00_5e_00_00_12),
                        parentIndex: b)
                }
                #expect(group?.reason.errno == .addressNotAvailable)
                let overlong = #expect(throws: NetlinkError.self) {
                    _ = try macvlans.create(
                        name: "a-name-of-16-byte", hardwareAddress: virtualAddress, parentIndex: a)
                }
                #expect(overlong?.subject == "a-name-of-16-byte")
                #expect(try macvlans.list() == [])
                for name in ["a", "b"] {
                    #expect(try Laboratory.arpSettings(of: name) == ["0", "0", "0", "0"])
                }
            }
        }
    }
}

@Suite struct `The record of former parameters` {
    @Test func `it is read back, and other aliases are not ours`() {
        let record = ParameterRecord(alias: "lbctl arp_announce=1 arp_ignore=0")
        #expect(record?.former == [.arpAnnounce: 1, .arpIgnore: 0])
        #expect(record?.alias == "lbctl arp_announce=1 arp_ignore=0")
        #expect(ParameterRecord(alias: "lbctl")?.former == [:])
        #expect(ParameterRecord(alias: "lbctl arp_ignore= =3 x y=1 arp_ignore=1=2")?.former == [:])
        #expect(ParameterRecord(alias: "") == nil)
        #expect(ParameterRecord(alias: "lbctl2 arp_ignore=0") == nil)
        #expect(ParameterRecord(alias: "uplink of lbctl") == nil)
    }
}
