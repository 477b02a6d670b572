/// An address that a name stands for, and the port there.
public struct ResolvedAddress: Hashable, Sendable, Codable {
    /// 4 bytes of IPv4 or 16 of IPv6.
    public let bytes: [UInt8]
    /// The port.
    public let port: UInt16

    /// Makes an address.
    ///
    /// - Parameters:
    ///   - bytes: 4 or 16 bytes.
    ///   - port: The port.
    public init(_ bytes: [UInt8], port: UInt16) {
        precondition(bytes.count == 4 || bytes.count == 16, "an address of IPv4 or IPv6")
        self.bytes = bytes
        self.port = port
    }

    /// Whether it is one of IPv6.
    public var isIPv6: Bool { bytes.count == 16 }
}

/// A network that an address may be in.
public struct AddressNetwork: Hashable, Sendable {
    /// 4 or 16 bytes.
    let bytes: [UInt8]
    /// How many bits of them count.
    let prefixLength: Int

    /// Makes a network.
    ///
    /// - Parameters:
    ///   - bytes: 4 or 16 bytes.
    ///   - prefixLength: How many bits of them count.
    public init(_ bytes: [UInt8], prefixLength: Int) {
        self.bytes = bytes
        self.prefixLength = min(max(prefixLength, 0), bytes.count * 8)
    }

    func contains(_ address: [UInt8]) -> Bool {
        guard address.count == bytes.count else { return false }
        let whole = prefixLength / 8
        guard address[..<whole] == bytes[..<whole] else { return false }
        guard prefixLength % 8 > 0 else { return true }
        let shift = UInt8(8 - prefixLength % 8)
        return address[whole] >> shift == bytes[whole] >> shift
    }
}
