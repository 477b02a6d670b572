import Testing
import VRRPCore

private let header = IPHeader(source: literal(IPAddress("172.17.0.6")))
private let version3Message = "3133650100640000ac110005"
private let version3Code = "3a32a4d73b5cf8a42b99b1ac758680bd"
private let trailerStart = "010100006a18a50080000000"
private let sentAt = Timestamp(seconds: 1_780_000_000, fraction: 0x8000)

private func state(
    _ mode: MessageAuthentication.Mode = .enforce,
    _ antiReplay: MessageAuthentication.AntiReplay = .time, senderLimit: Int = 4
) -> AuthenticationState {
    AuthenticationState(
        settings: MessageAuthentication(
            activeKeyID: 1, mode: mode, antiReplay: antiReplay, windowSeconds: 5),
        senderLimit: senderLimit)
}

private func later(_ seconds: Int64, fraction: UInt16 = 0x8000) -> Timestamp {
    Timestamp(seconds: UInt32(1_780_000_000 + seconds), fraction: fraction)
}

extension AuthenticationState {
    fileprivate mutating func verify(
        _ trailer: String, message: String = version3Message, from source: String = "172.17.0.6",
        at now: Timestamp = sentAt, keys: TestKeys = TestKeys()
    ) throws(AuthenticationFailure) {
        let (message, trailer) = (bytes(message), bytes(trailer))
        try verify(
            message.span, trailer: trailer.span,
            header: IPHeader(source: literal(IPAddress(source))), at: now, using: keys)
    }

    /// Signs the message of the vectors.
    fileprivate mutating func signed(
        at now: Timestamp, from source: String = "172.17.0.6"
    ) -> String {
        let trailer = try? sign(
            bytes(version3Message), header: IPHeader(source: literal(IPAddress(source))), at: now,
            using: TestKeys())
        return hexadecimal(trailer?.encoded() ?? [])
    }
}

@Suite struct `The cryptography of these tests` {
    @Test func `SHA-256 of abc, and of two blocks`() {
        #expect(
            hexadecimal(sha256(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hexadecimal(
                sha256(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)))
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }

    @Test func `HMAC-SHA-256 of RFC 4231`() {
        #expect(
            hexadecimal(
                hmacSHA256(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }
}

@Suite struct `The authentication trailer` {
    @Test(
        arguments: [
            (version3Message, version3Code),
            ("2133650100010000ac1100050000000000000000", "754351ba5ce9da93d51b927b055f4136"),
        ])
    func `a message is signed and verified as keepalived does`(
        message: String, code: String
    )
        throws
    {
        var sender = state()
        let trailer = try sender.sign(bytes(message), header: header, at: sentAt, using: TestKeys())
        #expect(trailer.map { hexadecimal($0.encoded()) } == trailerStart + code)
        var receiver = state()
        try receiver.verify(trailerStart + code, message: message)
    }

    @Test func `the checksum of the message does not matter`() throws {
        var receiver = state()
        try receiver.verify(trailerStart + version3Code, message: "313365010064abcdac110005")
    }

    @Test(
        arguments: [
            "3132650100640000ac110005", "3133640100640000ac110005", "3133650100650000ac110005",
            "2133650100640000ac110005", "3133650100640000ac110006",
        ])
    func `one changed field of the message is refused`(message: String) {
        #expect(throws: AuthenticationFailure.wrongCode) {
            var receiver = state()
            try receiver.verify(trailerStart + version3Code, message: message)
        }
    }

    @Test func `another source, and another family, is refused`() {
        for source in ["172.17.0.7", "ac11:6::"] {
            #expect(throws: AuthenticationFailure.wrongCode) {
                var receiver = state()
                try receiver.verify(trailerStart + version3Code, from: source)
            }
        }
    }

    @Test(arguments: 12..<28)
    func `each byte of the code counts`(position: Int) {
        var trailer = bytes(trailerStart + version3Code)
        trailer[position] ^= 1
        #expect(throws: AuthenticationFailure.wrongCode) {
            var receiver = state()
            try receiver.verify(hexadecimal(trailer))
        }
    }

    @Test(
        arguments: [
            "02" + trailerStart.dropFirst(2) + version3Code,
            "0101000100000000" + trailerStart.dropFirst(16) + version3Code,
            "0101010000000000" + trailerStart.dropFirst(16) + version3Code,
            trailerStart + version3Code.dropLast(2), trailerStart + version3Code + "00", "00",
        ] as [String])
    func `another scheme, reserved bits or length is malformed`(trailer: String) {
        #expect(throws: AuthenticationFailure.malformed) {
            var receiver = state()
            try receiver.verify(trailer)
        }
    }

    @Test func `an unknown key is refused, and cannot sign`() {
        let others = TestKeys(keys: [2: Array(0...31)])
        #expect(throws: AuthenticationFailure.unknownKey(1)) {
            var receiver = state()
            try receiver.verify(trailerStart + version3Code, keys: others)
        }
        #expect(throws: AuthenticationFailure.unknownKey(1)) {
            var sender = state()
            _ = try sender.sign(bytes(version3Message), header: header, at: sentAt, using: others)
        }
    }

    @Test func `a message shorter than any of VRRP is malformed`() {
        #expect(throws: AuthenticationFailure.malformed) {
            var sender = state()
            _ = try sender.sign([0x31], header: header, at: sentAt, using: TestKeys())
        }
    }
}

@Suite struct `Modes of authentication` {
    @Test func `enforce refuses a message without a trailer`() {
        #expect(throws: AuthenticationFailure.missing) {
            var receiver = state(.enforce)
            try receiver.verify("")
        }
    }

    @Test(arguments: [MessageAuthentication.Mode.permissive, .receiveOnly])
    func `the others take one, but no wrong one`(mode: MessageAuthentication.Mode) throws {
        var receiver = state(mode)
        try receiver.verify("")
        #expect(throws: AuthenticationFailure.wrongCode) {
            try receiver.verify(trailerStart + "00" + version3Code.dropFirst(2))
        }
    }

    @Test func `receive-only does not sign, permissive does`() {
        var listener = state(.receiveOnly)
        #expect(listener.signed(at: sentAt) == "")
        var permissive = state(.permissive)
        #expect(permissive.signed(at: sentAt) == trailerStart + version3Code)
    }

    @Test(arguments: [(1, 5), (2, 6), (100, 300)] as [(UInt8, Int)])
    func `the window is three intervals, 5 to 300 s`(seconds: UInt8, window: Int) {
        let interval = version2(seconds)
        #expect(
            MessageAuthentication(
                activeKeyID: 1,
                windowSeconds: MessageAuthentication.defaultWindowSeconds(for: interval)
            ).windowSeconds == window)
        #expect(MessageAuthentication.defaultWindowSeconds(for: version3(190)) == 6)
    }
}

@Suite struct `The sequence of messages` {
    @Test func `it follows the clock, and counts while the clock stands still`() {
        var sender = state()
        #expect(sender.signed(at: sentAt).hasPrefix("010100006a18a50080000000"))
        #expect(sender.signed(at: sentAt).hasPrefix("010100006a18a50080000001"))
        #expect(sender.signed(at: later(-2)).hasPrefix("010100006a18a50080000002"))
        #expect(sender.signed(at: later(0, fraction: 0xFFFF)).hasPrefix("010100006a18a50080000003"))
        #expect(sender.signed(at: later(1)).hasPrefix("010100006a18a50180000000"))
    }

    @Test func `a last word signed ahead comes after all of its second, before what follows it`()
        throws
    {
        var (sender, receiver) = (state(), state())
        #expect(sender.lastSigned == nil)
        try receiver.verify(sender.signed(at: sentAt))
        var heir = sender
        heir.skipToLastNumbers(2)
        let words = [heir.signed(at: sentAt), heir.signed(at: sentAt)]
        #expect(words[0].hasPrefix("010100006a18a5008000fffe"))
        #expect(words[1].hasPrefix("010100006a18a5008000ffff"))
        var talkative = sender
        talkative.skipToLastNumbers(8)
        #expect(talkative.signed(at: sentAt).hasPrefix("010100006a18a5008000fff8"))
        // The sender goes on meanwhile, to the end of the second.
        for fraction in [0x8001, 0xFFFF] as [UInt16] {
            try receiver.verify(sender.signed(at: later(0, fraction: fraction)))
            #expect(sender.lastSigned == sentAt)
        }
        for word in words { try receiver.verify(word) }
        // The sender's next process knows of no number, and begins 15 µs later.
        var next = state()
        try receiver.verify(next.signed(at: later(0, fraction: 0x8001)))
        #expect(throws: AuthenticationFailure.replayed) { try receiver.verify(words[1]) }
        // The sender's next second puts what was signed ahead out of force.
        _ = sender.signed(at: later(1))
        #expect(sender.lastSigned == later(1))
    }

    @Test func `in time mode a clock set back beyond the window starts anew`() {
        var sender = state(.enforce, .time)
        _ = sender.signed(at: sentAt)
        #expect(sender.signed(at: later(-5)).hasPrefix("010100006a18a50080000001"))
        #expect(sender.signed(at: later(-6)).hasPrefix("010100006a18a4fa80000000"))
    }

    @Test func `in monotonic mode it never goes back`() {
        var sender = state(.enforce, .monotonic)
        _ = sender.signed(at: sentAt)
        #expect(sender.signed(at: later(-600)).hasPrefix("010100006a18a50080000001"))
    }

    @Test(
        arguments: [
            (1, 0, true), (0, 0, false), (0, 1, false), (0, 0xFFFF_FFFF_FFFF_FFFF, true),
            (0x7FFF_FFFF_FFFF_FFFF, 0, true), (0x8000_0000_0000_0000, 0, false),
        ] as [(UInt64, UInt64, Bool)])
    func `later is a positive signed difference`(number: UInt64, other: UInt64, isAfter: Bool) {
        #expect(
            SequenceNumber(rawValue: number).isAfter(SequenceNumber(rawValue: other)) == isAfter)
    }

    @Test func `microseconds become fractions`() {
        #expect(
            Timestamp(microsecondsSince1970: 1_780_000_000_500_000)
                == Timestamp(seconds: 1_780_000_000, fraction: 0x8000))
        #expect(
            Timestamp(microsecondsSince1970: 999_999) == Timestamp(seconds: 0, fraction: 65_535))
        #expect(Timestamp(microsecondsSince1970: -1) == Timestamp(seconds: 0, fraction: 0))
    }
}

@Suite struct `Messages that are sent again` {
    @Test func `the same, and an earlier one, is refused`() throws {
        var (sender, receiver) = (state(), state())
        let (first, second) = (sender.signed(at: sentAt), sender.signed(at: later(1)))
        try receiver.verify(first)
        #expect(throws: AuthenticationFailure.replayed) { try receiver.verify(first) }
        try receiver.verify(second)
        #expect(throws: AuthenticationFailure.replayed) { try receiver.verify(first) }
    }

    @Test(arguments: [(-6, false), (-5, true), (5, true), (6, false)] as [(Int64, Bool)])
    func `in time mode the clocks agree within the window`(offset: Int64, isTaken: Bool) throws {
        var (sender, receiver) = (state(), state())
        let trailer = sender.signed(at: later(offset))
        if isTaken {
            try receiver.verify(trailer)
        } else {
            #expect(throws: AuthenticationFailure.stale(secondsAhead: Int(offset))) {
                try receiver.verify(trailer)
            }
        }
    }

    @Test func `in monotonic mode the clocks do not matter`() throws {
        var (sender, receiver) = (state(.enforce, .monotonic), state(.enforce, .monotonic))
        let (first, second) = (sender.signed(at: later(-9999)), sender.signed(at: later(-9998)))
        try receiver.verify(second)
        #expect(throws: AuthenticationFailure.replayed) { try receiver.verify(first) }
    }

    @Test func `what failed moves nothing`() throws {
        var (sender, receiver) = (state(), state())
        let (first, second) = (sender.signed(at: sentAt), sender.signed(at: later(1)))
        let forged = String(second.dropLast(2)) + (second.hasSuffix("00") ? "01" : "00")
        #expect(throws: AuthenticationFailure.wrongCode) { try receiver.verify(forged) }
        try receiver.verify(first)
    }

    @Test func `a remembered number outside the window is forgotten in time mode`() throws {
        var (sender, receiver) = (state(), state())
        try receiver.verify(sender.signed(at: later(100)), at: later(100))
        // Both clocks are set back by 100 s.
        try receiver.verify(sender.signed(at: sentAt), at: sentAt)
    }

    @Test func `the four most recently heard senders are remembered`() throws {
        var receiver = state()
        var trailers: [String] = []
        for number in 1...5 {
            var sender = state()
            let source = "172.17.0.\(number)"
            trailers.append(sender.signed(at: sentAt, from: source))
            try receiver.verify(trailers[number - 1], from: source)
        }
        #expect(throws: AuthenticationFailure.replayed) {
            try receiver.verify(trailers[1], from: "172.17.0.2")
        }
        // The first sender had to make room for the fifth.
        try receiver.verify(trailers[0], from: "172.17.0.1")
    }

    @Test func `a sender that is heard again stays remembered`() throws {
        var receiver = state()
        var first = state()
        try receiver.verify(first.signed(at: sentAt, from: "172.17.0.1"), from: "172.17.0.1")
        for number in 2...4 {
            var sender = state()
            let source = "172.17.0.\(number)"
            try receiver.verify(sender.signed(at: sentAt, from: source), from: source)
        }
        let again = first.signed(at: sentAt, from: "172.17.0.1")
        try receiver.verify(again, from: "172.17.0.1")
        var fifth = state()
        try receiver.verify(fifth.signed(at: sentAt, from: "172.17.0.5"), from: "172.17.0.5")
        #expect(throws: AuthenticationFailure.replayed) {
            try receiver.verify(again, from: "172.17.0.1")
        }
    }
}
