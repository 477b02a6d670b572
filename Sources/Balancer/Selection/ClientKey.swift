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

    /// Whether it takes the ends of the connection, which cost a call each.
    var needsEnds: Bool {
        switch self {
        case .address, .hash(.source, _): false
        case .hash: true
        }
    }

    /// The key of a client.
    ///
    /// - Parameters:
    ///   - address: The client's address, in 32 bits.
    ///   - source: The client's end; looked at where ``needsEnds`` says so.
    ///   - destination: The end that the client connected to; likewise.
    /// - Returns: The hash.
    func value(address: UInt32, source: IPEndpoint, destination: IPEndpoint) -> UInt32 {
        switch self {
        case .address(let spreads): return spreads ? KeyHash.avalanche(address) : address
        case .hash(let key, let type):
            let hash = KeyHash.value(
                of: KeyBytes(key, address, source, destination), by: type.function)
            return type.avalanches || type.isConsistent ? KeyHash.avalanche(hash) : hash
        }
    }
}

/// The bytes that a hash is made of, as haproxy's samples have them: an address its four, a port
/// eight, all in network order.
private struct KeyBytes: Sequence, IteratorProtocol {
    private var value: UInt64
    private var left: Int

    init(_ key: HashKey, _ address: UInt32, _ source: IPEndpoint, _ destination: IPEndpoint) {
        switch key {
        case .source: (value, left) = (UInt64(address), 4)
        case .sourcePort: (value, left) = (UInt64(source.port), 8)
        case .destination: (value, left) = (UInt64(destination.digest), 4)
        case .destinationPort: (value, left) = (UInt64(destination.port), 8)
        }
    }

    mutating func next() -> UInt8? {
        guard left > 0 else { return nil }
        left -= 1
        return UInt8(truncatingIfNeeded: value >> UInt64(8 * left))
    }
}
