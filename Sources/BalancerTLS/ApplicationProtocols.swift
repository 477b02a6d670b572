/// Names of protocols as ALPN sends them: each after a byte of its length (RFC 7301 §3.1).
struct ApplicationProtocols {
    /// As it stands in a ClientHello.
    let wireForm: [UInt8]
    var isEmpty: Bool { wireForm.isEmpty }

    init(_ names: [String]) throws(TLSSettingsError) {
        var wireForm: [UInt8] = []
        for name in names {
            guard (1...255).contains(name.utf8.count) else {
                throw TLSSettingsError(
                    "ALPN: a name has 1 to 255 bytes; one has \(name.utf8.count)")
            }
            wireForm.append(UInt8(name.utf8.count))
            wireForm.append(contentsOf: name.utf8)
        }
        self.wireForm = wireForm
    }
}

extension ApplicationProtocols {
    /// Where the name of the first of these stands among those that were offered.
    func best(of offered: Span<UInt8>) -> Range<Int>? {
        var own = 0
        while own < wireForm.count {
            let name = wireForm[own + 1..<own + 1 + Int(wireForm[own])]
            var place = 0
            while place < offered.count {
                let range = place + 1..<place + 1 + Int(offered[place])
                guard range.upperBound <= offered.count else { break }
                if range.count == name.count,
                    zip(range, name).allSatisfy({ offered[$0] == $1 })
                {
                    return range
                }
                place = range.upperBound
            }
            own = name.endIndex
        }
        return nil
    }
}
