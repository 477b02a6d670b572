import Failover
import Testing
import VRRPCore

private func bytes(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue).map(UInt8.init)
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

@Suite struct `Keys of an authentication trailer` {
    /// 20 bytes of pseudo-header, the message without checksum, 12 bytes of trailer, 16 zeros; the
    /// codes were computed by another implementation of HMAC.
    @Test(arguments: [
        (
            "04033300ac110006000000000000000000000000" + "3133650100640000ac110005"
                + "010100006a18a50080000000" + "00000000000000000000000000000000",
            "3a32a4d73b5cf8a42b99b1ac758680bd"
        ),
        (
            "04023300ac110006000000000000000000000000"
                + "2133650100010000ac1100050000000000000000" + "010100006a18a50080000000"
                + "00000000000000000000000000000000",
            "754351ba5ce9da93d51b927b055f4136"
        ),
    ])
    func `compute keepalived's codes`(message: String, code: String) throws {
        let keys = try #require(AuthenticationKeys([1: Array(0...31)]))
        let computed = try #require(keys.authenticationCode(of: bytes(message), keyID: 1))
        #expect(computed.count == 32)
        #expect(Array(computed.prefix(16)) == bytes(code))
    }

    @Test func `a key that is not there computes nothing`() throws {
        let keys = try #require(AuthenticationKeys([1: Array(0...31)]))
        #expect(keys.authenticationCode(of: [1, 2, 3], keyID: 2) == nil)
    }

    @Test func `a key has 32 to 64 bytes`() {
        #expect(AuthenticationKeys([1: Array(0...30)]) == nil)
        #expect(AuthenticationKeys([1: Array(0...63)]) != nil)
        #expect(AuthenticationKeys([1: Array(0...64)]) == nil)
    }

    @Test func `no key is printed`() throws {
        let keys = try #require(AuthenticationKeys([7: Array(0...31), 3: Array(32...63)]))
        #expect("\(keys)" == "keys 3, 7")
    }
}
