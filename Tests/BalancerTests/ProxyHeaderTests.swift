import Balancer
import LinuxIO
import Testing

func bytes(_ hexadecimal: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in hexadecimal.compactMap(\.hexDigitValue) {
        if let first = high {
            bytes.append(first << 4 | UInt8(digit))
            high = nil
        } else {
            high = UInt8(digit)
        }
    }
    return bytes
}

@Suite struct `PROXY header` {
    private func read(_ bytes: [UInt8]) -> ProxyHeader.Reading { ProxyHeader.read(bytes.span) }
    private func read(_ line: String) -> ProxyHeader.Reading { read(Array(line.utf8)) }

    private static let signature = bytes("0D0A0D0A000D0A515549540A")
    private static let ends = ProxyHeader.Addresses(
        source: IPEndpoint(ipv4: 0xc000_0201, port: 56324),
        destination: IPEndpoint(ipv4: 0xc633_6402, port: 443))
    private static let sixes = ProxyHeader.Addresses(
        source: IPEndpoint(high: 0x2001_0db8_0000_0000, low: 1, port: 4124),
        destination: IPEndpoint(high: 0x2001_0db8_0000_0001, low: 0xff, port: 443))

    @Test func `a line of version 1 names both ends`() {
        #expect(
            read("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET")
                == .complete(ProxyHeader(addresses: Self.ends), byteCount: 45))
        #expect(
            read("PROXY TCP6 2001:db8::1 2001:DB8:0:1:0:0:0:ff 4124 443\r\n")
                == .complete(ProxyHeader(addresses: Self.sixes), byteCount: 55))
        #expect(
            read("PROXY UNKNOWN\r\n") == .complete(ProxyHeader(), byteCount: 15))
        #expect(
            read("PROXY UNKNOWN ffff::1 whatever 1 2\r\n")
                == .complete(ProxyHeader(), byteCount: 36))
    }

    /// The headers of IP and TCP of a packet between the same ends.
    private static let packet = bytes(
        "4500 0028 0000 4000 4006 0000 C0000201 C6336402"
            + "DC04 01BB 00000001 00000000 5002 0000 0000 0000")
    private static let six = bytes(
        "60000000 0014 06 40 20010DB8000000000000000000000001 20010DB80000000100000000000000FF"
            + "101C 01BB 00000001 00000000 5002 0000 0000 0000")

    private func readInserted(_ bytes: [UInt8]) -> ProxyHeader.Reading {
        ProxyHeader.readInserted(bytes.span, magic: 0x0102_0304)
    }

    @Test func `a NetScaler names both ends, in two forms, and for both families`() {
        for (header, addresses) in [
            (bytes("01020304 00000028") + Self.packet, Self.ends),
            (bytes("01020304 00000034 0000 0028") + Self.packet, Self.ends),
            // The other length counts for nothing, as in haproxy.
            (bytes("01020304 FFFFFFFF 00FF 0028") + Self.packet, Self.ends),
            (bytes("01020304 0000003C") + Self.six, Self.sixes),
            (bytes("01020304 00000048 0000 003C") + Self.six, Self.sixes),
        ] {
            #expect(
                readInserted(header + [0x47])
                    == .complete(ProxyHeader(addresses: addresses), byteCount: header.count))
            for end in 0..<header.count {
                #expect(readInserted(Array(header[..<end])) == .needsMore)
            }
        }
        // Options of IP stand before TCP's ports.
        var long = Self.packet
        long[0] = 0x46
        long.insert(contentsOf: [1, 1, 1, 1], at: 20)
        #expect(
            readInserted(bytes("01020304 0000002C") + long)
                == .complete(ProxyHeader(addresses: Self.ends), byteCount: 52))
    }

    @Test(arguments: [
        ("01020305", ProxyHeader.Fault.signature), ("02", .signature), ("50524F5859", .signature),
        ("01020304 00000028 50", .command), ("01020304 00000028 01", .command),
        ("01020304 00004000 45", .length), ("01020304 FFFFFFFF 45", .length),
        ("01020304 00000034 0000 4000", .length),
        ("01020304 00000017 45", .address), ("01020304 00000000 60", .address),
        ("01020304 00000034 0000 0000", .address),
        // UDP, a header of IP that is too short or reaches beyond, a version that there is not.
        ("01020304 00000018 45000018 00004000 4011 0000 C0000201 C6336402 DC0401BB", .address),
        ("01020304 00000018 44000018 00004000 4006 0000 C0000201 C6336402 DC0401BB", .address),
        ("01020304 00000018 46000018 00004000 4006 0000 C0000201 C6336402 DC0401BB", .address),
        ("01020304 00000018 60000000 0014 06 40 20010DB8000000000000000000000001", .address),
        (
            "01020304 00000024 0000 0018 55000018 00004000 4006 0000 C0000201 C6336402 DC0401BB",
            .address
        ),
    ])
    func `what no NetScaler says is told apart by its fault`(text: String, fault: ProxyHeader.Fault)
    {
        #expect(readInserted(bytes(text)) == .malformed(fault))
    }

    @Test func `every beginning of a header wants more`() {
        let line = Array("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n".utf8)
        for end in 0..<line.count { #expect(read(Array(line[..<end])) == .needsMore) }
        let header = Self.signature + bytes("21 11 000C C0000201 C6336402 DC04 01BB")
        for end in 0..<header.count { #expect(read(Array(header[..<end])) == .needsMore) }
        #expect(
            read(header + [0x47])
                == .complete(ProxyHeader(addresses: Self.ends), byteCount: 28))
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", ProxyHeader.Fault.signature),
        ("PROXX TCP4 192.0.2.1 198.51.100.2 56324 443\r\n", .signature),
        ("PROXY TCP5 192.0.2.1 198.51.100.2 56324 443\r\n", .address),
        ("PROXY TCP4 192.0.2.256 198.51.100.2 56324 443\r\n", .address),
        ("PROXY TCP4 192.0.2 198.51.100.2 56324 443\r\n", .address),
        ("PROXY TCP4 192.0.2.1 2001:db8::1 56324 443\r\n", .address),
        ("PROXY TCP4  192.0.2.1 198.51.100.2 56324 443\r\n", .address),
        ("PROXY TCP6 2001::db8::1 2001:db8::2 4124 443\r\n", .address),
        ("PROXY TCP6 12345::1 2001:db8::2 4124 443\r\n", .address),
        ("PROXY TCP6 1:2:3:4:5:6:7 2001:db8::2 4124 443\r\n", .address),
        ("PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n", .port),
        ("PROXY TCP4 192.0.2.1 198.51.100.2 56324 +443\r\n", .port),
        ("PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n", .port),
        ("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443 \r\n", .line),
        ("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\n", .line),
        ("PROXY\r\n", .signature),
        ("PROXY \r\n", .address),
        ("PROXY TCP4 " + String(repeating: "1", count: 96), .line),
    ])
    func `a line that is none is told apart by its fault`(line: String, fault: ProxyHeader.Fault) {
        #expect(read(line) == .malformed(fault))
    }

    @Test func `version 2 knows both families, and addresses of others not`() {
        let six = bytes(
            "21 21 0024 20010DB8000000000000000000000001 20010DB80000000100000000000000FF 101C 01BB"
        )
        #expect(
            read(Self.signature + six)
                == .complete(ProxyHeader(addresses: Self.sixes), byteCount: 52))
        // LOCAL: what it says of addresses is not meant.
        #expect(
            read(Self.signature + bytes("20 11 000C C0000201 C6336402 DC04 01BB"))
                == .complete(ProxyHeader(), byteCount: 28))
        for (rest, count) in [
            ("20 00 0000", 16), ("20 11 0000", 16), ("20 31 0004 00000000", 20),
            ("20 11 000E C0000201 C6336402 DC04 01BB FFFF", 30),
        ] {
            #expect(
                read(Self.signature + bytes(rest)) == .complete(ProxyHeader(), byteCount: count))
        }
        #expect(
            read(Self.signature + bytes("21 31 00D8") + Array(repeating: 65, count: 216))
                == .complete(ProxyHeader(), byteCount: 232))
        // What the protocol has besides is as if nothing was known; of LOCAL it is not even looked at.
        for family in ["21 00", "21 10", "21 20", "21 01", "21 12", "21 22", "21 32", "20 F3"] {
            #expect(
                read(Self.signature + bytes(family + "0003 FFFFFF"))
                    == .complete(ProxyHeader(), byteCount: 19))
        }
    }

    @Test(arguments: [
        ("0D0A0D0A000D0A515549540B", ProxyHeader.Fault.signature),
        ("0D0A0D0A000D0A515549540A 11", .command),
        ("0D0A0D0A000D0A515549540A 22", .command),
        ("0D0A0D0A000D0A515549540A 21 40 0000", .family),
        ("0D0A0D0A000D0A515549540A 21 13 000C C0000201 C6336402 DC04 01BB", .family),
        ("0D0A0D0A000D0A515549540A 21 11 4000", .length),
        ("0D0A0D0A000D0A515549540A 21 11 000B C0000201 C6336402 DC04 01", .address),
        ("0D0A0D0A000D0A515549540A 21 11 000E C0000201 C6336402 DC04 01BB 0500", .extension),
        ("0D0A0D0A000D0A515549540A 21 11 0010 C0000201 C6336402 DC04 01BB 05000241", .extension),
        (
            "0D0A0D0A000D0A515549540A 21 11 0013 C0000201 C6336402 DC04 01BB 030004 00000000",
            .checksum
        ),
        ("0D0A0D0A000D0A515549540A 21 11 0011 C0000201 C6336402 DC04 01BB 030002 0000", .extension),
    ])
    func `a header of version 2 that is none is told apart by its fault`(
        text: String, fault: ProxyHeader.Fault
    ) {
        #expect(read(bytes(text)) == .malformed(fault))
    }

    @Test func `what is written is what the protocol wants`() {
        var memory = [UInt8](repeating: 0, count: 700)
        func written(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
            let count = memory.withUnsafeMutableBytes {
                var writer = ByteWriter($0)
                write(&writer)
                return writer.count
            }
            return Array(memory[..<count])
        }
        let header = ProxyHeader(addresses: Self.ends)
        #expect(
            String(decoding: written { header.writeVersionOne(to: &$0) }, as: UTF8.self)
                == "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n")
        let six = ProxyHeader(addresses: Self.sixes)
        #expect(
            String(decoding: written { six.writeVersionOne(to: &$0) }, as: UTF8.self)
                == "PROXY TCP6 2001:db8::1 2001:db8:0:1::ff 4124 443\r\n")
        #expect(
            String(decoding: written { ProxyHeader().writeVersionOne(to: &$0) }, as: UTF8.self)
                == "PROXY UNKNOWN\r\n")
        let mixed = ProxyHeader(
            addresses: .init(source: Self.ends.source, destination: Self.sixes.destination))
        #expect(
            String(decoding: written { mixed.writeVersionOne(to: &$0) }, as: UTF8.self)
                == "PROXY TCP6 ::ffff:192.0.2.1 2001:db8:0:1::ff 56324 443\r\n")
        #expect(
            written { mixed.writeVersionTwo(.init(), to: &$0) }
                == Self.signature
                + bytes(
                    "21 21 0024 00000000000000000000FFFFC0000201 20010DB80000000100000000000000FF"
                        + "DC04 01BB"))
        #expect(
            written { header.writeVersionTwo(.init(), to: &$0) }
                == Self.signature + bytes("21 11 000C C0000201 C6336402 DC04 01BB"))
        #expect(
            written { ProxyHeader().writeVersionTwo(.init(), to: &$0) }
                == Self.signature + bytes("20 00 0000"))
        var extensions = ProxyHeader.Extensions()
        extensions.hasChecksum = true
        // crc32c of the 35 bytes with zeros in the place of the sum, by an independent program.
        #expect(
            written { header.writeVersionTwo(extensions, to: &$0) }
                == Self.signature
                + bytes("21 11 0013 C0000201 C6336402 DC04 01BB 030004 20EC9549"))
        // The same with two more extensions.
        #expect(
            written {
                header.writeVersionTwo(.init(), to: &$0) { output in
                    for byte in bytes("EA 0002 6162 EB 0000") { output.append(byte) }
                }
            } == Self.signature
                + bytes("21 11 0014 C0000201 C6336402 DC04 01BB EA 0002 6162 EB 0000"))
        #expect(
            read(written { header.writeVersionTwo(extensions, to: &$0) })
                == .complete(header, byteCount: 35))
    }
}
