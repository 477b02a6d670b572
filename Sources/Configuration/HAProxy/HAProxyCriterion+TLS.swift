/// What is asked about TLS of clients: their first message, and handshakes that end here.
extension HAProxyCriterion {
    /// What is asked about a TLS handshake that ends here; `nil`: something else is.
    func handshakeQuestion() throws(Remark) -> ConnectionQuestion? {
        let (name, argument) = criterionParts
        if name == "ssl_fc_sni_end" || name == "ssl_fc_sni_reg" {
            let usual: NameMatch.Method = name == "ssl_fc_sni_end" ? .end : .expression
            return .tlsText(.serverName, try patterns(method ?? usual))
        }
        if let text = TLSText(sample: name, argument) {
            // As haproxy: of bytes a value is digits without another word.
            return .tlsText(text, try text.isBinary ? patterns(method ?? .binary) : texts())
        }
        guard argument == nil, let number = TLSNumber(rawValue: name) else { return nil }
        return .tlsNumber(number, try ranges(unlessSaid: 1...Int.max))
    }

    /// `3.3`, `3`, a range of either: `3.1:3.3`, or a comparison: `lt 3.3`.
    func versions() throws(Remark) -> [ClosedRange<Int>] {
        try refuseComparisonOfTexts()
        var ranges: [ClosedRange<Int>] = []
        var words = try needingValues()[...]
        var comparison: Comparison?
        while let word = words.popFirst() {
            if let known = Comparison(rawValue: word.text) {
                comparison = known
                guard !words.isEmpty else {
                    throw .error("\(word.text.quoted) needs a version", at: word.position)
                }
                continue
            }
            if let comparison {
                guard let version = version(word.text[...]) else { throw Self.noVersion(word) }
                // As haproxy, for which 3 is 3.0 there.
                ranges.append(comparison.range(version.lowerBound, from: -1))
                continue
            }
            let ends = word.text.split(separator: ":", omittingEmptySubsequences: false)
                .map { version($0) }
            guard (1...2).contains(ends.count), let first = ends.first ?? nil,
                let last = ends.last ?? nil, first.lowerBound <= last.upperBound
            else { throw Self.noVersion(word) }
            ranges.append(first.lowerBound...last.upperBound)
        }
        return ranges
    }

    private static func noVersion(_ word: Word) -> Remark {
        .error(
            "\(word.text.quoted): must be a version such as 3.3, which is TLS 1.2, a range such as"
                + " 3.1:3.3, or a comparison such as 'lt 3.3'", at: word.position)
    }

    private func version(_ text: Substring) -> ClosedRange<Int>? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let major = UInt16(parts[0]), parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return Int(major) << 16...Int(major) << 16 | 0xffff }
        guard let minor = UInt16(parts[1]) else { return nil }
        return Int(major) << 16 | Int(minor)...Int(major) << 16 | Int(minor)
    }
}
