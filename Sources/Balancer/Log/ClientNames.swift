/// What a log line can say of a client's first TLS message; of fixed size.
public struct ClientNames: Hashable, Sendable {
    /// The name that the client asked for, as sent; empty without one.
    public var serverName = ShortText()
    /// The protocols that the client offered, each after a byte of its length.
    public var protocols = ShortText()

    /// Of a client that said nothing.
    public static let none = ClientNames()

    /// Makes the names of a client that said nothing.
    public init() {}

    /// Takes what is told out of a message.
    init(_ hello: ClientHello) {
        serverName = hello.serverName
        protocols = hello.protocols
    }
}

extension ClientNames {
    /// The name; a client chose the bytes, so that what could end a line or a field is `?`.
    var serverNameText: String { Self.text(serverName, 0..<serverName.count) }

    /// The protocols, with commas between them.
    var protocolsText: String {
        var names: [String] = []
        var place = 0
        while place < protocols.count {
            let end = place + 1 + Int(protocols[place])
            guard end <= protocols.count else { break }
            names.append(Self.text(protocols, place + 1..<end))
            place = end
        }
        return names.isEmpty ? "-" : names.joined(separator: ",")
    }

    private static func text(_ text: ShortText, _ range: Range<Int>) -> String {
        guard !range.isEmpty else { return "-" }
        let bytes = range.map { index -> UInt8 in
            let byte = text[index]
            return (0x21...0x7E).contains(byte) && byte != 0x22 && byte != 0x5C ? byte : 0x3F
        }
        return String(decoding: bytes, as: Unicode.ASCII.self)
    }
}
