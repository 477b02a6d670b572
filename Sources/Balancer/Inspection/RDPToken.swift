internal import LinuxIO

/// The server that a client of RDP was told to go back to, as his cookie has it.
///
/// [MS-RDPBCGR] §3.2.5.3.1, the routing token: `ADDRESS.PORT.0000`, both in decimal digits of numbers
/// whose octets stand in reverse order.
struct RDPToken: Hashable {
    /// The first octet highest.
    let ipv4: UInt32
    let port: UInt16

    init(ipv4: UInt32, port: UInt16) {
        self.ipv4 = ipv4
        self.port = port
    }

    /// Reads a cookie's value; what stands behind the second point is not looked at, as in haproxy.
    init?(_ value: Span<UInt8>) {
        var place = 0
        func number(upTo most: UInt64) -> UInt64? {
            let start = place
            var number: UInt64 = 0
            while place < value.count, (0x30...0x39).contains(value[place]) {
                number = number * 10 + UInt64(value[place] - 0x30)
                guard number <= most else { return nil }
                place += 1
            }
            guard place > start, place < value.count, value[place] == UInt8(ascii: ".") else {
                return nil
            }
            place += 1
            return number
        }
        guard let address = number(upTo: UInt64(UInt32.max)),
            let port = number(upTo: UInt64(UInt16.max))
        else { return nil }
        self.init(ipv4: UInt32(address).byteSwapped, port: UInt16(port).byteSwapped)
    }
}

/// The servers of a pool by where they are, for clients who say where they were.
struct TokenServers: Sendable {
    /// The cookie's name.
    let cookie: RDPCookie.Name
    /// Where the plan has them.
    private var positions: [RDPToken: Int] = [:]
    private let serverCount: Int

    /// `nil`: the pool does not look for a token.
    init?(_ pool: PoolPlan) {
        guard let cookie = pool.tokenCookie else { return nil }
        self.cookie = cookie
        serverCount = pool.servers.count { !$0.isLeaving }
        for (position, server) in pool.servers.prefix(serverCount).enumerated() {
            if !server.isByName, let token = RDPToken(server.address), positions[token] == nil {
                positions[token] = position
            }
        }
    }

    /// Looks for the server that is somewhere.
    ///
    /// - Parameters:
    ///   - token: Where.
    ///   - first: The number of the pool's first server.
    ///   - book: Where servers are that have names, or were moved.
    /// - Returns: Its position; `nil`: none is there.
    func position(of token: RDPToken, from first: Int, _ book: AddressBook) -> Int? {
        if let position = positions[token], book.edition(of: first + position) == 0 {
            return position
        }
        let number = book.first(of: first..<first + serverCount) { RDPToken($0) == token }
        return number.map { $0 - first }
    }
}

extension RDPToken {
    /// Where a server is; `nil`: no token says that.
    fileprivate init?(_ address: StreamAddress) {
        guard case .ipv4(let four) = address else { return nil }
        self.init(ipv4: four.address, port: four.port)
    }
}
