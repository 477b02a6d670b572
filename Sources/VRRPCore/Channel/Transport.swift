/// How the advertisements of one virtual router travel; never both ways.
public enum Transport: Hashable, Sendable, Codable {
    /// To a group of the LAN; `nil`: 224.0.0.18 or ff02::12.
    case multicast(group: IPAddress? = nil)
    /// A copy to each of these routers, and from no others.
    case unicast([UnicastPeer])
}

extension Transport {
    /// The group that advertisements of a family are sent to; `nil`: unicast.
    public func group(of family: AddressFamily) -> IPAddress? {
        switch self {
        case .multicast(let group): group ?? family.vrrpGroup
        case .unicast: nil
        }
    }
}

/// Another router of a virtual router that has no multicast between its routers.
public struct UnicastPeer: Hashable, Sendable, Codable {
    /// Where it sends from, and is sent to.
    public var address: IPAddress
    /// TTLs or Hop Limits that are taken from it.
    ///
    /// 255 alone says that no router is between; keepalived takes any unless told `min_ttl`.
    public var hopLimits: ClosedRange<UInt8>

    /// Makes a peer.
    ///
    /// - Parameters:
    ///   - address: Where it sends from, and is sent to.
    ///   - hopLimits: TTLs or Hop Limits that are taken from it.
    public init(address: IPAddress, hopLimits: ClosedRange<UInt8> = 255...255) {
        self.address = address
        self.hopLimits = hopLimits
    }
}

/// A message that is ready to be sent.
public struct OutgoingMessage: Hashable, Sendable {
    /// Where from.
    public let source: IPAddress
    /// Where to: the group, or one of the unicast peers.
    public let destination: IPAddress
    /// The whole IP payload.
    public let payload: [UInt8]
}
