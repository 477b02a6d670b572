internal import CNetlink

/// An address on an interface, with all that the kernel keeps about it.
///
/// `rtnetlink(7)`, RTM_NEWADDR.
public struct InterfaceAddress: Hashable, Sendable {
    /// The interface's number.
    public var interfaceIndex: Int32
    /// The address.
    public var address: InternetAddress
    /// How many bits of it name the subnet: 0 to 32, or to 128.
    public var prefixLength: UInt8
    /// The other end of a point-to-point link, which then names the subnet; else `nil`.
    public var peer: InternetAddress?
    /// The subnet's broadcast address; the kernel sets none by itself.
    public var broadcast: InternetAddress?
    /// The name that old tools show for it, up to 15 bytes; the kernel takes the interface's.
    public var label: String?
    /// How far the address is valid; `nil` when adding: `host` for 127.0.0.0/8, else `global`.
    ///
    /// With IPv6 the kernel sees it from the address itself and ignores what a request says.
    public var scope: Scope?
    /// What the kernel says about it; when adding, only ``Flags/noPrefixRoute`` and its like count.
    ///
    /// IPv6 starts with ``Flags/noDuplicateDetection``: an address that moves is on two nodes for a
    /// moment, and the kernel must not take it away for that, nor wait a second before it works.
    public var flags: Flags
    /// Who put it there; `nil`: nobody said so, or the kernel cannot tell.
    public var protocolTag: AddressProtocol?
    /// How long it stays; `nil`: for ever.
    ///
    /// An IPv6 address with a prefix of 128 bits starts with a preferred time of 0: without a
    /// subnet it is there to be reached, and no source of new connections (RFC 6724 §5, rule 3).
    public var lifetime: Lifetime?

    /// Describes an address to be added or removed.
    ///
    /// - Parameters:
    ///   - address: The address.
    ///   - prefixLength: Bits of the subnet.
    ///   - interfaceIndex: The interface's number.
    public init(_ address: InternetAddress, prefixLength: UInt8, interfaceIndex: Int32) {
        self.address = address
        self.prefixLength = prefixLength
        self.interfaceIndex = interfaceIndex
        flags = address.family == .v6 ? .noDuplicateDetection : []
        if case .v6 = address, prefixLength == address.family.bitWidth {
            lifetime = Lifetime(validSeconds: Lifetime.forever, preferredSeconds: 0)
        }
    }

    /// Whether the kernel chose another address of the subnet to speak from.
    ///
    /// Without the sysctl `promote_secondaries`, removing the primary removes its secondaries.
    /// IPv6 knows no such rank: there the same bit marks a temporary address.
    public var isSecondary: Bool { address.family == .v4 && flags.contains(.secondary) }

    /// Whether packets may come from it now: it is not being checked, and nobody else has it.
    public var isUsable: Bool { flags.isDisjoint(with: [.tentative, .duplicate]) }

    /// Whether both are the same address to the kernel, whatever else differs.
    ///
    /// - Parameter other: The other record.
    /// - Returns: True if interface, address, prefix and peer are the same.
    public func isSameAddress(as other: InterfaceAddress) -> Bool {
        interfaceIndex == other.interfaceIndex && address == other.address
            && prefixLength == other.prefixLength && peer == other.peer
    }

    /// Whether a primary address carries a secondary one, which the kernel removes along with it.
    func carries(_ other: InterfaceAddress) -> Bool {
        !isSecondary && other.isSecondary && interfaceIndex == other.interfaceIndex
            && prefixLength == other.prefixLength
            && (peer ?? address).matches(other.peer ?? other.address, prefixLength: prefixLength)
    }
}

extension InterfaceAddress {
    /// How far an address is valid.
    ///
    /// `rtnetlink(7)`, ifa_scope.
    public struct Scope: RawRepresentable, Hashable, Sendable {
        /// The kernel's number.
        public let rawValue: UInt8
        /// Wraps the kernel's number.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Everywhere.
        public static let global = Scope(rawValue: 0)
        /// On the link only.
        public static let link = Scope(rawValue: 253)
        /// On this host only.
        public static let host = Scope(rawValue: 254)
    }

    /// What the kernel says about an address.
    ///
    /// `linux/if_addr.h`, IFA_F_*.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The kernel's bits.
        public let rawValue: UInt32
        /// Makes a set from the kernel's bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        /// Another address of the subnet came first (IPv4); it is a temporary one (IPv6, RFC 8981).
        public static let secondary = Flags(rawValue: 0x01)
        /// Duplicate address detection is left out (IPv6).
        public static let noDuplicateDetection = Flags(rawValue: 0x02)
        /// Duplicate address detection found another holder (IPv6, `IFA_F_DADFAILED`).
        public static let duplicate = Flags(rawValue: 0x08)
        /// It is the home address of Mobile IPv6 (RFC 6275).
        public static let home = Flags(rawValue: 0x10)
        /// Its preferred lifetime is over: not taken as a source of new connections.
        public static let deprecated = Flags(rawValue: 0x20)
        /// Duplicate address detection is going on (IPv6).
        public static let tentative = Flags(rawValue: 0x40)
        /// It has no lifetime.
        public static let permanent = Flags(rawValue: 0x80)
        /// The kernel derives temporary addresses from it (IPv6, RFC 8981).
        public static let managesTemporary = Flags(rawValue: 0x100)
        /// The kernel made no route to its subnet.
        public static let noPrefixRoute = Flags(rawValue: 0x200)

        /// The kernel joins it on the link, for a multicast address.
        public static let joinsGroup = Flags(rawValue: 0x400)

        /// Those that a request may set; the kernel decides about the others.
        static let settable: Flags = [
            .noDuplicateDetection, .home, .managesTemporary, .noPrefixRoute, .joinsGroup,
        ]
    }

    /// How long an address stays.
    ///
    /// `linux/if_addr.h`, struct ifa_cacheinfo.
    public struct Lifetime: Hashable, Sendable {
        /// Seconds until the kernel removes it, 1 or more.
        public var validSeconds: UInt32
        /// Seconds until it is no source of new connections any more, up to the former; 0: never was.
        public var preferredSeconds: UInt32

        /// What the kernel writes for a time that never ends.
        public static let forever = UInt32.max

        /// Makes a lifetime.
        ///
        /// - Parameters:
        ///   - validSeconds: Seconds until the kernel removes the address.
        ///   - preferredSeconds: Seconds until it is deprecated; `nil`: the same.
        public init(validSeconds: UInt32, preferredSeconds: UInt32? = nil) {
            self.validSeconds = validSeconds
            self.preferredSeconds = preferredSeconds ?? validSeconds
        }
    }
}

extension InterfaceAddress: CustomStringConvertible {
    /// `172.17.0.5/24 on interface 2`.
    public var description: String { "\(address)/\(prefixLength) on interface \(interfaceIndex)" }
}
