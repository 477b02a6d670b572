import VRRPCore

extension Word {
    /// The word as what a section listens on: `ADDR:PORT[-PORT]`, several with commas.
    ///
    /// haproxy's configuration manual, `bind`. Each endpoint comes with its own place.
    func endpoints() throws(Remark) -> [(endpoint: Endpoint, position: Position)] {
        var endpoints: [(Endpoint, Position)] = []
        for part in split(at: ",") {
            let (host, ports) = try part.hostAndPort()
            let everywhere: Set<String> = ["", "*", "0.0.0.0"]
            let address =
                everywhere.contains(host) ? nil : try part.ipv4(host, of: "bind address")
            for port in try part.ports(ports) {
                endpoints.append((Endpoint(address: address, port: port), part.position))
            }
        }
        return endpoints
    }

    /// The word as a server's address and port.
    func serverAddress() throws(Remark) -> (address: IPv4Address, port: UInt16) {
        let (host, ports) = try hostAndPort()
        guard !host.isEmpty, host != "*" else {
            throw .error("\(text.quoted): a server needs an address before ':'", at: position)
        }
        let address = try ipv4(host, of: "server address")
        guard (1..<224).contains(address.rawValue >> 24) else {
            throw .error("\(address) is no address of a server", at: position)
        }
        guard !ports.hasPrefix("+"), !ports.hasPrefix("-") else {
            throw .error(
                "\(text.quoted): port offsets are known but not implemented yet; write the port",
                at: position)
        }
        return (address, try port(ports))
    }

    private func split(at separator: Unicode.Scalar) -> [Word] {
        var offset = 0
        return text.unicodeScalars.split(separator: separator, omittingEmptySubsequences: false)
            .map { part in
                defer { offset += part.count + 1 }
                var place = position
                // Inside quotes the columns of the text and of the file may differ.
                if !isQuoted { place.column += offset }
                return Word(text: String(part), position: place)
            }
    }

    private func hostAndPort() throws(Remark) -> (host: String, port: String) {
        let plain = text.hasPrefix("ipv4@") ? String(text.dropFirst(5)) : text
        if plain.contains("@") || plain.hasPrefix("/") {
            throw .error(
                "\(text.quoted): addresses other than IPv4 are known but not implemented yet",
                at: position)
        }
        guard let colon = plain.lastIndex(of: ":") else {
            throw .error(
                "\(text.quoted) has no port: must be ADDRESS:PORT, such as 192.0.2.1:80",
                at: position)
        }
        return (String(plain[..<colon]), String(plain[plain.index(after: colon)...]))
    }

    private func ipv4(_ host: String, of what: String) throws(Remark) -> IPv4Address {
        if let address = IPv4Address(host) { return address }
        if host.contains(":") {
            throw .error(
                "\(text.quoted): IPv6 addresses are known but not implemented yet", at: position)
        }
        let looksNumeric = host.allSatisfy { $0.isNumber || $0 == "." }
        throw .error(
            looksNumeric
                ? "\(host.quoted) is no IPv4 address; one looks like 192.0.2.1"
                : "\(what) \(host.quoted): names are known but not implemented yet;"
                    + " write the IPv4 address", at: position)
    }

    private func ports(_ text: String) throws(Remark) -> ClosedRange<UInt16> {
        let bounds = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let first = try port(bounds.first.map(String.init) ?? "")
        let last = bounds.count == 2 ? try port(String(bounds[1])) : first
        guard first <= last else {
            throw .error("ports \(text): the first is above the last", at: position)
        }
        return first...last
    }

    private func port(_ text: String) throws(Remark) -> UInt16 {
        let word = Word(text: text, position: position)
        return UInt16(try word.integer(in: 1...65_535, of: "port"))
    }
}
