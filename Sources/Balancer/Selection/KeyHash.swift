internal import LinuxIO

/// A hash of bytes, by the functions of `hash-type` as haproxy has them.
struct KeyHash {
    private let type: HashType
    private var first: UInt32
    /// Of `wt6`: two sums that are turned by amounts which follow from both.
    private var second: UInt32 = 0x5ca6_953a
    private var turns: (UInt32, UInt32) = (6, 18)

    init(_ type: HashType) {
        self.type = type
        first =
            switch type.function {
            case .sdbm, .none: 0
            case .djb2: 5381
            case .wt6: 0xa53c_965a
            case .crc32: .max
            }
    }

    /// Adds a byte.
    mutating func add(_ byte: UInt8) {
        switch type.function {
        case .sdbm: first = UInt32(byte) &+ (first << 6) &+ (first << 16) &- first
        case .djb2: first = (first << 5) &+ first &+ UInt32(byte)
        case .wt6: turn(by: byte)
        case .crc32:
            first ^= UInt32(byte)
            for _ in 0..<8 { first = first >> 1 ^ (first & 1 == 1 ? 0xedb8_8320 : 0) }
        // The last four bytes as a number.
        case .none: first = first << 8 | UInt32(byte)
        }
    }

    private mutating func turn(by byte: UInt8) {
        first = ~(first ^ UInt32(byte))
        second = ~(second &+ UInt32(byte))
        (first, second) = (
            second << turns.0 | second >> (32 - turns.0),
            first << turns.1 | first >> (32 - turns.1)
        )
        let mixed = (first >> 16 ^ second) & 0xffff
        turns = (mixed & 0x1f, mixed >> 11)
    }

    /// The hash of the bytes so far.
    var value: UInt32 {
        let hash =
            switch type.function {
            case .sdbm, .djb2, .none: first
            case .wt6: first ^ second
            case .crc32: ~first
            }
        return type.avalanches ? KeyHash.avalanche(hash) : hash
    }
}

extension KeyHash {
    /// Spreads a number over all 32 bits: Bob Jenkins' full avalanche, then a multiplication by a
    /// prime so that the values are apart on a circle.
    static func avalanche(_ number: UInt32) -> UInt32 {
        var hash = number
        hash = (hash &+ 0x7ed5_5d16) &+ hash << 12
        hash = (hash ^ 0xc761_c23c) ^ hash >> 19
        hash = (hash &+ 0x1656_67b1) &+ hash << 5
        hash = (hash &+ 0xd3a2_646c) ^ hash << 9
        hash = (hash &+ 0xfd70_46c5) &+ hash << 3
        hash = (hash ^ 0xb55a_4f09) ^ hash >> 16
        return hash &* 3_221_225_473
    }

    /// Where a server's places on a circle begin.
    ///
    /// By its number as haproxy has it. Deviation: what of an address or a name is not haproxy's; it
    /// follows from these alone, on every node and whatever the order of the file.
    static func firstPlace(of server: ServerPlan, number: Int) -> UInt32 {
        func mixed(_ words: [UInt32]) -> UInt32 { words.reduce(0) { avalanche($0 ^ $1) } }
        func words(of address: StreamAddress, withPort: Bool) -> [UInt32]? {
            let end: IPEndpoint
            switch address {
            case .ipv4(let four): end = IPEndpoint(ipv4: four.address, port: four.port)
            case .ipv6(let six): end = six
            default: return nil
            }
            let parts =
                end.isIPv4
                ? [end.ipv4] : [96, 64, 32, 0].map { UInt32(truncatingIfNeeded: end.bits >> $0) }
            return withPort ? parts + [UInt32(end.port)] : parts
        }
        let own = UInt32(truncatingIfNeeded: number &* 4096)
        switch server.hashKey {
        case .number: return own
        case .wholeNumber: return avalanche(UInt32(truncatingIfNeeded: number))
        case .guid: return server.guid.map { UInt32(truncatingIfNeeded: name($0)) } ?? own
        case .address, .addressAndPort:
            guard !server.isByName else { return own }
            return words(of: server.address, withPort: server.hashKey == .addressAndPort)
                .map(mixed) ?? own
        }
    }

    /// 64 bits of a name, the same on every node (FNV-1a, then SplitMix64's finalizer).
    static func name(_ name: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
        return hash ^ hash >> 31
    }
}
