/// Computes authentication codes; given by the caller, which has the keys and the cryptography.
public protocol MessageAuthenticator {
    /// HMAC-SHA-256 of a message.
    ///
    /// - Parameters:
    ///   - message: The bytes that the code is to cover.
    ///   - keyID: Which of the keys.
    /// - Returns: 32 bytes, of which the first 16 are used; `nil` if there is no such key.
    func authenticationCode(of message: [UInt8], keyID: UInt8) -> [UInt8]?
}

/// How the messages of one virtual router are authenticated by keepalived's HMAC trailer.
///
/// The format is that of keepalived 2.4.3; the ones of 2.4.1 and 2.4.2 differ.
public struct MessageAuthentication: Hashable, Sendable, Codable {
    /// What is sent and what is taken.
    ///
    /// A group of routers changes over without an outage by going through all three, in the order
    /// receive-only, permissive, enforce.
    public enum Mode: Hashable, Sendable, Codable {
        /// Signs, and takes only messages with a valid trailer.
        case enforce
        /// Signs, and takes messages without a trailer too.
        case permissive
        /// Does not sign; verifies a trailer that is there.
        case receiveOnly
    }

    /// How an old message that is sent again is recognised.
    public enum AntiReplay: Hashable, Sendable, Codable {
        /// By the clocks of both routers, which must agree within the window, and the sequence.
        case time
        /// By the sequence alone, which no clock that is set back can restart.
        case monotonic
    }

    /// What is sent and what is taken.
    public var mode: Mode
    /// How an old message that is sent again is recognised.
    public var antiReplay: AntiReplay
    /// By how many seconds two clocks may differ in time mode, 1 to 300.
    public let windowSeconds: Int
    /// The key that messages are signed with.
    public var activeKeyID: UInt8

    /// Makes the settings that keepalived has by default.
    ///
    /// - Parameters:
    ///   - activeKeyID: The key that messages are signed with.
    ///   - mode: What is sent and what is taken.
    ///   - antiReplay: How an old message that is sent again is recognised.
    ///   - windowSeconds: 1 to 300, what is beyond counts as that limit.
    public init(
        activeKeyID: UInt8, mode: Mode = .enforce, antiReplay: AntiReplay = .time,
        windowSeconds: Int
    ) {
        self.mode = mode
        self.antiReplay = antiReplay
        self.windowSeconds = min(max(windowSeconds, 1), 300)
        self.activeKeyID = activeKeyID
    }

    /// The window by default: the greater of 5 s and three advertisement intervals, in seconds.
    public static func defaultWindowSeconds(for interval: AdvertisementInterval) -> Int {
        let (seconds, attoseconds) = (interval.duration * 3).components
        return max(5, Int(seconds) + (attoseconds > 0 ? 1 : 0))
    }
}

/// Why a message is not believed to come from a router that has the key.
///
/// One case per check, in the order in which they are made.
public enum AuthenticationFailure: Error, Hashable, Sendable {
    /// There is no trailer, and one is required.
    case missing
    /// What follows the message has not the 28 bytes, the scheme or the zeros of a trailer.
    case malformed
    /// Its time differs from this router's by more than the window; in seconds, positive: ahead.
    case stale(secondsAhead: Int)
    /// No key has this number.
    case unknownKey(UInt8)
    /// The code is another key's, or of another message.
    case wrongCode
    /// The sender has sent this sequence number, or a later one, before.
    case replayed
}

extension AuthenticationFailure: CustomStringConvertible {
    /// What was found, and what would be right.
    public var description: String {
        switch self {
        case .missing: "no authentication trailer, one is required"
        case .malformed: "malformed authentication trailer, must be 28 bytes of scheme 1"
        case .stale(let seconds):
            "authenticated \(seconds.magnitude) s \(seconds < 0 ? "ago" : "ahead of this clock"), "
                + "clocks must agree"
        case .unknownKey(let id): "authenticated with key \(id), which is not configured"
        case .wrongCode: "wrong authentication code, the keys must be the same"
        case .replayed: "authenticated message of before, sent again"
        }
    }
}
