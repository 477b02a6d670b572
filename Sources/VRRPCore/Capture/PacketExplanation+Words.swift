extension PacketExplanation {
    /// One field in words.
    public struct Field: Hashable, Sendable {
        /// The field's name in RFC 9568 or RFC 3768.
        public let name: String
        /// Its value, with the unit.
        public let value: String
    }

    /// The fields in words, in the order of the wire; a password is not shown.
    public var fields: [Field] {
        guard let packet else { return [] }
        var fields = Self.linkFields(of: packet)
        if let message = packet.message { fields += Self.fields(of: message) }
        if let trailer = packet.trailer {
            fields += [
                Field(name: "Authentication", value: "HMAC-SHA-256, key \(trailer.keyID)"),
                Field(
                    name: "Authenticated at",
                    value: "\(trailer.sequence.seconds) s after 1970"),
            ]
        }
        return fields
    }

    private static func linkFields(of packet: PacketFields) -> [Field] {
        let header = packet.header
        let link: [(String, MACAddress?)] = [
            ("Ethernet source", packet.linkSource),
            ("Ethernet destination", packet.linkDestination),
        ]
        return link.compactMap { name, mac in mac.map { Field(name: name, value: "\($0)") } }
            + packet.vlans.map { Field(name: "VLAN", value: "\($0)") }
            + [
                Field(name: "Source", value: "\(header.source)"),
                Field(name: "Destination", value: "\(header.destination)"),
                Field(
                    name: header.family == .ipv4 ? "TTL" : "Hop Limit",
                    value: "\(header.hopLimit)"),
            ]
    }

    private static func fields(of message: PacketFields.Message) -> [Field] {
        var fields = [
            Field(name: "Version", value: "\(message.version)"),
            Field(name: "Type", value: message.type == 1 ? "1, ADVERTISEMENT" : "\(message.type)"),
            Field(name: "Virtual Rtr ID", value: "\(message.vrid)"),
            Field(name: "Priority", value: words(priority: message.priority)),
            Field(name: "Address Count", value: "\(message.addressCount)"),
        ]
        if let type = message.authenticationType {
            fields += [
                Field(name: "Auth Type", value: words(authenticationType: type)),
                Field(name: "Adver Int", value: "\(message.interval) s"),
            ]
        } else {
            if let reserved = message.reserved {
                fields.append(Field(name: "Reserve", value: "\(reserved)"))
            }
            let milliseconds = Int(message.interval) * 10
            fields.append(Field(name: "Max Advertise Interval", value: "\(milliseconds) ms"))
        }
        fields.append(Field(name: "Checksum", value: hexadecimal(message.checksum)))
        fields += message.addresses.map { Field(name: "Address", value: "\($0)") }
        if let data = message.authenticationData {
            let words = data == Password.absent ? "zeros" : "8 bytes"
            fields.append(Field(name: "Authentication Data", value: words))
        }
        return fields
    }

    private static func words(priority: UInt8) -> String {
        switch priority {
        case 0: "0, stops taking part"
        case 255: "255, owns the addresses"
        default: "\(priority)"
        }
    }

    private static func words(authenticationType: UInt8) -> String {
        switch authenticationType {
        case 0: "0, none"
        case 1: "1, password"
        default: "\(authenticationType), unknown"
        }
    }
}

/// A word of 16 bits as `0x` and four digits.
func hexadecimal(_ word: UInt16) -> String {
    let digits = String(word, radix: 16)
    return "0x" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
}
