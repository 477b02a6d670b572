/// A version of TLS, by haproxy's word for it; the cases stand in their order.
public enum TLSVersion: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    /// RFC 2246, which most systems' OpenSSL refuses.
    case tlsv10 = "TLSv1.0"
    /// RFC 4346, likewise.
    case tlsv11 = "TLSv1.1"
    /// RFC 5246.
    case tlsv12 = "TLSv1.2"
    /// RFC 8446.
    case tlsv13 = "TLSv1.3"

    /// Whether one is older than another.
    public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}
