#if Program
internal import Crypto
#endif
public import VRRPCore

/// How the messages of one virtual router are authenticated, with the keys.
public struct RouterAuthentication: Hashable, Sendable {
    /// What is sent and what is taken.
    public var settings: MessageAuthentication
    /// The keys.
    public var keys: AuthenticationKeys

    /// Makes a value of its parts.
    public init(settings: MessageAuthentication, keys: AuthenticationKeys) {
        self.settings = settings
        self.keys = keys
    }
}

/// The keys of one virtual router's authentication trailer, by their numbers.
///
/// Computes by swift-crypto, which is there with the package trait `Program` only.
public struct AuthenticationKeys: Hashable, Sendable {
    private let keys: [UInt8: [UInt8]]

    /// Makes a set of keys; `nil` unless each has 32 to 64 bytes.
    public init?(_ keys: [UInt8: [UInt8]]) {
        guard keys.values.allSatisfy({ (32...64).contains($0.count) }) else { return nil }
        self.keys = keys
    }

    /// Whether this build can compute with them.
    public static var areUsable: Bool {
        #if Program
        true
        #else
        false
        #endif
    }
}

extension AuthenticationKeys: MessageAuthenticator {
    /// HMAC-SHA-256 of a message, 32 bytes; `nil` if there is no such key.
    public func authenticationCode(of message: [UInt8], keyID: UInt8) -> [UInt8]? {
        #if Program
        guard let key = keys[keyID] else { return nil }
        return Array(
            HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
        #else
        return nil
        #endif
    }
}

extension AuthenticationKeys: CustomStringConvertible {
    /// The numbers alone: what is printed or logged must not hold a key.
    public var description: String {
        "keys \(keys.keys.sorted().map(String.init).joined(separator: ", "))"
    }
}
