import Balancer
import Testing

@Suite struct `Client hello` {
    private func read(_ bytes: some Sequence<UInt8>) -> ClientHello.Reading {
        ClientHello.read(Array(bytes).span)
    }

    /// How many bytes a beginning wants at least; 0: it wants no more.
    private func lacking(_ bytes: some Sequence<UInt8>) -> Int {
        guard case .needsMore(let count) = read(bytes) else { return 0 }
        return count
    }

    @Test func `OpenSSL's first message names server and protocols`() throws {
        guard case .complete(let hello) = read(opensslHello) else {
            Issue.record("not complete")
            return
        }
        #expect(hello.serverName.description == "shop.example.org")
        #expect(hello.protocols.description == "\u{2}h2\u{8}http/1.1")
    }

    @Test func `every beginning of it wants more`() {
        for end in 0..<opensslHello.count { #expect(lacking(opensslHello[..<end]) > end) }
        // The header tells how much is to come.
        #expect(lacking(opensslHello[..<9]) == opensslHello.count)
        #expect(lacking(opensslHello[..<20]) == opensslHello.count)
    }

    @Test(arguments: [1, 7, 120, 511])
    func `a message in several records is the same message`(size: Int) {
        var spread: [UInt8] = []
        var rest = opensslHello[5...]
        while !rest.isEmpty {
            let part = rest.prefix(size)
            spread += [22, 3, 1, UInt8(part.count >> 8), UInt8(part.count & 255)] + part
            rest = rest.dropFirst(size)
        }
        #expect(read(spread) == read(opensslHello))
        for end in 0..<spread.count {
            let least = lacking(spread[..<end])
            #expect(least > end && least <= spread.count)
        }
    }

    @Test func `what is no hello is told apart by its fault`() {
        #expect(read("GET / HTTP/1.1\r\n\r\n".utf8) == .malformed(.record))
        #expect(read("SSH-2.0-OpenSSH".utf8) == .malformed(.record))
        #expect(read([22, 2]) == .malformed(.record))
        #expect(read([22, 3, 1, 0, 0]) == .malformed(.record))
        #expect(read([22, 3, 1, 0x40, 0x01]) == .malformed(.record))
        #expect(read([22, 3, 1, 0, 4, 2]) == .malformed(.message))
        #expect(read([22, 3, 1, 0, 4, 1, 1, 0, 0]) == .malformed(.length))
        // The session identifier reaches beyond the message.
        var long = opensslHello
        long[43] = 255
        long[44] = 255
        long[7] = 0
        long[8] = 60
        #expect(read(long) == .malformed(.field))
    }

    @Test func `one that never ends is too long`() {
        let header: [UInt8] = [22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc]
        #expect(read(header + Array(repeating: 0, count: 2000)) == .malformed(.field))
        // Records of one byte each: all header, no message.
        let endless = Array(repeating: [22, 3, 1, 0, 1, 1] as [UInt8], count: 2731).joined()
        #expect(read(endless) == .malformed(.length))
    }

    /// Any byte of a hello may be any other: a verdict, never a trap.
    @Test func `a hello with any byte changed gets a verdict`() {
        var count = 0
        for place in opensslHello.indices {
            for value in [0, 1, 0x7f, 0xff] as [UInt8] {
                var changed = opensslHello
                changed[place] = value
                if case .complete = read(changed) { count += 1 }
            }
        }
        #expect(count > 1000)
    }
}

/// OpenSSL 3.0's, for the name shop.example.org and the protocols h2 and http/1.1.
let opensslHello = bytes(
    """
    1603010200010001fc03038b9f5920c9803c0aedc0d3a669745972b6aa44dff9fcade6ed05660aa9
    7274ba2066ff52592db529d34b476873c822abc8e4e8d2bdfd4a10c7aef98cbf67930eae00241302
    13031301c02cc030c02bc02fcca9cca8c024c028c023c027009f009e006b006700ff0100018f0000
    0015001300001073686f702e6578616d706c652e6f7267000b000403000102000a00160014001d00
    17001e0019001801000101010201030104002300000010000e000c02683208687474702f312e3100
    16000000170000000d002a0028040305030603080708080809080a080b0804080508060401050106
    01030303010302040205020602002b00050403040303002d00020101003300260024001d0020a160
    570cd1ec042df852b7eb3f5ea4096ac6285fefa202aec93a37b1b5a03f40001500cb000000000000
    00000000000000000000000000000000000000000000000000000000000000000000000000000000
    00000000000000000000000000000000000000000000000000000000000000000000000000000000
    00000000000000000000000000000000000000000000000000000000000000000000000000000000
    00000000000000000000000000000000000000000000000000000000000000000000000000000000
    00000000000000000000000000000000000000000000000000000000000000000000000000
    """)
