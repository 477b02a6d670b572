import Failover
import Testing

// The names begin with requirements' ids and `accept` or `refuse`; dev/conformance-table reads them.

extension WireRecord.Phase {
    fileprivate var advertisements4: [WireFrame] {
        frames.filter { $0.advertisement?.source.count == 4 }
    }
    fileprivate var advertisements6: [WireFrame] {
        frames.filter { $0.advertisement?.source.count == 16 }
    }
    /// ARP, answers and announcements, in the virtual address' name.
    fileprivate var arps: [WireFrame] {
        frames.filter { $0.arp?.sender == WireRecord.virtual4 }
    }
    /// Those that answer, and do not tell everybody.
    fileprivate var replies: [WireFrame] {
        arps.filter { $0.arp?.operation == 2 && $0.bytes[0] != 0xFF }
    }
    /// Neighbor Advertisements for the virtual address.
    fileprivate var neighborAdvertisements: [WireFrame] {
        frames.filter { $0.neighbor?.type == 136 && $0.neighbor?.target == WireRecord.virtual6 }
    }
    /// Those that answer, and do not tell everybody.
    fileprivate var neighborAnswers: [WireFrame] {
        neighborAdvertisements.filter { $0.bytes[38] != 0xFF }
    }
    /// Neighbor Solicitations of the node: for the host that a packet of the virtual address' is to.
    fileprivate var solicitations: [WireFrame] {
        frames.filter { $0.neighbor?.type == 135 && $0.neighbor?.target.last == 0x77 }
    }
}

extension `On a LAN` {
    @Suite struct `Conformance on the wire` {
        private let record: WireRecord
        init() throws { record = try WireRecord.shared.get() }

        @Test func `9568-5.1.1.3-1 accept TTL 255`() {
            #expect(record.active.advertisements4.first?.advertisement?.hopLimit == 255)
        }
        @Test func `9568-5.1.1.3-1 refuse the TTL of unicast to the group`() {
            #expect(record.active.advertisements4.allSatisfy { $0.advertisement?.hopLimit != 64 })
        }
        @Test func `9568-5.1.2.3-1 accept Hop Limit 255`() {
            #expect(record.active.advertisements6.first?.advertisement?.hopLimit == 255)
        }
        @Test func `9568-5.1.2.3-1 refuse the Hop Limit of unicast to the group`() {
            #expect(record.active.advertisements6.allSatisfy { $0.advertisement?.hopLimit != 64 })
        }
        @Test func `9568-7.2-2 accept the virtual MAC as source`() {
            #expect(record.active.advertisements4.first?.source == WireRecord.hardware4)
            #expect(record.active.advertisements6.first?.source == WireRecord.hardware6)
        }
        @Test func `9568-7.2-2 refuse the physical MAC as source`() {
            let all = record.active.advertisements4 + record.active.advertisements6
            #expect(!all.contains { $0.source == record.physical })
        }
        @Test func `9568-7.2-3 accept the primary and the link-local address`() {
            #expect(record.active.advertisements4.first?.advertisement?.source == [10, 9, 0, 1])
            let source = record.active.advertisements6.first?.advertisement?.source
            #expect(source.map { Array($0[..<8]) } == [0xFE, 0x80, 0, 0, 0, 0, 0, 0])
            // Derived from the hardware address of the interface, not from the virtual one.
            #expect(source?.last == record.physical.last)
        }
        @Test func `9568-7.2-3 refuse a virtual address as source`() {
            #expect(
                !record.active.advertisements4.contains {
                    $0.advertisement?.source == WireRecord.virtual4
                })
            #expect(
                !record.active.advertisements6.contains {
                    $0.advertisement?.source.suffix(2) == [0, 0x51]
                })
        }
        @Test
        func
            `9568-6.4.2-1 9568-6.4.3-1 3768-6.4.2-1 3768-6.4.3-1 accept an answer to ARP while Active`()
        {
            #expect(!record.active.replies.isEmpty)
        }
        @Test
        func
            `9568-6.4.2-1 9568-6.4.3-1 3768-6.4.2-1 3768-6.4.3-1 refuse an answer to ARP while Backup`()
        {
            #expect(record.backup.replies.isEmpty)
        }
        @Test func `9568-6.4.2-2 9568-6.4.3-3 accept an answer to a Solicitation while Active`() {
            // Router, solicited, override: the host forwards, and was asked.
            #expect(record.active.neighborAnswers.first?.bytes[58] == 0xE0)
        }
        @Test func `9568-6.4.2-2 9568-6.4.3-3 refuse an answer to a Solicitation while Backup`() {
            #expect(record.backup.neighborAdvertisements.isEmpty)
        }
        @Test
        func `9568-6.4.2-4 9568-6.4.3-5 3768-6.4.2-4 3768-6.4.3-5 accept for others while Active`()
        {
            #expect(record.active.forwardedCounts == ["IPv4": 1, "IPv6": 1])
        }
        @Test
        func `9568-6.4.2-4 9568-6.4.3-5 3768-6.4.2-4 3768-6.4.3-5 refuse for others while Backup`()
        {
            #expect(record.backup.forwardedCounts == ["IPv4": 0, "IPv6": 0])
        }
        @Test func `9568-6.4.2-5 3768-6.4.2-5 accept packets for the addresses while Active`() {
            #expect(
                record.active.answers == [
                    "10.9.0.100": true, "2001:db8::100": true, "by its hardware address": true,
                ])
        }
        @Test func `9568-6.4.2-5 3768-6.4.2-5 refuse packets for the addresses while Backup`() {
            #expect(
                record.backup.answers == [
                    "10.9.0.100": false, "2001:db8::100": false, "by its hardware address": false,
                ])
        }
        @Test func `9568-6.4.3-2 accept the solicited-node group while Active`() {
            #expect(record.active.groups.contains("ff02::1:ff00:100"))
        }
        @Test func `9568-6.4.3-2 refuse the solicited-node group while Backup`() {
            #expect(!record.backup.groups.contains("ff02::1:ff00:100"))
        }
        @Test func `9568-6.1-1 9568-6.4.3-13 accept Solicitations without Accept_Mode`() {
            #expect(!record.withoutAcceptance.neighborAnswers.isEmpty)
            #expect(!record.withoutAcceptance.replies.isEmpty)
        }
        @Test func `9568-6.1-1 9568-6.4.3-13 refuse other packets without Accept_Mode`() {
            #expect(record.withoutAcceptance.answers.values.allSatisfy { !$0 })
        }
        @Test func `9568-8.1.2-6 9568-8.1.2-1 accept ARP answered with the virtual MAC`() {
            #expect(record.active.replies.first?.arp?.hardware == WireRecord.hardware4)
        }
        @Test func `9568-8.1.2-6 9568-8.1.2-1 refuse ARP answered with the physical MAC`() {
            #expect(!record.active.replies.contains { $0.arp?.hardware == record.physical })
        }
        @Test func `9568-8.1.2-2 accept announcements with the virtual MAC once Active`() {
            let announcements = record.active.arps.filter { $0.arp?.operation == 1 }
            #expect(announcements.count >= 5)
            #expect(announcements.allSatisfy { $0.arp?.hardware == WireRecord.hardware4 })
        }
        @Test func `9568-8.1.2-2 refuse announcements before address and virtual MAC are there`() {
            #expect(record.backup.arps.isEmpty)
        }
        @Test func `9568-8.2.2-8 9568-8.2.2-1 accept a Solicitation answered with the virtual MAC`()
        {
            #expect(
                record.active.neighborAnswers.first?.neighbor?.hardware == WireRecord.hardware6)
        }
        @Test
        func `9568-8.2.2-8 9568-8.2.2-1 refuse a Solicitation answered with the physical MAC`() {
            #expect(
                !record.active.neighborAnswers.contains {
                    $0.neighbor?.hardware == record.physical
                })
        }
        @Test func `9568-8.2.2-2 9568-8.2.2-3 accept Solicitations in the host's own name`() {
            let asked = record.active.solicitations.first?.neighbor
            #expect(asked?.hardware == record.physical)
            #expect(asked.map { Array($0.source[..<2]) } == [0xFE, 0x80])
            #expect(record.active.routes.contains("2001:db8::/64 dev eth1"))
            #expect(!record.active.routes.contains("dev vrrp"))
        }
        @Test
        func `9568-8.2.2-2 9568-8.2.2-3 refuse the physical MAC in the virtual address' name`() {
            let virtual: [[UInt8]] = [
                WireRecord.virtual6, [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x51],
            ]
            let named = record.active.frames.filter {
                $0.neighbor.map { virtual.contains($0.source) } ?? false
            }
            // Who was asked by unicast may answer without the option, as Linux does (RFC 4861
            // §7.2.4): neighbours ask so by themselves, after a few seconds.
            let bare = named.filter { $0.neighbor?.hardware == [] }
            #expect(Set(bare.map { $0.neighbor?.type }) == [136])
            let told = named.filter { $0.neighbor?.hardware != [] }
            #expect(!told.isEmpty)
            #expect(told.allSatisfy { $0.neighbor?.hardware == WireRecord.hardware6 }, "\(told)")
            #expect(named.allSatisfy { $0.source == WireRecord.hardware6 }, "\(named)")
        }
        @Test func `9568-8.2.2-4 accept Neighbor Advertisements with the virtual MAC once Active`()
        {
            let told = record.active.neighborAdvertisements.filter { $0.bytes[38] == 0xFF }
            #expect(told.count >= 5)
            #expect(told.allSatisfy { $0.neighbor?.hardware == WireRecord.hardware6 })
        }
        @Test
        func
            `9568-8.2.2-4 refuse Neighbor Advertisements before address and virtual MAC are there`()
        {
            #expect(record.backup.neighborAdvertisements.isEmpty)
        }
        @Test func `9568-7.4-1 accept the virtual addresses alone on the link`() {
            let lines = record.active.addresses.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(record.active.addresses.contains("fe80::51/128"))
            #expect(record.active.addresses.contains("2001:db8::100/64"))
        }
        @Test func `9568-7.4-1 refuse an identifier made of the virtual MAC`() {
            for phase in [record.backup, record.active] {
                #expect(!phase.addresses.contains("200:5eff:fe00"))
            }
        }
    }
}
