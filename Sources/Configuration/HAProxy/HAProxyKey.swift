import VRRPCore

extension Word {
    /// The word as what of a connection is a key.
    func connectionKey(after action: String) throws(Remark) -> ConnectionKeyName {
        if let key = try knownConnectionKey(after: action) { return key }
        throw .error(
            "\(action) \(text.quoted) is not supported as a key; write \(Word.connectionKeys)",
            at: position)
    }

    /// The keys that there are.
    static let connectionKeys =
        "src, src_port, dst, dst_port, req.ssl_sni, req.ssl_alpn, ssl_fc_sni, ssl_c_s_dn(cn),"
        + " fc_pp_authority, fc_pp_unique_id, fc_pp_tlv(ID), req.payload(OFFSET,LENGTH), req.payload_lv(OFFSET,LENGTH) or req.rdp_cookie(NAME), an address also with ,ipmask(24,64), a text with ,lower or ,upper"

    /// As ``connectionKey(after:)``; `nil`: haproxy may know it.
    func knownConnectionKey(after action: String) throws(Remark) -> ConnectionKeyName? {
        if let key = try mqttKey() { return key }
        var parts = items[...]
        if parts.count > 1, parts[1].text == "hex" {
            // Bytes as digits are another sample.
            let digits = Word(text: "\(parts[0].text),hex", position: position)
            guard digits.tlsText != nil else { return nil }
            parts = [digits] + parts[2...]
        }
        guard let first = parts.popFirst(),
            var key = try first.unconvertedKey(after: action)
        else { return nil }
        for part in parts {
            guard let converter = try part.keyConverter(),
                let converted = key.converted(by: converter)
            else { return nil }
            key = converted
        }
        return key
    }

    /// A key without converters.
    private func unconvertedKey(after action: String) throws(Remark) -> ConnectionKeyName? {
        switch text {
        case "src": return .source
        case "src_port": return .sourcePort
        case "dst": return .destination
        case "dst_port": return .destinationPort
        case "req.ssl_sni", "req_ssl_sni": return .serverName
        case "req.ssl_alpn", "req_ssl_alpn": return .protocolName
        case "req.rdp_cookie", "rdp_cookie": return .rdpCookie("")
        default: break
        }
        if let text = tlsText { return .tlsText(text) }
        if let type = try headerTextType() { return .headerText(type) }
        for prefix in ["req.payload(", "payload("] where text.hasPrefix(prefix) {
            guard text.hasSuffix(")") else { break }
            let slice = try payloadSlice(text.dropFirst(prefix.count).dropLast())
            guard slice.length > 0 else {
                throw .error(
                    "\(action) \(text.quoted): needs a length above 0: what has come by then is"
                        + " another key each time", at: position)
            }
            return .payload(slice)
        }
        for prefix in ["req.payload_lv(", "payload_lv("] where text.hasPrefix(prefix) {
            guard text.hasSuffix(")") else { break }
            return .countedPayload(try payloadPart(text.dropFirst(prefix.count).dropLast()))
        }
        for prefix in ["req.rdp_cookie(", "rdp_cookie("] where text.hasPrefix(prefix) {
            return .rdpCookie(try cookieName(text.dropFirst(prefix.count)))
        }
        return nil
    }

    /// What is known of a client's TLS that ended here.
    var tlsText: TLSText? {
        guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else {
            return TLSText(sample: text, nil)
        }
        let argument = text[text.index(after: open)...].dropLast()
        return TLSText(sample: text[..<open], String(argument))
    }

    /// `lower`, `upper` or `ipmask(MASK4,MASK6)`; `nil`: another converter.
    func keyConverter() throws(Remark) -> KeyConverter? {
        switch text {
        case "lower": return .lower
        case "upper": return .upper
        default: break
        }
        guard text.hasPrefix("ipmask("), text.hasSuffix(")") else { return nil }
        let masks = text.dropFirst("ipmask(".count).dropLast()
            .split(separator: ",", omittingEmptySubsequences: false)
        let four = masks.first.flatMap { IPv4Address(maskText: $0) }
        let six = masks.dropFirst().first.map { IPv6Address(maskText: $0) }
        guard let four, masks.count <= 2, six == nil || six != .some(nil) else {
            throw .error(
                "\(text.quoted): needs a mask of IPv4 and perhaps one of IPv6, such as ipmask(24,64)",
                at: position)
        }
        return .mask(four, six ?? nil)
    }

    /// `NAME)`: the name of a cookie.
    func cookieName(_ rest: Substring) throws(Remark) -> String {
        let name = rest.dropLast()
        guard rest.last == ")", name.utf8.count <= 32, !name.contains(where: "()=".contains) else {
            throw .error(
                "\(text.quoted): needs the name of a cookie of at most 32 bytes, such as mstshash",
                at: position)
        }
        return String(name)
    }

    /// `OFFSET,LENGTH` of a length, and perhaps where the part begins that has it.
    ///
    /// That counts from the first byte, or with a sign from behind the length; haproxy 2.6 halves what has
    /// none.
    private func payloadPart(_ argument: Substring) throws(Remark) -> PayloadPart {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
        let slice = try payloadSlice(words.prefix(2).joined(separator: ","))
        var part = PayloadPart(length: slice)
        if words.count == 3, let number = Int(words[2]) {
            let isRelative = words[2].hasPrefix("+") || words[2].hasPrefix("-")
            let (sum, isOver) = part.offset.addingReportingOverflow(number)
            part.offset = !isRelative ? number : isOver ? -1 : sum
        }
        guard slice.length > 0, words.count == 2 || words.count == 3 && Int(words[2]) != nil,
            (0..<PayloadSlice.most).contains(part.offset)
        else {
            throw .error(
                "\(text.quoted): needs where a length stands, in how many bytes, and perhaps where what"
                    + " is so long begins, such as req.payload_lv(43,1)", at: position)
        }
        return part
    }

    /// `OFFSET,LENGTH`; a length of 0 is all that has come.
    func payloadSlice(_ argument: some StringProtocol) throws(Remark) -> PayloadSlice {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false)
            .map { Int($0) }
        guard numbers.count == 2, let offset = numbers[0], let length = numbers[1],
            offset >= 0, length >= 0
        else {
            throw .error(
                "\(text.quoted): needs an offset and a length, such as req.payload(0,4)",
                at: position)
        }
        guard offset < PayloadSlice.most, length <= PayloadSlice.most - offset else {
            throw .error(
                "\(text.quoted): the first \(PayloadSlice.most) bytes can be looked at",
                at: position)
        }
        return PayloadSlice(offset: offset, length: length)
    }
}

extension ConnectionKeyName {
    /// The key, converted; `nil`: the converter is not for it.
    ///
    /// Of two converters of the same kind one comes out that does what both do.
    fileprivate func converted(by converter: KeyConverter) -> ConnectionKeyName? {
        switch (self, converter) {
        case (.source, .mask), (.destination, .mask): .converted(self, converter)
        case (.serverName, .lower), (.protocolName, .lower), (.payload, .lower),
            (.rdpCookie, .lower), (.tlsText, .lower), (.tlsText, .upper), (.headerText, .lower),
            (.headerText, .upper), (.serverName, .upper),
            (.protocolName, .upper),
            (.payload, .upper), (.rdpCookie, .upper):
            .converted(self, converter)
        case (.converted(let key, .mask(let four, let six)), .mask(let next, let nextSix)):
            .converted(
                key,
                .mask(
                    IPv4Address(rawValue: four.rawValue & next.rawValue),
                    six.flatMap { six in
                        nextSix.map { IPv6Address(rawValue: six.rawValue & $0.rawValue) }
                    }))
        case (.converted(let key, .lower), .lower), (.converted(let key, .upper), .lower),
            (.converted(let key, .lower), .upper), (.converted(let key, .upper), .upper):
            .converted(key, converter)
        default: nil
        }
    }
}

extension IPv4Address {
    /// A mask as haproxy has it: `24` or `255.255.255.0`.
    fileprivate init?(maskText text: Substring) {
        if let length = Int(text) {
            guard (0...32).contains(length) else { return nil }
            self.init(rawValue: UInt32(truncatingIfNeeded: UInt64.max << UInt64(32 - length)))
        } else {
            self.init(String(text))
        }
    }
}

extension IPv6Address {
    /// A mask as haproxy has it: `64` or `ffff:ffff::`.
    fileprivate init?(maskText text: Substring) {
        if let length = Int(text) {
            guard (0...128).contains(length) else { return nil }
            self.init(rawValue: length == 0 ? 0 : UInt128.max << UInt128(128 - length))
        } else {
            self.init(String(text))
        }
    }
}
