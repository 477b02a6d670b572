internal import LinuxIO

/// What of a client decides which server it goes to.
enum ClientKey {
    /// The address itself (`balance source`), spread over all bits or not.
    case address(spreads: Bool)
    /// A hash (`balance hash EXPR`).
    case hash(ConnectionKey, HashType)

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

    /// What of the connection it is made of.
    var connectionKey: ConnectionKey {
        switch self {
        case .address: .source
        case .hash(let key, _): key
        }
    }

    /// The key of a client.
    ///
    /// Of bytes as haproxy's samples have them: an address its 4 or 16, a port eight, all in network order.
    ///
    /// - Parameter key: What ``connectionKey`` is of the connection.
    /// - Returns: The hash; `nil`: the client has no such key.
    func value(of key: StickKey) -> UInt32? {
        switch self {
        case .address(let spreads):
            guard case .address(let end) = key else { return nil }
            return spreads ? KeyHash.avalanche(end.digest) : end.digest
        case .hash(_, let type): return ClientKey.hash(of: key, type)
        }
    }

    private static func hash(of key: StickKey, _ type: HashType) -> UInt32? {
        switch key {
        case .none: return nil
        case .address(let end):
            return end.isIPv4
                ? value(of: UInt128(end.ipv4), byteCount: 4, type)
                : value(of: end.bits, byteCount: 16, type)
        case .number(let number): return value(of: UInt128(number), byteCount: 8, type)
        case .bytes(let bytes):
            guard !bytes.isEmpty else { return nil }
            var hash = KeyHash(type)
            for index in bytes.indices { hash.add(bytes[index]) }
            return hash.value
        }
    }

    private static func value(of word: UInt128, byteCount: Int, _ type: HashType) -> UInt32 {
        var hash = KeyHash(type)
        for index in 1...byteCount {
            hash.add(UInt8(truncatingIfNeeded: word >> UInt128(8 * (byteCount - index))))
        }
        return hash.value
    }
}
