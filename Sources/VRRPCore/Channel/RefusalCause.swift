/// Each cause for which a datagram can be refused; closed, so that each has its counter.
///
/// The raw value is the cause's name in status and metrics.
public enum RefusalCause: String, CaseIterable, Hashable, Sendable {
    /// The IP header is cut off or contradicts itself.
    case ipHeader = "ip-header"
    /// Another IP protocol than 112.
    case ipProtocol = "ip-protocol"
    /// The TTL or Hop Limit is outside what is taken.
    case hopLimit = "hop-limit"
    /// The message is shorter than its fields say.
    case truncated
    /// Another version of VRRP than the router's.
    case version
    /// Another type than ADVERTISEMENT.
    case type
    /// Wrong checksum.
    case checksum
    /// Another VRID than the router's, or 0.
    case vrid
    /// A list of no addresses.
    case noAddresses = "no-addresses"
    /// An interval of 0.
    case interval
    /// Another type of authentication than the configured one.
    case authenticationType = "authentication-type"
    /// A wrong password.
    case password
    /// Sent to a group where unicast is configured, or the other way round.
    case destination
    /// Sent from this router's own address.
    case ownAddress = "own-address"
    /// Sent by a station that is not among the unicast peers.
    case unknownPeer = "unknown-peer"
    /// The router owns the addresses and listens to nobody.
    case ownerDeaf = "owner-deaf"
    /// The router takes no part: not started, or in fault.
    case takesNoPart = "takes-no-part"
    /// Inside an IPsec authentication header (`auth_type AH`), which is not spoken here.
    case authenticationHeader = "authentication-header"
    /// No authentication trailer where one is required.
    case trailerMissing = "trailer-missing"
    /// A malformed authentication trailer.
    case trailerMalformed = "trailer-malformed"
    /// Authenticated at a time outside the window.
    case stale
    /// Authenticated with a key that is not configured.
    case unknownKey = "unknown-key"
    /// A wrong authentication code.
    case wrongCode = "wrong-code"
    /// An authenticated message that was sent again.
    case replayed
}

extension DecodeError {
    /// The counter that this belongs to.
    public var cause: RefusalCause {
        switch self {
        case .truncatedHeader, .ipVersion, .headerLength, .totalLength: .ipHeader
        case .protocolNumber: .ipProtocol
        case .timeToLive: .hopLimit
        case .truncated: .truncated
        case .version: .version
        case .type: .type
        case .checksum: .checksum
        case .zeroVRID: .vrid
        case .noAddresses: .noAddresses
        case .authenticationType: .authenticationType
        case .wrongPassword: .password
        case .zeroInterval: .interval
        case .authenticationHeader: .authenticationHeader
        }
    }
}

extension RejectionReason {
    /// The counter that this belongs to.
    public var cause: RefusalCause {
        switch self {
        case .version: .version
        case .vrid: .vrid
        case .ownAddress: .ownAddress
        case .destination: .destination
        case .unknownPeer: .unknownPeer
        case .ownerDeaf: .ownerDeaf
        case .takesNoPart: .takesNoPart
        }
    }
}

extension AuthenticationFailure {
    /// The counter that this belongs to.
    public var cause: RefusalCause {
        switch self {
        case .missing: .trailerMissing
        case .malformed: .trailerMalformed
        case .stale: .stale
        case .unknownKey: .unknownKey
        case .wrongCode: .wrongCode
        case .replayed: .replayed
        }
    }
}

/// Why a datagram had no effect on the election of a virtual router.
public enum AdvertisementRefusal: Error, Hashable, Sendable {
    /// It is no advertisement.
    case malformed(DecodeError)
    /// It is one, but not for this router.
    case rejected(RejectionReason)
    /// It is not believed to come from a router that has the key.
    case unauthentic(AuthenticationFailure)

    /// The counter that this belongs to.
    public var cause: RefusalCause {
        switch self {
        case .malformed(let error): error.cause
        case .rejected(let reason): reason.cause
        case .unauthentic(let failure): failure.cause
        }
    }
}

extension AdvertisementRefusal: CustomStringConvertible {
    /// What was found, and what would be right.
    public var description: String {
        switch self {
        case .malformed(let error): error.description
        case .rejected(let reason): reason.description
        case .unauthentic(let failure): failure.description
        }
    }
}

/// How often datagrams were refused, by cause.
public struct RefusalCounters: Hashable, Sendable {
    private var counts: [RefusalCause: Int] = [:]

    /// Makes counters of zero.
    public init() {}

    /// How often this cause refused a datagram.
    public subscript(cause: RefusalCause) -> Int { counts[cause, default: 0] }

    /// How many datagrams were refused in all.
    public var total: Int { counts.values.reduce(0, +) }

    /// The causes that refused something, in their fixed order, with how often.
    public var nonZero: [(cause: RefusalCause, count: Int)] {
        RefusalCause.allCases.compactMap { cause in counts[cause].map { (cause, $0) } }
    }

    /// Counts one datagram.
    public mutating func count(_ cause: RefusalCause) { counts[cause, default: 0] += 1 }
}
