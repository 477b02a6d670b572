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
}
