internal import CLinux
internal import Glibc

/// Where a socket listens or connects to, of any family that a relay knows.
public enum StreamAddress: Hashable, Sendable {
    /// An address and port of IPv4; address 0 is every address of the node.
    case ipv4(SocketAddress)
    /// An address and port of IPv6.
    case ipv6(IPEndpoint)
    /// The name of a Unix socket in the file system, 1 to 107 bytes.
    case path(String)
    /// The abstract name of a Unix socket, 1 to 107 bytes (`unix(7)`).
    case abstractName(String)

    /// The address family as `socket(2)` wants it.
    public var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .path, .abstractName: AF_UNIX
        }
    }

    /// Whether it is a Unix socket.
    public var isLocal: Bool { family == AF_UNIX }
}

extension StreamAddress: CustomStringConvertible {
    /// `A.B.C.D:PORT`, `[IPV6]:PORT`, a path, or `@NAME`.
    public var description: String {
        switch self {
        case .ipv4(let address): address.description
        case .ipv6(let endpoint): endpoint.description
        case .path(let path): path
        case .abstractName(let name): "@\(name)"
        }
    }
}

/// A ``StreamAddress`` as the kernel takes it: `sockaddr_in`, `sockaddr_in6` or `sockaddr_un`.
public struct RawStreamAddress: Sendable {
    /// The structure's bytes, as eight at a time.
    private var words = InlineArray<14, UInt64>(repeating: 0)
    /// How many of the bytes count.
    public private(set) var length: UInt32 = 0

    /// Makes the kernel's form.
    ///
    /// - Parameter address: A name of a Unix socket that is longer than 107 bytes is cut.
    public init(_ address: StreamAddress) {
        var bytes: [UInt8] = [UInt8(truncatingIfNeeded: address.family), 0]
        switch address {
        case .ipv4(let address):
            bytes += RawStreamAddress.bigEndian(address.port)
            bytes += RawStreamAddress.bigEndian(address.address)
            bytes += Array(repeating: 0, count: 8)
        case .ipv6(let endpoint):
            bytes += RawStreamAddress.bigEndian(endpoint.port) + [0, 0, 0, 0]
            bytes += RawStreamAddress.bigEndian(endpoint.high)
            bytes += RawStreamAddress.bigEndian(endpoint.low) + [0, 0, 0, 0]
        case .path(let path): bytes += Array(path.utf8.prefix(107)) + [0]
        case .abstractName(let name):
            // Every byte counts in an abstract name, and haproxy's have zeros to the end.
            let name = [0] + Array(name.utf8.prefix(107))
            bytes += name + Array(repeating: 0, count: 108 - name.count)
        }
        length = UInt32(bytes.count)
        unsafe withUnsafeMutableBytes(of: &words) { unsafe $0.copyBytes(from: bytes) }
    }

    /// Makes the kernel's form of an endpoint: IPv4's unless it has an address of IPv6.
    public init(_ endpoint: IPEndpoint) {
        self.init(
            endpoint.isIPv4 || !endpoint.isPresent
                ? .ipv4(SocketAddress(address: endpoint.ipv4, port: endpoint.port))
                : .ipv6(endpoint))
    }

    /// The address family.
    public var family: Int32 { Int32(truncatingIfNeeded: words[0] & 0xffff) }

    private static func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        unsafe withUnsafeBytes(of: number.bigEndian) { unsafe Array($0) }
    }
}

/// Room for the address of a peer of any family; what does not fit is cut, as of Unix sockets.
public struct RawPeerAddress: Sendable {
    /// `sockaddr_in` or `sockaddr_in6`: family and port, flow, address, scope; 28 bytes.
    public var words = InlineArray<4, UInt64>(repeating: 0)

    /// Makes room.
    @inlinable
    public init() {}

    /// What the kernel filled in.
    @inlinable
    public var endpoint: IPEndpoint {
        let port = UInt16(truncatingIfNeeded: words[0] >> 16).byteSwapped
        switch words[0] & 0xffff {
        case 2:  // AF_INET
            let address = UInt32(truncatingIfNeeded: words[0] >> 32).byteSwapped
            return IPEndpoint(ipv4: address, port: port)
        case 10:  // AF_INET6
            return IPEndpoint(high: words[1].byteSwapped, low: words[2].byteSwapped, port: port)
        default: return IPEndpoint(high: 0, low: 0, port: 0)
        }
    }
}
