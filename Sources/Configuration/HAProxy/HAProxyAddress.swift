import VRRPCore

extension Word {
    /// The word as what a section listens on: `ADDR:PORT[-PORT]`, `unix@PATH` and so on, several
    /// with commas.
    ///
    /// haproxy's configuration manual, `bind`. Each endpoint comes with its own place, and is counted; before
    /// paths stands a prefix (`unix-bind`).
    func endpoints(
        countedBy count: inout Draft.Count, under prefix: String
    ) throws(Remark) -> [(endpoint: Endpoint, position: Position)] {
        var endpoints: [(Endpoint, Position)] = []
        for part in split(at: ",") {
            if let local = try part.localEndpoint(under: prefix) {
                if try count.add(1, at: part.position) {
                    endpoints.append((local, part.position))
                }
                continue
            }
            let (host, ports, family) = try part.hostAndPort()
            let address = try part.listeningAddress(host, family)
            let range = try part.ports(ports)
            guard try count.add(range.count, at: part.position) else { continue }
            for port in range {
                endpoints.append((.internet(address: address, port: port), part.position))
            }
        }
        return endpoints
    }

    /// The word as an address and port that something is asked at.
    func serverAddress() throws(Remark) -> (address: ServerAddress, port: UInt16) {
        let location = try serverLocation(isPortNeeded: true)
        return (location.address, location.port)
    }

    /// The word as where a server is: `ADDRESS[:[+|-]PORT]`, or the name of a Unix socket.
    ///
    /// haproxy's configuration manual, `server`.
    func serverLocation() throws(Remark) -> ServerLocation {
        try serverLocation(isPortNeeded: false)
    }

    private func serverLocation(isPortNeeded: Bool) throws(Remark) -> ServerLocation {
        switch try localEndpoint(under: "") {
        case .path(let path): return ServerLocation(address: .path(path))
        case .abstractName(let name): return ServerLocation(address: .abstractName(name))
        case .descriptor:
            throw .error("\(text.quoted): a server cannot be an open descriptor", at: position)
        case .internet, nil: break
        }
        // The record of a service names the port.
        if text.hasPrefix("_"), !text.contains(":") {
            return ServerLocation(address: .name(try domainName(text)))
        }
        let hasPort = text.contains(":") && !text.hasSuffix("]")
        let whole =
            hasPort || isPortNeeded ? self : Word(text: "\(text):+0", position: position)
        let (host, ports, family) = try whole.hostAndPort()
        var location = ServerLocation(
            address: try serverAddress(of: host, family, mayFollow: !isPortNeeded))
        // As haproxy: port 0 is the client's.
        if !isPortNeeded, ports == "0" {
            location.portOffset = 0
        } else if !isPortNeeded, let sign = ports.first, sign == "+" || sign == "-" {
            let offset = Word(text: String(ports.dropFirst()), position: position)
            let distance = try offset.integer(in: 0...65_535, of: "port offset")
            location.portOffset = sign == "-" ? -distance : distance
        } else {
            location.port = try port(ports)
        }
        return location
    }

    private func serverAddress(
        of host: String, _ family: AddressFamily?, mayFollow: Bool
    ) throws(Remark) -> ServerAddress {
        if mayFollow, host.isEmpty || host == "*" {
            return .internet(
                family == .ipv6 ? .v6(.unspecified) : .v4(IPv4Address(rawValue: 0)))
        }
        guard !host.isEmpty, host != "*" else {
            throw .error("\(text.quoted) needs an address before ':'", at: position)
        }
        if family == nil, host.looksLikeName { return .name(try domainName(host)) }
        let address = ServerAddress.internet(
            try ipAddress(host, family, of: "server address"))
        guard mayFollow && address.isAnywhere || address.internet?.canBeServer == true else {
            throw .error("\(address) is no address of a server", at: position)
        }
        return address
    }

    /// The text as a name that name servers can be asked for.
    ///
    /// RFC 1035 §2.3.4; haproxy takes letters, digits, `-`, `_` and `.`.
    private func domainName(_ name: String) throws(Remark) -> String {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
            .dropLast(name.hasSuffix(".") ? 1 : 0)
        let isName =
            name.utf8.count < 254 && !labels.isEmpty
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count)
                    && label.utf8.allSatisfy { byte in
                        switch byte {
                        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
                        default: false
                        }
                    }
            }
        guard isName else {
            throw .error(
                "\(name.quoted) is no name of a server; one looks like web01.example.org",
                at: position)
        }
        return name
    }

    /// The word as an address that connections are made from, with a port or without one.
    func sourceAddress() throws(Remark) -> (address: IPAddress?, ports: ClosedRange<UInt16>?) {
        let everywhere: Set<String> = ["*", "0.0.0.0", "::", "[::]"]
        if everywhere.contains(text) { return (nil, nil) }
        if let address = IPAddress(text) { return (address, nil) }
        let (own, family) = addressAndFamily
        guard own.contains(":"), !own.hasSuffix("]") else {
            return (try ipAddress(own.withoutBrackets, family, of: "source address"), nil)
        }
        let (host, ports, _) = try hostAndPort()
        let address =
            everywhere.contains(host) || host.isEmpty
            ? nil : try ipAddress(host, family, of: "source address")
        if ports == "0" { return (address, nil) }
        let ends = ports.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        let (first, last) = (try port(ends[0]), try port(ends.last ?? ""))
        guard ends.count <= 2, first <= last else {
            throw .error(
                "\(text.quoted): a range of ports begins with the lower one, as in 1024-65535",
                at: position)
        }
        return (address, first...last)
    }

    func split(at separator: Unicode.Scalar) -> [Word] {
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

    /// `unix@PATH`, `/PATH`, `abns@NAME` or `fd@NUMBER`; `nil`: something else.
    private func localEndpoint(under prefix: String) throws(Remark) -> Endpoint? {
        if text.hasPrefix("/") { return .path(try socketName(prefix + text)) }
        guard let mark = text.firstIndex(of: "@") else { return nil }
        let rest = String(text[text.index(after: mark)...])
        switch text[..<mark] {
        case "unix": return .path(try socketName(prefix + rest))
        case "abns": return .abstractName(try socketName(rest))
        case "fd":
            guard let number = Int32(rest), number >= 3 else {
                throw .error(
                    "\(text.quoted): must be fd@ and the number of an open descriptor, 3 or more",
                    at: position)
            }
            return .descriptor(number)
        case "ipv4", "ipv6": return nil
        default:
            throw .error(
                "\(text.quoted): must begin with an address, ipv4@, ipv6@, unix@, abns@ or fd@",
                at: position)
        }
    }

    private func socketName(_ name: String) throws(Remark) -> String {
        guard (1...107).contains(name.utf8.count) else {
            throw .error(
                "\(text.quoted): the name of a Unix socket has 1 to 107 bytes", at: position)
        }
        return name
    }

    /// The text without `ipv4@` or `ipv6@`, and which of them it was.
    private var addressAndFamily: (address: String, family: AddressFamily?) {
        for (prefix, family) in [("ipv4@", AddressFamily.ipv4), ("ipv6@", .ipv6)]
        where text.hasPrefix(prefix) {
            return (String(text.dropFirst(prefix.count)), family)
        }
        return (text, nil)
    }

    private func hostAndPort() throws(Remark) -> (
        host: String, port: String, family: AddressFamily?
    ) {
        let (plain, family) = addressAndFamily
        guard let colon = plain.lastIndex(of: ":") else {
            throw .error(
                "\(text.quoted) has no port: must be ADDRESS:PORT, such as 192.0.2.1:80",
                at: position)
        }
        let host = String(plain[..<colon]).withoutBrackets
        return (host, String(plain[plain.index(after: colon)...]), family)
    }

    private func listeningAddress(
        _ host: String, _ family: AddressFamily?
    ) throws(Remark) -> IPAddress? {
        if host.isEmpty || host == "*" {
            return family == .ipv6 ? .v6(.unspecified) : nil
        }
        let address = try ipAddress(host, family, of: "bind address")
        return address == .v4(IPv4Address(0, 0, 0, 0)) ? nil : address
    }

    /// A part of the word as an address; `what` it is for the complaint.
    func ipAddress(
        _ host: String, _ family: AddressFamily?, of what: String
    ) throws(Remark) -> IPAddress {
        if let address = IPAddress(host) {
            guard let family, family != address.family else { return address }
            throw .error(
                "\(text.quoted): \(host) is no address of \(family == .ipv4 ? "IPv4" : "IPv6")",
                at: position)
        }
        if host.contains(":") {
            throw .error(
                "\(host.quoted) is no IPv6 address; one looks like 2001:db8::1", at: position)
        }
        throw .error(
            host.looksLikeName
                ? "\(what) \(host.quoted): names are for servers; write the IP address"
                : "\(host.quoted) is no IPv4 address; one looks like 192.0.2.1", at: position)
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

extension String {
    fileprivate var withoutBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }

    /// Whether it is neither an address nor meant as one.
    var looksLikeName: Bool {
        !contains(":") && !allSatisfy { $0.isNumber || $0 == "." }
    }
}

/// Where a server's line has it.
struct ServerLocation {
    var address: ServerAddress
    /// 0: it has none, or `portOffset` says it.
    var port: UInt16 = 0
    /// What is added to the port that the client connected to; `nil`: nothing is asked of that port.
    var portOffset: Int?
}
