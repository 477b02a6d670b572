/// The version of the protocol that a virtual router speaks.
///
/// 2 is RFC 3768, 3 is RFC 9568. A router takes exactly one and refuses the other.
public enum VRRPVersion: Int, Hashable, Sendable, Codable {
    /// RFC 3768: IPv4 only, intervals in whole seconds.
    case v2 = 2
    /// RFC 9568: intervals in hundredths of a second, learned from the Active router.
    case v3 = 3
}
