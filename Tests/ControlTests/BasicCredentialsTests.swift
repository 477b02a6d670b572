import Testing

@testable import Control

@Suite struct `Basic credentials` {
    private let credentials = BasicCredentials([
        .init(name: "utilisateur", password: "motdepasse"), .init(name: "ops", password: "a:b c"),
    ])

    @Test(arguments: [
        "Basic dXRpbGlzYXRldXI6bW90ZGVwYXNzZQ==", "basic  dXRpbGlzYXRldXI6bW90ZGVwYXNzZQ==",
        "Basic b3BzOmE6YiBj",
    ])
    func `a user with the right password is admitted`(header: String) {
        #expect(credentials.admits(authorization: header))
    }

    @Test(arguments: [
        nil, "", "Basic", "Basic ", "Basic !!!", "Bearer dXRpbGlzYXRldXI6bW90ZGVwYXNzZQ==",
        "dXRpbGlzYXRldXI6bW90ZGVwYXNzZQ==",
        "Basic dXRpbGlzYXRldXI6bW90ZGVwYXNz",  // motdepass
        "Basic dXRpbGlzYXRldXI6bW90ZGVwYXNzZWU=",  // motdepassee
        "Basic dXRpbGlzYXRldXI6",  // no password
        "Basic dXRpbGlzYXRldXI6bW90ZGVwYXNzZQA=",  // a zero behind it
        "Basic b3BzOm1vdGRlcGFzc2U=",  // another user's password
        "Basic AA==",
    ])
    func `anything else is not`(header: String?) {
        #expect(!credentials.admits(authorization: header))
    }

    @Test func `a text that is longer than the compared width is not cut to fit`() {
        let password = String(repeating: "x", count: 300)
        let long = BasicCredentials([.init(name: "u", password: password)])
        let right = "Basic " + base64("u:" + password)
        #expect(long.admits(authorization: right))
        #expect(!long.admits(authorization: "Basic " + base64("u:" + password + "x")))
        #expect(!long.admits(authorization: "Basic " + base64("u:" + password.dropLast())))
    }

    @Test func `without users everybody may look`() {
        #expect(BasicCredentials([]).admits(authorization: nil))
    }

    private func base64(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count, by: 3).map { start in
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            let digits = (0..<4).map { alphabet[bits >> (18 - 6 * $0) & 63] }
            return String(digits.prefix(group.count + 1))
                + String(repeating: "=", count: 3 - group.count)
        }.joined()
    }
}
