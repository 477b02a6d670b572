import Testing

@testable import NodeConfiguration

@Suite struct `Certificates as text` {
    // A sequence of three bytes: 30 03 01 02 03.
    private static let block =
        "-----BEGIN CERTIFICATE-----\nMAMBAgM=\n-----END CERTIFICATE-----\n"

    @Test(arguments: [
        (block, true), ("# comment\r\n" + block + "more\n" + block, true), ("", false),
        ("text", false), (String(block.dropLast(30)), false),
        (block.replacing("MAMBAgM=", with: "MAMBAg=="), false),
        (block.replacing("MAMBAgM=", with: "MAMB*gM="), false),
        (block.replacing("MAMBAgM=", with: "MAMBAgM"), false),
        (block.replacing("MAMBAgM=", with: "AAMBAgM="), false),
        (block.replacing("-----END CERTIFICATE-----", with: ""), false),
        ("-----END CERTIFICATE-----\n", false),
    ])
    func `are whole, and at least one`(text: String, expected: Bool) {
        #expect(PEMText.holdsCertificates(Array(text.utf8)) == expected)
    }

    private static func key(_ label: String, _ text: String = "MAMBAgM=") -> String {
        "-----BEGIN \(label)PRIVATE KEY-----\n\(text)\n-----END \(label)PRIVATE KEY-----\n"
    }

    @Test(
        arguments: [
            ("", .none), (block, .none), (key(""), .whole), (block + key("RSA ") + block, .whole),
            (key("EC "), .whole), (key("ENCRYPTED "), .encrypted),
            (key("RSA ", "Proc-Type: 4,ENCRYPTED\nDEK-Info: A,0\n\nMAMBAgM="), .encrypted),
            (key("", "MAMBAg=="), .broken), (String(key("").dropLast(30)), .broken),
            ("-----BEGIN PRIVATE KEY-----\n" + key(""), .broken),
            ("-----BEGIN PUBLIC KEY-----\nMAMBAgM=\n-----END PUBLIC KEY-----\n", .none),
        ] as [(String, PEMText.Key)])
    func `and keys are whole, or it is said what they are`(text: String, expected: PEMText.Key) {
        #expect(PEMText.key(in: Array(text.utf8)) == expected)
    }
}
