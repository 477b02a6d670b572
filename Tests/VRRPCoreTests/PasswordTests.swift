import Testing
import VRRPCore

private let secret = literal(Password("secret"))

private func rules(_ password: Password?) -> ReceptionRules {
    var rules = ReceptionRules()
    rules.password = password
    return rules
}

@Suite(.tags(.rfc3768)) struct `RFC 2338 §5.3.6.2 Password` {
    private let good = "2133640101017b7cc00002017365637265740000"

    private func decode(_ message: String, _ password: Password?) throws -> ReceivedAdvertisement {
        let whole = datagram(bytes(message))
        return try ReceivedAdvertisement(decoding: whole.span, rules: rules(password))
    }

    @Test func `it stands in the authentication data, zeros after it`() {
        let advertisement = advert(
            100, interval: version2(1), addresses: VirtualAddressList(IPv4Address(192, 0, 2, 1)))
        #expect(hexadecimal(advertisement.encoded(source: ownAddress, password: secret)) == good)
    }

    @Test func `the right one is accepted`() throws {
        #expect(try decode(good, secret).advertisement.priority == priority(100))
    }

    @Test(arguments: ["secre", "secrets", "Secret", "x"])
    func `another is refused`(text: String) {
        #expect(throws: DecodeError.wrongPassword) { try decode(good, literal(Password(text))) }
    }

    @Test func `none where one is expected is refused`() {
        #expect(throws: DecodeError.authenticationType(0, expected: 1)) {
            try decode("213364010001b8c8c00002010000000000000000", secret)
        }
    }

    @Test func `one where none is expected is refused`() {
        #expect(throws: DecodeError.authenticationType(1, expected: 0)) { try decode(good, nil) }
    }

    @Test func `the password is no part of version 3`() {
        let message = advert(100).encoded(source: ownAddress, password: secret)
        #expect(message.count == 12)
    }

    @Test(arguments: [("", false), ("12345678", true), ("123456789", false), ("a\0b", false)])
    func `it has 1 to 8 bytes`(text: String, isValid: Bool) {
        #expect((Password(text) != nil) == isValid)
    }
}

@Suite struct `Limits of the TTL` {
    @Test(arguments: [(252, false), (253, true), (255, true)] as [(UInt8, Bool)])
    func `a range of them is kept to`(timeToLive: UInt8, isTaken: Bool) throws {
        var rules = ReceptionRules()
        rules.hopLimits = 253...255
        let whole = datagram(bytes("313364010064a865c0000201"), timeToLive: timeToLive)
        if isTaken {
            _ = try ReceivedAdvertisement(decoding: whole.span, rules: rules)
        } else {
            #expect(throws: DecodeError.timeToLive(252, expected: 253...255)) {
                try ReceivedAdvertisement(decoding: whole.span, rules: rules)
            }
        }
    }

    @Test func `the message names the range`() {
        #expect(
            DecodeError.timeToLive(9, expected: 253...255).description
                == "TTL 9, must be 253 to 255")
    }
}
