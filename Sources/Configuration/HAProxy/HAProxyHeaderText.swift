/// The samples of what a client's PROXY header says besides addresses.
///
/// haproxy's configuration manual, section 7.3.3; `fc_pp_tlv` is of haproxy 2.9.
enum HeaderTextNames {
    /// The types of extensions that have a sample of their own.
    static let own: [String: UInt8] = ["fc_pp_authority": 0x02, "fc_pp_unique_id": 0x05]

    /// The samples.
    static let samples = own.keys.sorted() + ["fc_pp_tlv"]

    /// The types that have a name (`PP2_TYPE_…` in haproxy's `proxy-protocol.txt`).
    private static let types: [String: UInt8] = [
        "ALPN": 0x01, "AUTHORITY": 0x02, "CRC32C": 0x03, "NOOP": 0x04, "UNIQUE_ID": 0x05,
        "SSL": 0x20, "NETNS": 0x30,
    ]

    /// The sample of a type.
    static func sample(_ type: UInt8) -> String {
        own.first { $0.value == type }?.key ?? "fc_pp_tlv(\(type))"
    }

    /// The type of a name, or of a number such as `234` or `0xEA`; `nil`: there is none.
    static func type(_ text: some StringProtocol) -> UInt8? {
        types[String(text)] ?? number(text)
    }

    /// The same of a number alone.
    static func number(_ text: some StringProtocol) -> UInt8? {
        let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
        let digits = isHexadecimal ? text.dropFirst(2) : text[...]
        guard digits.allSatisfy(\.isHexDigit) else { return nil }
        return UInt8(digits, radix: isHexadecimal ? 16 : 10)
    }
}

extension Word {
    /// The type of the extension that `fc_pp_authority`, `fc_pp_unique_id` or `fc_pp_tlv(ID)` asks for;
    /// `nil`: another sample.
    func headerTextType() throws(Remark) -> UInt8? {
        if let type = HeaderTextNames.own[text] { return type }
        guard text == "fc_pp_tlv" || text.hasPrefix("fc_pp_tlv(") else { return nil }
        guard text.hasPrefix("fc_pp_tlv("), text.hasSuffix(")"),
            let type = HeaderTextNames.type(text.dropFirst("fc_pp_tlv(".count).dropLast())
        else {
            throw .error(
                "\(text.quoted): needs the type of an extension, a number of 0 to 255 such as 0xEA, or"
                    + " ALPN, AUTHORITY, CRC32C, NETNS, NOOP, SSL or UNIQUE_ID", at: position)
        }
        return type
    }
}

extension HAProxyCriterion {
    /// What is asked about the client's PROXY header; `nil`: something else is.
    func headerQuestion() throws(Remark) -> ConnectionQuestion? {
        var name = criterion.text[...]
        for suffix in [",lower", ",upper"] where name.hasSuffix(suffix) {
            name = name.dropLast(suffix.count)
        }
        let sample = Word(text: String(name), position: criterion.position)
        guard let type = try sample.headerTextType() else { return nil }
        return .headerText(type, try texts())
    }
}
