internal import LinuxIO

/// Hash functions of `hash-type`, as haproxy has them.
enum KeyHash {
    /// The hash of bytes.
    static func value(of bytes: some Sequence<UInt8>, by function: HashType.Function) -> UInt32 {
        switch function {
        case .sdbm:
            bytes.reduce(0) { UInt32($1) &+ ($0 << 6) &+ ($0 << 16) &- $0 }
        case .djb2:
            bytes.reduce(5381) { ($0 << 5) &+ $0 &+ UInt32($1) }
        case .wt6: wt6(of: bytes)
        case .crc32:
            ~bytes.reduce(~0) { sum, byte in
                (0..<8).reduce(sum ^ UInt32(byte)) { rest, _ in
                    rest >> 1 ^ (rest & 1 == 1 ? 0xedb8_8320 : 0)
                }
            }
        case .none:
            // The last four bytes as a number.
            bytes.reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    /// Two sums that are turned by amounts which follow from both.
    private static func wt6(of bytes: some Sequence<UInt8>) -> UInt32 {
        var (first, second): (UInt32, UInt32) = (0xa53c_965a, 0x5ca6_953a)
        var turns: (UInt32, UInt32) = (6, 18)
        for byte in bytes {
            first = ~(first ^ UInt32(byte))
            second = ~(second &+ UInt32(byte))
            (first, second) = (
                second << turns.0 | second >> (32 - turns.0),
                first << turns.1 | first >> (32 - turns.1)
            )
            let mixed = (first >> 16 ^ second) & 0xffff
            turns = (mixed & 0x1f, mixed >> 11)
        }
        return first ^ second
    }

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
