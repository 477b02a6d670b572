internal import FoundationEssentials

/// Decides whether a request's `Authorization` names a user and the right password.
///
/// RFC 7617. /// The time that it takes tells nothing about the names and passwords, not even how long they are:
/// every user is compared over the same number of bytes, whatever was given.
struct BasicCredentials: Sendable {
    /// `name:password` of each user, filled up with zeros to `width`.
    private let expected: [[UInt8]]
    /// How many bytes are compared; at least one more than the longest user has, so that a text
    /// which was cut to it equals none.
    private let width: Int

    init(_ users: [StatisticsSite.User]) {
        let pairs = users.map { Array("\($0.name):\($0.password)".utf8) }
        let width = max(Self.leastWidth, (pairs.map(\.count).max() ?? 0) + 1)
        self.width = width
        expected = pairs.map { Self.fill($0, to: width) }
    }

    /// Whether anybody may look.
    var isOpen: Bool { expected.isEmpty }

    /// Whether whoever sends this header may look; `nil` where the request has none.
    func admits(authorization: String?) -> Bool {
        if isOpen { return true }
        let pair = authorization.flatMap(Self.pair(in:)) ?? []
        // A zero would stand for the filling.
        let isText = !pair.isEmpty && !pair.contains(0)
        let given = Self.fill(pair, to: width)
        var matches: UInt8 = 0
        for user in expected {
            matches |= Self.difference(user, given) == 0 ? 1 : 0
        }
        return isText && matches == 1
    }

    /// Zero where two texts of the same length are equal; looks at every byte.
    @inline(never)
    private static func difference(_ one: [UInt8], _ other: [UInt8]) -> UInt8 {
        var difference: UInt8 = 0
        for index in one.indices { difference |= one[index] ^ other[index] }
        return difference
    }

    private static func fill(_ bytes: [UInt8], to width: Int) -> [UInt8] {
        let cut = bytes.prefix(width)
        return cut + Array(repeating: 0, count: width - cut.count)
    }

    /// `name:password` out of `Basic BASE64`; the scheme's case doesn't matter.
    ///
    /// RFC 9110 §11.1.
    private static func pair(in authorization: String) -> [UInt8]? {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic" else { return nil }
        let encoded = String(parts[1].drop { $0 == " " })
        return Data(base64Encoded: encoded).map(Array.init)
    }

    private static let leastWidth = 256
}
