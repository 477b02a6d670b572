internal import Glibc

/// The address of an IPv4 socket: an address and a port.
public struct SocketAddress: Hashable, Sendable {
    /// The 32 bits of the address as a number, the first octet highest.
    public let address: UInt32
    /// The port, 0 to 65535.
    public let port: UInt16

    /// Makes an address from its 32 bits (first octet highest) and a port.
    @inlinable
    public init(address: UInt32, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Makes an address from what the kernel filled in.
    ///
    /// - Parameter storage: `sockaddr_in`, 16 bytes.
    @inlinable
    public init(_ storage: RawSocketAddress) {
        address = UInt32(bigEndian: storage.address)
        port = UInt16(bigEndian: storage.port)
    }

    /// The form that the kernel takes.
    @inlinable
    public var raw: RawSocketAddress {
        RawSocketAddress(address: address.bigEndian, port: port.bigEndian)
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `A.B.C.D:PORT`.
    public var description: String {
        "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255):\(port)"
    }
}

/// `sockaddr_in` of `ip(7)`, 16 bytes, fields in network order.
public struct RawSocketAddress: Sendable {
    /// `AF_INET`.
    public var family: UInt16 = 2
    /// The port, in network order.
    public var port: UInt16
    /// The address, in network order.
    public var address: UInt32
    /// Zero.
    public var padding: UInt64 = 0

    /// Makes an address from fields in network order.
    @inlinable
    public init(address: UInt32 = 0, port: UInt16 = 0) {
        self.address = address
        self.port = port
    }
}
