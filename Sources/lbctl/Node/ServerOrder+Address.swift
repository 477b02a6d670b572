#if Program
internal import Control
internal import NodeConfiguration
internal import VRRPCore

extension ServerOrder.Address {
    /// Reads `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`.
    ///
    /// An IPv6 address without brackets has no port: `2001:db8::1:80` is an address.
    ///
    /// - Throws: `Failure` that says what it must be.
    init(_ text: String) throws(Failure) {
        var (host, port) = (text[...], text[text.endIndex...])
        if text.hasPrefix("["), let end = text.lastIndex(of: "]") {
            (host, port) = (text[..<end].dropFirst(), text[end...].dropFirst())
        } else if text.count(where: { $0 == ":" }) == 1, let colon = text.firstIndex(of: ":") {
            (host, port) = (text[..<colon], text[colon...])
        }
        self.init(host: String(host), port: nil)
        if let complaint { throw Failure(.badInput, complaint) }
        guard !port.isEmpty else { return }
        guard port.first == ":", port.dropFirst().allSatisfy(\.isASCIIDigit),
            let number = Int(port.dropFirst()), (1...65_535).contains(number)
        else { throw Failure(.badInput, "'\(text)': the port must be 1 to 65535") }
        self.port = number
    }

    /// What is wrong with the address, whichever server is to have it; `nil`: nothing.
    fileprivate var complaint: String? {
        guard let address = IPAddress(host) else {
            return "'\(host)': must be an IP address, such as 192.0.2.7:8080 or [2001:db8::7]:8080;"
                + " names are for the configuration, which says who is asked for them"
        }
        return address.canBeServer ? nil : "\(address) is no address of a server"
    }
}

extension ServerOrder {
    /// Fills in what an address says nothing of: the port stays what it is.
    ///
    /// - Parameters:
    ///   - earlier: What was ordered before.
    ///   - server: The server.
    mutating func complete(by earlier: [GivenOrder], _ server: Server) {
        guard case .address(var address) = change, address.port == nil, server.portOffset == nil
        else { return }
        address.port = Int(server.port)
        for given in earlier {
            if replaces(given.order), case .address(let former) = given.order.change {
                address.port = former.port
            }
        }
        change = .address(address)
    }
}

extension Server {
    /// Whether an order can be carried out at it.
    func takes(_ change: ServerOrder.Change) -> Bool { complaint(about: change) == nil }

    /// Why an order cannot be carried out at it; `nil`: it can.
    func complaint(about change: ServerOrder.Change) -> String? {
        switch change {
        case .address(let address): complaint(about: address)
        case .configuredAddress: complaintAboutPlace
        case .ready, .drain, .maintenance, .weight, .connectionLimit: nil
        }
    }

    private func complaint(about place: ServerOrder.Address) -> String? {
        if let complaint = complaintAboutPlace ?? place.complaint { return complaint }
        if place.port != nil, portOffset != nil {
            return "its port follows the client's (\(portDescription)): give an address alone"
        }
        guard let own = connection.source.address, let address = IPAddress(place.host),
            own.family != address.family
        else { return nil }
        let family = own.family == .ipv4 ? "IPv4" : "IPv6"
        return "its connections come from \(own) ('source'): the address must be one of \(family)"
    }

    private var complaintAboutPlace: String? {
        switch address {
        case .internet: nil
        case .name(let name):
            "its address is what name servers say of \(name), and is changed there"
        case .path, .abstractName: "it is a Unix socket (\(address)), which has no IP address"
        }
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
#endif
