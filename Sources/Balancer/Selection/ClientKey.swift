internal import LinuxIO

/// What of a client decides which server it goes to.
enum ClientKey {
    /// The address itself (`balance source`), spread over all bits or not.
    case address(spreads: Bool)
    /// A hash (`balance hash EXPR`).
    case hash(HashKey, HashType)

    /// What a pool chooses by; `nil`: by nothing of the client's.
    init?(_ plan: PoolPlan) {
        let type = plan.hashType
        switch plan.algorithm {
        case .source: self = .address(spreads: type.avalanches || type.isConsistent)
        case .maglev: self = .address(spreads: true)
        case .hash(let key): self = .hash(key, type)
        case .roundrobin, .staticRoundrobin, .leastconn, .first, .random: return nil
        }
    }

    /// The key of a client.
    ///
    /// - Parameters:
    ///   - socket: The client's socket.
    ///   - address: The client's address.
    /// - Returns: The hash.
    func value(socket: Int32, address: UInt32) -> UInt32 {
        switch self {
        case .address(let spreads): return spreads ? KeyHash.avalanche(address) : address
        case .hash(let key, let type):
            let hash = KeyHash.value(
                of: KeyBytes(key, socket: socket, address: address), by: type.function)
            return type.avalanches || type.isConsistent ? KeyHash.avalanche(hash) : hash
        }
    }
}

/// The bytes that a hash is made of, as haproxy's samples have them: an address its four, a port
/// eight, all in network order.
private struct KeyBytes: Sequence, IteratorProtocol {
    private var value: UInt64
    private var left: Int

    init(_ key: HashKey, socket: Int32, address: UInt32) {
        switch key {
        case .source: (value, left) = (UInt64(address), 4)
        case .sourcePort: (value, left) = (UInt64(StreamSocket.peerEnd(of: socket).port), 8)
        case .destination: (value, left) = (UInt64(StreamSocket.localEnd(of: socket).address), 4)
        case .destinationPort: (value, left) = (UInt64(StreamSocket.localEnd(of: socket).port), 8)
        }
    }

    mutating func next() -> UInt8? {
        guard left > 0 else { return nil }
        left -= 1
        return UInt8(truncatingIfNeeded: value >> UInt64(8 * left))
    }
}
