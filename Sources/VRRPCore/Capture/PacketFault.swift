/// What is wrong with a VRRP packet.
public enum PacketFault: Hashable, Sendable {
    /// A router refuses it for this reason.
    case decoding(DecodeError)
    /// It goes to another group than VRRP's.
    case group(IPAddress)
    /// Its Ethernet destination is not the one of its group, so that stations may not hear it.
    case linkDestination(MACAddress, expected: MACAddress)
    /// It comes from one of the virtual addresses, though its sender does not own them.
    ///
    /// Ties are decided by source, and a Backup may hold that address next.
    case sourceIsVirtual(IPAddress)
    /// Bits of version 3 that must be sent as 0 are not; receivers ignore them (RFC 9568 §5.2.6).
    case reservedBits(UInt8)

    /// A word for programs; of what a router refuses, the name of the counter.
    public var name: String {
        switch self {
        case .decoding(let error): error.cause.rawValue
        case .group: "group"
        case .linkDestination: "link-destination"
        case .sourceIsVirtual: "virtual-source"
        case .reservedBits: "reserved-bits"
        }
    }
}

extension PacketFault: CustomStringConvertible {
    /// What was found, and what would be right.
    public var description: String {
        switch self {
        case .decoding(.authenticationType(let type, _)):
            "authentication type \(type), must be 0 or 1"
        case .decoding(let error): error.description
        case .group(let address):
            "sent to group \(address), must be \(address.family.vrrpGroup)"
        case .linkDestination(let found, let expected):
            "Ethernet destination \(found), must be \(expected)"
        case .sourceIsVirtual(let address):
            "sent from the virtual address \(address), must be the interface's own"
        case .reservedBits(let bits): "reserved bits \(bits), must be 0"
        }
    }
}

/// What is right about a VRRP packet and still worth knowing.
public enum PacketRemark: Hashable, Sendable {
    /// The sender stops taking part.
    case release
    /// The version 3 checksum over IPv4 includes a pseudo-header, as RFC 5798 was read.
    case legacyChecksum
    /// The checksum is right with 224.0.0.18 in place of the destination.
    ///
    /// What keepalived before 1.3.7 sends to unicast peers; only a router that was told so takes it.
    case groupChecksum
    /// The Ethernet source is not the virtual MAC.
    case physicalSource(MACAddress)
    /// The list of IPv6 addresses begins with one that is not link-local.
    case firstAddress(IPAddress)
    /// It carries a version 2 password, in clear text.
    case password
    /// Version 2 without authentication, and yet authentication data, which is ignored.
    case authenticationData
    /// It carries an authentication trailer.
    case authenticated(keyID: UInt8)
    /// So many bytes follow the message that are no trailer.
    case trailingBytes(Int)
    /// The capture left out so many bytes of the packet.
    case captureCutOff(Int)

    /// A word for programs.
    public var name: String {
        switch self {
        case .release: "release"
        case .legacyChecksum: "legacy-checksum"
        case .groupChecksum: "group-checksum"
        case .physicalSource: "physical-source"
        case .firstAddress: "first-address"
        case .password: "password"
        case .authenticationData: "authentication-data"
        case .authenticated: "authenticated"
        case .trailingBytes: "trailing-bytes"
        case .captureCutOff: "capture-cut-off"
        }
    }
}

extension PacketRemark: CustomStringConvertible {
    /// One sentence for an operator.
    public var description: String {
        switch self {
        case .release: "the sender stops taking part"
        case .legacyChecksum:
            "checksum with pseudo-header (RFC 5798); routers of RFC 9568 alone refuse it"
        case .groupChecksum:
            "checksum as of keepalived before 1.3.7; taken with 'old_unicast_checksum' only"
        case .physicalSource(let mac): "sent from \(mac), not from the virtual MAC"
        case .firstAddress(let address):
            "first address \(address) is not link-local; strict routers refuse it"
        case .password: "authenticated by a clear-text password"
        case .authenticationData: "authentication data without authentication, should be zeros"
        case .authenticated(let keyID): "authenticated with key \(keyID)"
        case .trailingBytes(let count): "\(count) bytes after the message"
        case .captureCutOff(let count): "\(count) bytes of the packet were not captured"
        }
    }
}
