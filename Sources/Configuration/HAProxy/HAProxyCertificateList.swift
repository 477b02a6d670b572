import TLSOptions

/// A line of a `crt-list`: `PATH [OPTIONS] NAME …`, each in words of the place where the list is named.
struct HAProxyCertificateLine: Sendable {
    let certificate: Word
    let options: [Word]
    let names: [String]
    /// What errors call it: its list and its number.
    let place: String

    /// Reads the options in brackets, and warns of names that lead nowhere.
    func read(
        into handshake: inout HAProxyHandshake, _ arguments: inout Arguments
    ) throws(Remark) {
        if !names.isEmpty, names.allSatisfy({ $0.hasPrefix("!") }) {
            arguments.warn(
                "\(place): names with '!' only take away from others of the line; without one of those"
                    + " the certificate is for no name", at: certificate.position)
        }
        let line = Directive(words: [certificate] + options)
        guard !options.isEmpty, var words = Arguments(line) else { return }
        do throws(Remark) {
            _ = try words.nextKeyword("a path")
            try Self.table.readAll(into: &handshake, &words)
            try handshake.options.parameters.setVersions(
                handshake.versions, of: "this line", at: certificate.position)
        } catch {
            throw .error("\(place): \(error.message)", at: error.position)
        }
    }

    private static let table = KeywordTable<HAProxyHandshake>(
        "option of a crt-list",
        HAProxyHandshake.rules(at: \.self).merging(
            HAProxyTLSVersions.rules(at: \.versions).filter {
                ["ssl-min-ver", "ssl-max-ver"].contains($0.key)
            }
        ) { own, _ in own },
        choices: "alpn, ca-file, ciphers, crl-file, ssl-min-ver, verify and others of a 'bind' line"
    )
}

extension Word {
    /// The lines of a `crt-list`, without comments.
    func certificateList() throws(Remark) -> [HAProxyCertificateLine] {
        var found: [HAProxyCertificateLine] = []
        let bytes = try contents(of: "crt-list", limit: InputFile.sizeLimit)
        let lines = bytes.split(omittingEmptySubsequences: false) { $0 == 0x0A }
        for (index, line) in lines.enumerated() {
            let text = String(decoding: line, as: UTF8.self)
            guard let first = text.first(where: { !$0.isWhitespace }), first != "#" else {
                continue
            }
            found.append(
                try certificateLine(
                    text, place: "crt-list \(self.text.quoted), line \(index + 1)"))
        }
        guard !found.isEmpty else {
            throw .error("crt-list \(text.quoted): has no line", at: position)
        }
        return found
    }

    private func certificateLine(
        _ text: String, place: String
    ) throws(Remark) -> HAProxyCertificateLine {
        let parts = text.split(separator: "[", omittingEmptySubsequences: false)
        let inside = parts.dropFirst().first?.split(
            separator: "]", omittingEmptySubsequences: false)
        guard parts.count <= 2, inside?.count ?? 2 == 2, parts.count == 2 || !text.contains("]")
        else {
            throw .error(
                "\(place): options stand once, between '[' and ']', as in 'PATH [alpn h2] NAME'",
                at: position)
        }
        func words(_ part: Substring?) -> [Word] {
            (part ?? "").split(whereSeparator: \.isWhitespace).map {
                Word(text: String($0), position: position)
            }
        }
        var before = words(parts.first)[...]
        guard let certificate = before.popFirst(), before.isEmpty || inside == nil else {
            throw .error(
                "\(place): a path comes first, then options in brackets, then names", at: position)
        }
        let names = Array(before) + words(inside?.last)
        for name in names where !name.text.isNameFilter {
            throw .error(
                "\(place): \(name.text.quoted) must be a name such as www.example.org or"
                    + " *.example.org, perhaps with '!' before it", at: position)
        }
        return HAProxyCertificateLine(
            certificate: certificate, options: words(inside?.first), names: names.map(\.text),
            place: place)
    }
}

extension ListenerTLS {
    /// Says where what a line of a `crt-list` says does not fit to what the line `bind` does.
    func judge(_ certificate: Certificate, at position: Position) throws(Remark) {
        let name = certificate.path.split(separator: "/").last.map(String.init) ?? ""
        let label = "crt-list, line of \(name.quoted): "
        do throws(Remark) {
            try handshake(of: certificate).judgeAuthorities(at: position)
        } catch {
            throw .error(label + error.message, at: position)
        }
        // Without a word of its own a listener speaks nothing older.
        let bounds = certificate.handshake.parameters
            .completed(by: handshake.parameters.withVersions).versions
        guard bounds.minimum <= bounds.maximum else {
            throw .error(
                label
                    + "no version of TLS is left between the lowest and the highest one of its line"
                    + " and of 'bind'", at: position)
        }
    }
}

extension TLSHandshakeOptions {
    /// Says where nobody could be trusted.
    func judgeAuthorities(at position: Position) throws(Remark) {
        guard let verification, verifiesClients, authorities == nil, unsentAuthorities == nil
        else { return }
        throw .error(
            "'verify \(verification.rawValue)' needs 'ca-file PATH', the authorities whose clients are"
                + " let in", at: position)
    }
}

extension String {
    /// Whether it is the name of a host, perhaps with `*.` and `!` before it, or `*` alone.
    fileprivate var isNameFilter: Bool {
        var name = self[...]
        if name.hasPrefix("!") { name = name.dropFirst() }
        guard name != "*" else { return true }
        if name.hasPrefix("*.") { name = name.dropFirst(2) }
        return (1...253).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }
}
