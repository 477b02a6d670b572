/// What a log line can say of a client's TLS; of fixed size.
public struct ClientNames: Hashable, Sendable {
    /// Whether it ended here; otherwise only its first message was looked at.
    public var isSecured = false
    /// The name that the client asked for, as sent; empty without one.
    public var serverName = ShortText()
    /// The protocols that the client offered, or that was agreed on, each after a byte of its length.
    public var protocols = ShortText()
    /// The version, where it ended here.
    var version = BriefText()
    /// The cipher, likewise.
    var cipher = BriefText()

    /// What else is known of a client whose TLS ended here.
    var samples = SampleTexts()

    /// Of a client that said nothing.
    public static let none = ClientNames()

    /// Makes the names of a client that said nothing.
    public init() {}

    /// Takes what is told out of a message.
    init(_ hello: ClientHello) {
        serverName = hello.serverName
        protocols = hello.protocols
    }

    /// Takes what is told out of a session.
    ///
    /// - Parameters:
    ///   - session: The session.
    ///   - wanted: What lines tell besides names and versions.
    init(_ session: any ClientSession, telling wanted: [SecuredSample]) {
        isSecured = true
        if !wanted.isEmpty { samples = SampleTexts(session, wanted) }
        serverName = session.text(.serverName)
        let agreed = session.text(.applicationProtocol)
        // One of 255 bytes would have no room behind its length.
        if (1..<255).contains(agreed.count) {
            _ = protocols.append(UInt8(agreed.count))
            for index in 0..<agreed.count { _ = protocols.append(agreed[index]) }
        }
        version = BriefText(session.text(.version))
        cipher = BriefText(session.text(.cipher))
    }
}

/// At most 47 bytes of text in place.
struct BriefText: Hashable, Sendable {
    private var storage: InlineArray<47, UInt8> = InlineArray(repeating: 0)
    private var count: UInt8 = 0

    init() {}

    /// The first bytes of a text.
    init(_ text: ShortText) {
        count = UInt8(min(47, text.count))
        for index in 0..<Int(count) { storage[index] = text[index] }
    }

    /// The text; `nil`: there is none.
    var text: String? {
        guard count > 0 else { return nil }
        return String(decoding: (0..<Int(count)).map { storage[$0] }, as: UTF8.self)
    }

    static func == (one: Self, other: Self) -> Bool { one.text == other.text }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension ClientNames {
    /// The name; a client chose the bytes, so that what could end a line or a field is `?`.
    var serverNameText: String? { Self.text(serverName, 0..<serverName.count) }

    /// The protocols, with commas between them.
    var protocolsText: String? {
        var names: [String] = []
        var place = 0
        while place < protocols.count {
            let end = place + 1 + Int(protocols[place])
            guard end <= protocols.count else { break }
            if let name = Self.text(protocols, place + 1..<end) { names.append(name) }
            place = end
        }
        return names.isEmpty ? nil : names.joined(separator: ",")
    }

    private static func text(_ text: ShortText, _ range: Range<Int>) -> String? {
        guard !range.isEmpty else { return nil }
        let bytes = range.map { index -> UInt8 in
            let byte = text[index]
            return (0x21...0x7E).contains(byte) && byte != 0x22 && byte != 0x5C ? byte : 0x3F
        }
        return String(decoding: bytes, as: Unicode.ASCII.self)
    }
}
