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
        case .source: self = .address(spreads: type.avalanches)
        case .maglev: self = .address(spreads: true)
        case .hash(let key): self = .hash(key, type)
        case .roundrobin, .staticRoundrobin, .leastconn, .first, .random: return nil
        }
    }

    /// Whether it takes the end that the client connected to, which costs a call.
    var needsDestination: Bool {
        switch self {
        case .address, .hash(.source, _), .hash(.sourcePort, _): false
        case .hash(.destination, _), .hash(.destinationPort, _): true
        }
    }

    /// The key of a client.
    ///
    /// - Parameters:
    ///   - source: The client's end.
    ///   - destination: The end that the client connected to; looked at where ``needsDestination``
    ///     says so.
    /// - Returns: The hash.
    func value(source: IPEndpoint, destination: IPEndpoint) -> UInt32 {
        switch self {
        case .address(let spreads):
            return spreads ? KeyHash.avalanche(source.digest) : source.digest
        case .hash(let key, let type):
            let hash = KeyHash.value(of: KeyBytes(key, source, destination), by: type.function)
            return type.avalanches ? KeyHash.avalanche(hash) : hash
        }
    }
}

/// The bytes that a hash is made of, as haproxy's samples have them: an address its 4 or 16, a port
/// eight, all in network order.
private struct KeyBytes: Sequence, IteratorProtocol {
    private var value: UInt128
    private var left: Int

    init(_ key: HashKey, _ source: IPEndpoint, _ destination: IPEndpoint) {
        (value, left) =
            switch key {
            case .source: KeyBytes.address(source)
            case .sourcePort: (UInt128(source.port), 8)
            case .destination: KeyBytes.address(destination)
            case .destinationPort: (UInt128(destination.port), 8)
            }
    }

    private static func address(_ end: IPEndpoint) -> (UInt128, Int) {
        end.isIPv4 ? (UInt128(end.ipv4), 4) : (end.bits, 16)
    }

    mutating func next() -> UInt8? {
        guard left > 0 else { return nil }
        left -= 1
        return UInt8(truncatingIfNeeded: value >> UInt128(8 * left))
    }
}
