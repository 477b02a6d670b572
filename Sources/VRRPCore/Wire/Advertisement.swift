/// The one message of VRRP, by which the Active router says that it is there.
///
///      0                   1                   2                   3
///     +-------+-------+---------------+---------------+---------------+
///     |Version| Type  |     VRID      |   Priority    | Address Count |
///     +-------+-------+---------------+---------------+---------------+
///     |Reserve| Max Advertise Interval|           Checksum            |   version 3
///     |   Auth Type   |   Adver Int   |           Checksum            |   version 2
///     +---------------+---------------+---------------+---------------+
///     |                        Address (1)  ...                       |
///     +---------------------------------------------------------------+
///     |         Authentication Data, 8 bytes, version 2 only          |
///     +---------------------------------------------------------------+
///
/// Every value of this type can be sent: its parts refuse what the fields cannot hold.
/// RFC 9568 §5.2, RFC 3768 §5.3.
public struct Advertisement: Hashable, Sendable {
    /// The virtual router that this is about.
    public var vrid: VRID
    /// The sender's priority; 0: it stops taking part.
    public var priority: Priority
    /// The sender's interval, in the unit of its protocol version.
    public private(set) var interval: AdvertisementInterval
    /// The virtual router's addresses; for diagnosis, the election does not look at them.
    public private(set) var addresses: VirtualAddressList

    /// Makes an advertisement; over IPv6 a version 2 interval becomes one of version 3.
    public init(
        vrid: VRID, priority: Priority, interval: AdvertisementInterval,
        addresses: VirtualAddressList
    ) {
        self.vrid = vrid
        self.priority = priority
        self.interval = interval.carried(over: addresses.family)
        self.addresses = addresses
    }

    /// The version of the protocol.
    public var version: VRRPVersion { interval.version }

    /// The length of the encoded message in bytes.
    ///
    /// 8 + 4n, over IPv6 8 + 16n, in version 2 16 + 4n.
    public var byteCount: Int {
        Self.byteCount(version: version, family: addresses.family, addressCount: addresses.count)
    }

    /// How many addresses an advertisement may list so that a link carries it whole.
    ///
    /// - Parameters:
    ///   - byteLimit: The most bytes of an IP datagram, header included: the link's MTU.
    ///   - version: The version of the protocol.
    ///   - family: The family of the addresses and of the datagram.
    ///   - trailerByteCount: What follows the message.
    /// - Returns: 0 to 255.
    public static func addressLimit(
        byteLimit: Int, version: VRRPVersion, family: AddressFamily, trailerByteCount: Int = 0
    ) -> Int {
        let headerByteCount =
            switch family {
            case .ipv4: 20
            case .ipv6: 40
            }
        let fixed = byteCount(version: version, family: family, addressCount: 0)
        let room = byteLimit - headerByteCount - fixed - trailerByteCount
        return min(max(room / family.addressByteCount, 0), 255)
    }

    static func byteCount(version: VRRPVersion, family: AddressFamily, addressCount: Int) -> Int {
        let authenticationByteCount =
            switch version {
            case .v2: 8
            case .v3: 0
            }
        return 8 + family.addressByteCount * addressCount + authenticationByteCount
    }
}
