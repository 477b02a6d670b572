/// The cookie in a client's first message of RDP, by which it belongs to a session or a user.
///
/// [MS-RDPBCGR] §2.2.1.1: 11 bytes of TPKT and X.224, then `Cookie: NAME=VALUE` and the end of the line. What
/// those 11 bytes say is not looked at, as in haproxy.
public enum RDPCookie {
    /// A cookie's name, whose case does not matter; an empty one is ``any``.
    public struct Name: Hashable, Sendable {
        private var bytes = InlineArray<32, UInt8>(repeating: 0)
        /// How many bytes it has.
        public private(set) var count = 0

        /// Stands for any name.
        public static let any = Name()

        private init() {}

        /// Makes a name.
        ///
        /// - Parameter text: At most ``longest`` bytes; of a longer one `nil` is made.
        public init?(_ text: String) {
            guard text.utf8.count <= Name.longest else { return nil }
            for byte in text.utf8 {
                bytes[count] = lowercase(byte)
                count += 1
            }
        }

        /// The most bytes of a name.
        public static let longest = 32

        /// Whether both are the same, but for case.
        public static func == (first: Name, second: Name) -> Bool {
            first.count == second.count
                && (0..<first.count).allSatisfy { first.bytes[$0] == second.bytes[$0] }
        }

        /// Feeds the bytes.
        public func hash(into hasher: inout Hasher) {
            for index in 0..<count { hasher.combine(bytes[index]) }
        }

        fileprivate func isName(_ other: Span<UInt8>) -> Bool {
            count == other.count
                && (0..<count).allSatisfy { bytes[$0] == lowercase(other[$0]) }
        }
    }

    /// What a message comes to.
    public enum Reading: Hashable, Sendable {
        /// More bytes could bring the cookie, or more of it.
        case needsMore
        /// There is none, or not the one that is asked for.
        case none
        /// Where its value lies; it may be empty.
        case complete(Range<Int>)
    }

    /// The most bytes of a message that are looked at.
    public static let longestByteCount = 512

    /// Looks for the cookie.
    ///
    /// - Parameters:
    ///   - bytes: What the client has sent so far; the first ``longestByteCount`` count.
    ///   - name: The cookie's name.
    /// - Returns: The verdict.
    public static func read(_ bytes: Span<UInt8>, name: Name) -> Reading {
        let count = min(bytes.count, longestByteCount)
        var place = headerByteCount
        for expected in "cookie:".utf8 {
            guard place < count else { return more(count) }
            guard lowercase(bytes[place]) == expected else { return .none }
            place += 1
        }
        while place < count, bytes[place] == space { place += 1 }
        let start = place
        while place < count, bytes[place] != equalSign {
            guard bytes[place] != carriageReturn, bytes[place] != lineFeed else { return .none }
            place += 1
        }
        guard place < count else { return more(count) }
        guard name.count == 0 || name.isName(bytes.extracting(start..<place)) else { return .none }
        let value = place + 1
        place = value
        while place < count, bytes[place] != carriageReturn { place += 1 }
        guard place + 1 < count else { return more(count) }
        return bytes[place + 1] == lineFeed ? .complete(value..<place) : .none
    }

    private static func more(_ count: Int) -> Reading {
        count < longestByteCount ? .needsMore : .none
    }

    private static let headerByteCount = 11
    private static let space = UInt8(ascii: " ")
    private static let equalSign = UInt8(ascii: "=")
    private static let carriageReturn: UInt8 = 13
    private static let lineFeed: UInt8 = 10
}

private func lowercase(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}
