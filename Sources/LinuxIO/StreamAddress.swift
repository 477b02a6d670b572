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

    /// Whether it is none, but a port (`0.0.0.0`, `::`).
    public var isUnspecified: Bool {
        switch self {
        case .ipv4(let address): address.address == 0
        case .ipv6(let endpoint): endpoint.high == 0 && endpoint.low == 0
        case .path, .abstractName: false
        }
    }
}

extension StreamAddress: LosslessStringConvertible {
    /// Makes an address from its text, as ``description`` has it.
    ///
    /// - Parameter description: `A.B.C.D:PORT`, `[IPV6]:PORT`, a path that begins with `/`, or `@NAME`;
    ///   `nil` comes of all else: names of hosts are looked up by nobody.
    public init?(_ description: String) {
        let name = description.dropFirst()
        switch description.first {
        case "/" where description.utf8.count <= 107: self = .path(description)
        case "@" where (1...107).contains(name.utf8.count): self = .abstractName(String(name))
        default:
            guard let colon = description.lastIndex(of: ":") else { return nil }
            let digits = description[description.index(after: colon)...]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits)
            else { return nil }
            let host = description[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") {
                let inner = host.dropFirst().dropLast()
                guard inner.contains(":"), let end = IPEndpoint(String(inner), port: port) else {
                    return nil
                }
                self = .ipv6(end)
            } else {
                guard let end = IPEndpoint(String(host), port: port), !host.contains(":") else {
                    return nil
                }
                self = .ipv4(SocketAddress(address: end.ipv4, port: port))
            }
        }
    }

    /// `A.B.C.D:PORT`, `[IPV6]:PORT`, a path, or `@NAME`.
    public var description: String {
        switch self {
        case .ipv4(let address): address.description
        // `::`, too, is an address here.
        case .ipv6(let endpoint): "[\(endpoint.host)]:\(endpoint.port)"
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
        switch address {
        case .ipv4(let address): self.init(ipv4: address.address, port: address.port)
        case .ipv6(let endpoint): self.init(ipv6: endpoint)
        case .path(let path): self.init(local: Array(path.utf8.prefix(107)) + [0])
        case .abstractName(let name):
            // Every byte counts in an abstract name, and haproxy's have zeros to the end.
            let name = [0] + Array(name.utf8.prefix(107))
            self.init(local: name + Array(repeating: 0, count: 108 - name.count))
        }
    }

    /// Makes the kernel's form of an endpoint: IPv4's unless it has an address of IPv6; does not
    /// allocate.
    public init(_ endpoint: IPEndpoint) {
        if endpoint.isIPv4 || !endpoint.isPresent {
            self.init(ipv4: endpoint.ipv4, port: endpoint.port)
        } else {
            self.init(ipv6: endpoint)
        }
    }

    // Numbers of the network's order in words of this host's, which begins with the lowest octet.

    private init(ipv4 address: UInt32, port: UInt16) {
        words[0] =
            UInt64(AF_INET) | UInt64(port.byteSwapped) << 16 | UInt64(address.byteSwapped) << 32
        length = 16
    }

    private init(ipv6 endpoint: IPEndpoint) {
        words[0] = UInt64(AF_INET6) | UInt64(endpoint.port.byteSwapped) << 16
        words[1] = endpoint.high.byteSwapped
        words[2] = endpoint.low.byteSwapped
        length = 28
    }

    private init(local name: [UInt8]) {
        let bytes = [UInt8(AF_UNIX), 0] + name
        length = UInt32(bytes.count)
        unsafe withUnsafeMutableBytes(of: &words) { unsafe $0.copyBytes(from: bytes) }
    }

    /// The address family.
    public var family: Int32 { Int32(truncatingIfNeeded: words[0] & 0xffff) }

    /// The port of an address of IPv4 or IPv6; a Unix socket has none.
    public var port: UInt16 {
        get { UInt16(truncatingIfNeeded: words[0] >> 16).byteSwapped }
        set { words[0] = words[0] & ~0xffff_0000 | UInt64(newValue.byteSwapped) << 16 }
    }
}

/// Room for the address of a peer of any family; what does not fit is cut, as of Unix sockets.
public struct RawPeerAddress: Sendable {
    /// `sockaddr_in` or `sockaddr_in6`: family and port, flow, address, scope; 28 bytes.
    public var words = InlineArray<4, UInt64>(repeating: 0)

    /// Makes room.
    @inlinable
    public init() {}

    /// Whether it is one of IPv4, and not of IPv6 with one of IPv4 in it.
    @inlinable
    public var isIPv4: Bool { words[0] & 0xffff == 2 }  // AF_INET

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
