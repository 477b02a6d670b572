#if Probes
public import NIOCore

/// A server that is configured by name.
public struct NamedTarget: Sendable {
    /// Where its first address comes from, one after the other until there is one (`init-addr`).
    public enum Beginning: Hashable, Sendable {
        /// What was known before.
        case last
        /// The host's own resolver: its files, and the name servers of its configuration.
        case library
        /// An address; 4 or 16 bytes.
        case address([UInt8])
        /// Nowhere: it waits for its name servers.
        case none
    }

    /// What reports call it.
    public let id: String
    /// Within a group no address is given twice: its pool.
    public let group: String
    /// The name.
    public let name: DomainName
    /// Its port, where the name servers name none.
    public let port: UInt16
    /// Whether the name is one of a service (SRV), which has port and share.
    public var isService = false
    /// Whom to ask again and again; `nil`: the host's own resolver, until there is an address.
    public var resolver: ResolverSettings?
    /// Where its first address comes from.
    public var beginnings: [Beginning] = [.last, .library]
    /// What was known before.
    public var remembered: ResolvedAddress?
    /// Where everybody knows it to be: nothing is told of it, and it has no beginning.
    public var current: ResolvedAddress?
    /// Whether IPv6 is better than IPv4 (`resolve-prefer`).
    public var prefersIPv6 = true
    /// Networks that are better than others (`resolve-net`).
    public var networks: [AddressNetwork] = []
    /// Whether it may have the address of another of its group (`resolve-opts allow-dup-ip`).
    public var allowsDuplicates = false

    /// Makes a target that the host's own resolver finds.
    ///
    /// - Parameters:
    ///   - id: What reports call it.
    ///   - group: Its pool.
    ///   - name: The name.
    ///   - port: Its port.
    public init(id: String, group: String, name: DomainName, port: UInt16) {
        self.id = id
        self.group = group
        self.name = name
        self.port = port
    }
}

/// What became of the address of one target.
public struct ResolutionReport: Hashable, Sendable {
    /// The target.
    public let id: String
    /// Its address from now on; `nil`: it has none.
    public let address: ResolvedAddress?
    /// The one before; `nil`: it had none.
    public let former: ResolvedAddress?
    /// Its share, 1 to 256, where the name servers name one.
    public let weight: Int?
    /// Who said so, `RESOLVERS/NAMESERVER` for example; without an address, why.
    public let origin: String
}

extension SocketAddress {
    /// The address as a socket takes it.
    ///
    /// - Parameter address: An address that a name stands for.
    public init(_ address: ResolvedAddress) {
        // It has 4 or 16 bytes, and that is all that could be wrong.
        guard
            let made = try? SocketAddress(
                packedIPAddress: ByteBuffer(bytes: address.bytes), port: Int(address.port))
        else { preconditionFailure("an address of IPv4 or IPv6") }
        self = made
    }
}

extension ResolvedAddress: CustomStringConvertible {
    /// The address without its port.
    public var description: String { SocketAddress(self).ipAddress ?? "" }

    /// Reads an address; `nil` where the text is none.
    ///
    /// - Parameters:
    ///   - text: An address of IPv4 or IPv6 in digits.
    ///   - port: The port.
    public init?(_ text: String, port: UInt16) {
        guard let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
        // It stands after the family and the port, in IPv6 after 4 further bytes.
        let (start, count) = address.protocol == .inet6 ? (8, 16) : (4, 4)
        let bytes = address.withSockAddr { raw, _ in
            Array(UnsafeRawBufferPointer(start: raw, count: start + count).dropFirst(start))
        }
        self.init(bytes, port: port)
    }
}
#endif
