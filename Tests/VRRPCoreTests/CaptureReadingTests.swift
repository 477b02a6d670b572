import Testing
import VRRPCore

/// 192.0.2.2 to 224.0.0.18: VRID 51, priority 100, 1 s, 192.0.2.1, from the virtual MAC.
private let ethernet = "01005e00001200005e000133" + "0800"
private let ip = "45c0002000000000ff700000c0000202e0000012"
private let message = "313364010064a865c0000201"
private let frame = ethernet + ip + message

private func little(_ hexadecimal: String) -> String {
    VRRPCoreTests.hexadecimal(bytes(hexadecimal).reversed())
}

/// A pcap file of one packet at 1.5 s after 1970.
private func pcap(
    _ packet: String, linkType: UInt8 = 1, magic: String = "a1b2c3d4", fraction: String = "0007a120"
) -> [UInt8] {
    let count = VRRPCoreTests.hexadecimal([0, 0, 0, UInt8(bytes(packet).count)])
    let header = magic + "00020004" + "00000000" + "00000000" + "00040000"
    return bytes(header) + [0, 0, 0, linkType]
        + bytes("00000001" + fraction + count + count + packet)
}

private func block(_ type: UInt8, _ body: String) -> [UInt8] {
    let body = bytes(body)
    let padded = body + Array(repeating: 0, count: (4 - body.count % 4) % 4)
    let length = [UInt8(padded.count + 12), 0, 0, 0]
    return [type, 0, 0, 0] + length + padded + length
}

private let section =
    bytes("0a0d0d0a1c000000" + "4d3c2b1a" + "01000000" + "ffffffffffffffff" + "1c000000")

private let version6 = literal(IPAddress("fe80::2"))

@Suite struct `Capture files` {
    @Test func `pcap is read in both byte orders, micro- and nanoseconds`() throws {
        for (magic, fraction) in [("a1b2c3d4", "0007a120"), ("a1b23c4d", "1dcd6500")] {
            let capture = try Capture(file: pcap(frame, magic: magic, fraction: fraction))
            #expect(capture.packets.map(\.bytes) == [bytes(frame)])
            #expect(capture.packets.map(\.nanosecondsSince1970) == [1_500_000_000])
            #expect(capture.packets.map(\.linkType) == [.ethernet])
            #expect(!capture.isCutOff)
        }
        let header =
            little("a1b2c3d4") + "02000400" + "0000000000000000" + "00000400" + "01000000"
        let record = "01000000" + "20a10700" + "02000000" + "09000000" + "abcd"
        let capture = try Capture(file: bytes(header + record))
        #expect(capture.packets.map(\.bytes) == [[0xAB, 0xCD]])
        #expect(capture.packets.map(\.originalByteCount) == [9])
        #expect(capture.packets.map(\.nanosecondsSince1970) == [1_500_000_000])
    }

    @Test func `a file that ends in a packet gives those before it`() throws {
        let file = pcap(frame)
        let capture = try Capture(file: file + file[24...].dropLast())
        #expect(capture.packets.count == 1)
        #expect(capture.isCutOff)
    }

    @Test func `pcapng is read with its times and its interfaces`() throws {
        let first = block(1, "0100000000000400")
        // Nanoseconds.
        let second = block(1, "6500000000000400" + "0900010009000000" + "00000000")
        let enhanced = block(6, "00000000" + "00000000" + "60e31600" + "0200000002000000" + "abcd")
        let other = block(6, "01000000" + "00000000" + "002f6859" + "0100000001000000" + "ef")
        let simple = block(3, "03000000" + "010203")
        let unknown = block(5, "00000000")
        let capture = try Capture(
            file: section + first + second + unknown + enhanced + other + simple)
        #expect(capture.packets.map(\.bytes) == [[0xAB, 0xCD], [0xEF], [1, 2, 3]])
        #expect(capture.packets.map(\.linkType) == [.ethernet, .ip, .ethernet])
        #expect(
            capture.packets.map(\.nanosecondsSince1970) == [1_500_000_000, 1_500_000_000, 0])
    }

    @Test(
        arguments: [
            // Powers of 10 and of 2; 1.5 s each.
            ("00", "0000000000000001", 1_000_000_000), ("03", "00000000000005dc", 1_500_000_000),
            ("0c", "0000015d3ef79800", 1_500_000_000), ("8a", "0000000000000600", 1_500_000_000),
            ("bf", "c000000000000000", 1_500_000_000), ("09", "ffffffffffffffff", Int64.max),
            // Out of range: microseconds.
            ("14", "000000000016e360", 1_500_000_000), ("c0", "000000000016e360", 1_500_000_000),
        ] as [(String, String, Int64)])
    func `times are in the units that the interface tells`(
        resolution: String, time: String, nanoseconds: Int64
    ) throws {
        let interface = block(1, "0100000000000400" + "09000100" + resolution + "000000")
        let packet = block(
            6,
            "00000000" + little(String(time.prefix(8))) + little(String(time.suffix(8)))
                + "0100000001000000" + "ef")
        let capture = try Capture(file: section + interface + packet)
        #expect(capture.packets.map(\.nanosecondsSince1970) == [nanoseconds])
    }

    @Test func `pcapng may be in the other byte order, section by section`() throws {
        let swapped = bytes(
            "0a0d0d0a0000001c" + "1a2b3c4d" + "00010000" + "ffffffffffffffff" + "0000001c"
                + "0000000100000014" + "0001000000040000" + "00000014"
                + "0000000300000014" + "00000003" + "01020300" + "00000014")
        let capture = try Capture(
            file: swapped + section + block(1, "0100000000000400") + block(3, "0100000009"))
        #expect(capture.packets.map(\.bytes) == [[1, 2, 3], [9]])
    }

    @Test func `what is no capture is refused`() {
        #expect(throws: CaptureError.unknownFormat) { try Capture(file: []) }
        #expect(throws: CaptureError.unknownFormat) { try Capture(file: bytes("504b0304")) }
        #expect(throws: CaptureError.block(offset: 28)) {
            try Capture(file: section + bytes("0100000008000000"))
        }
    }

    @Test func `no mutation and no prefix of a capture traps`() {
        let whole = [
            pcap(frame),
            section + block(1, "0100000000000400" + "0900010009000000")
                + block(6, "00000000" + "00000000" + "60e31600" + "2e0000002e000000" + frame)
                + block(2, "00000000" + "00000000" + "60e31600" + "2e0000002e000000" + frame),
        ]
        for file in whole {
            for count in 0...file.count { explainAll(Array(file.prefix(count))) }
            for position in file.indices {
                for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                    var changed = file
                    changed[position] = value
                    explainAll(changed)
                }
            }
        }
    }

    private func explainAll(_ file: [UInt8]) {
        guard let capture = try? Capture(file: file) else { return }
        for packet in capture.packets { _ = PacketExplanation(packet) }
    }
}

@Suite struct `Link-layer headers` {
    private func network(_ packet: String, _ linkType: LinkType) -> NetworkPacket? {
        NetworkPacket(
            CapturedPacket(linkType: linkType, nanosecondsSince1970: 0, bytes: bytes(packet)))
    }

    @Test func `Ethernet, with and without VLANs`() throws {
        let plain = try #require(
            network("01005e000012" + "00005e000133" + "0800" + "45", .ethernet))
        #expect(plain.linkDestination?.description == "01:00:5e:00:00:12")
        #expect(plain.linkSource?.description == "00:00:5e:00:01:33")
        #expect((plain.etherType, plain.payload, plain.vlans) == (0x0800, [0x45], []))
        let tagged = try #require(
            network("01005e00001200005e000133" + "88a8e064" + "81000007" + "86dd" + "60", .ethernet)
        )
        #expect(tagged.vlans == [100, 7])
        #expect((tagged.etherType, tagged.payload) == (0x86DD, [0x60]))
        #expect(network("01005e00001200005e0001338100", .ethernet) == nil)
        #expect(network("01005e00001200005e00013308", .ethernet) == nil)
    }

    @Test func `Linux cooked, both versions`() throws {
        let first = try #require(
            network("0002" + "0001" + "0006" + "0200000000020000" + "0800" + "45", .linuxCooked))
        #expect(first.linkSource?.description == "02:00:00:00:00:02")
        #expect(first.linkDestination == nil)
        #expect((first.etherType, first.payload) == (0x0800, [0x45]))
        let second = try #require(
            network(
                "0800" + "0000" + "00000003" + "0001" + "02" + "06" + "0200000000020000" + "45",
                .linuxCooked2))
        #expect(second.linkSource?.description == "02:00:00:00:00:02")
        #expect((second.etherType, second.payload) == (0x0800, [0x45]))
        #expect(network("0002000100060200000000020000080", .linuxCooked) == nil)
        #expect(
            network("080000000000000300010206020000000002000", .linuxCooked2) == nil)
    }

    @Test func `IP alone tells its version`() {
        #expect(network("45", .ip)?.etherType == 0x0800)
        #expect(network("60", .ip)?.etherType == 0x86DD)
        #expect(network("60", .ipv6)?.payload == [0x60])
        #expect(network("", .ip) == nil)
        #expect(network("45", LinkType(rawValue: 9999)) == nil)
    }
}

@Suite struct `The explanation of a packet` {
    private func explain(_ frame: String) -> PacketExplanation? {
        PacketExplanation(
            CapturedPacket(linkType: .ethernet, nanosecondsSince1970: 0, bytes: bytes(frame)))
    }

    @Test func `each field in words`() throws {
        let explanation = try #require(explain(frame))
        #expect(
            explanation.fields.map { "\($0.name): \($0.value)" } == [
                "Ethernet source: 00:00:5e:00:01:33", "Ethernet destination: 01:00:5e:00:00:12",
                "Source: 192.0.2.2", "Destination: 224.0.0.18", "TTL: 255", "Version: 3",
                "Type: 1, ADVERTISEMENT", "Virtual Rtr ID: 51", "Priority: 100",
                "Address Count: 1", "Reserve: 0", "Max Advertise Interval: 1000 ms",
                "Checksum: 0xa865",
                "Address: 192.0.2.1",
            ])
        #expect(explanation.faults == [])
        #expect(explanation.remarks == [])
        #expect(explanation.advertisement?.advertisement.priority == priority(100))
    }

    @Test func `version 2 with a password, which is not shown`() throws {
        let explanation = try #require(
            explain(
                ethernet + "45c0002800000000ff700000c0000202e0000012"
                    + "2133640101017b7cc00002017365637265740000"))
        #expect(
            explanation.fields.suffix(6).map { "\($0.name): \($0.value)" } == [
                "Address Count: 1", "Auth Type: 1, password", "Adver Int: 1 s", "Checksum: 0x7b7c",
                "Address: 192.0.2.1", "Authentication Data: 8 bytes",
            ])
        #expect(explanation.faults == [])
        #expect(explanation.remarks == [.password])
    }

    @Test func `all that is wrong is named, not just the first`() throws {
        let bad =
            "01005e000011" + "020000000002" + "0800" + "45c0002000000000fe700000c0000202e0000013"
            + "313364010064a864c0000201"
        let explanation = try #require(explain(bad))
        #expect(
            explanation.faults == [
                .decoding(.timeToLive(254, expected: 255...255)),
                .group(.v4(IPv4Address(224, 0, 0, 19))),
                .linkDestination(
                    MACAddress(1, 0, 0x5E, 0, 0, 0x11),
                    expected: MACAddress(1, 0, 0x5E, 0, 0, 0x13)),
                .decoding(.checksum(found: 0xA864, expected: 0xA865)),
            ])
        #expect(explanation.remarks == [.physicalSource(MACAddress(2, 0, 0, 0, 0, 2))])
        #expect(explanation.advertisement == nil)
    }

    @Test func `a virtual address as source is a fault, but not the owner's`() throws {
        func sent(_ number: UInt8) throws -> PacketExplanation {
            let list = VirtualAddressList(IPv4Address(192, 0, 2, 2))
            let message = advert(number, addresses: list).encoded(source: ownAddress)
            return try #require(explain(ethernet + ip + hexadecimal(message)))
        }
        #expect(try sent(100).faults == [.sourceIsVirtual(ownAddress)])
        #expect(try sent(255).faults == [])
    }

    @Test func `what is right and worth knowing is remarked`() throws {
        let legacy = try #require(explain(ethernet + ip + "31336401006405d4c0000201"))
        #expect(legacy.remarks == [.legacyChecksum])
        let release = try #require(explain(ethernet + ip + "3133000100640c66c0000201"))
        #expect(release.remarks == [.release])
        let trailing = try #require(
            explain(ethernet + "45c0002200000000ff700000c0000202e0000012" + message + "dead"))
        #expect(trailing.remarks == [.trailingBytes(2)])
        let signed = try #require(
            explain(
                ethernet + "45c0003c00000000ff700000c0000202e0000012" + message
                    + "010700006a18a50080000000" + "00000000000000000000000000000000"))
        #expect(signed.remarks == [.authenticated(keyID: 7)])
        #expect(signed.fields.last?.value == "1780000000 s after 1970")
    }

    @Test func `IPv6 is explained as well`() throws {
        let list = VirtualAddressList(literal(IPAddress("2001:db8::1")))
        let sent = hexadecimal(advert(100, addresses: list).encoded(source: version6))
        let explanation = try #require(
            explain(
                "33330000001200005e00023386dd" + "60000000001870ff"
                    + "fe800000000000000000000000000002" + "ff020000000000000000000000000012" + sent
            ))
        #expect(explanation.faults == [])
        #expect(explanation.remarks == [.firstAddress(literal(IPAddress("2001:db8::1")))])
        #expect(explanation.fields.contains { $0.name == "Hop Limit" && $0.value == "255" })
    }

    @Test func `what is not VRRP is not explained`() {
        #expect(explain("ffffffffffff00005e0001330806" + "0001") == nil)
        #expect(explain(ethernet + "45c0001400000000ff060000c0000202e0000012") == nil)
    }

    @Test func `faults and remarks are sentences`() {
        #expect(
            PacketFault.sourceIsVirtual(ownAddress).description
                == "sent from the virtual address 192.0.2.2, must be the interface's own")
        #expect(PacketRemark.trailingBytes(2).description == "2 bytes after the message")
    }
}
