internal import LinuxIO

/// How connections to a server are made; all of it stays as it is but the address, which names or an
/// operator may change, and the port, where that follows the client's.
struct Destination {
    private(set) var address: RawStreamAddress
    private(set) var family: Int32
    let isByName: Bool
    /// What is added to the client's port; `nil`: the address has the port.
    let portOffset: Int?
    /// Whether its address is the one that the client connected to.
    private(set) var isAnywhere: Bool
    /// Whether the client came by no address.
    private var isNowhere = false
    /// Which of the server's addresses this is.
    private(set) var edition: UInt32 = 0
    /// Whether connecting takes no call beyond those that every connection takes.
    let isPlain: Bool
    let hasHeader: Bool
    let connection: ConnectionPlan
    /// What encrypts connections; `nil`: nothing does.
    let security: (any ServerSecurity)?
    /// Milliseconds; 0: as the kernel has it.
    let userTimeout: Int32

    init(_ server: ServerPlan) {
        address = RawStreamAddress(server.address)
        family = server.address.family
        connection = server.connection
        security = server.connection.security
        isByName = server.isByName
        portOffset = server.portOffset
        isAnywhere = !server.isByName && server.address.isUnspecified
        hasHeader = server.connection.header != .none
        userTimeout = Int32(truncatingIfNeeded: milliseconds(server.connection.userTimeout))
        isPlain =
            server.address.isLocal
            || connection.source == .automatic && connection.interface == nil && userTimeout == 0
                && connection.keepAlive == nil && connection.congestionControl == nil
    }

    /// Takes the server's present address over.
    mutating func refresh(_ number: Int, from book: AddressBook) {
        let present = book.edition(of: number)
        guard present != edition, let moved = book.address(of: number) else { return }
        edition = present
        address = RawStreamAddress(moved)
        family = moved.family
        isAnywhere = moved.isUnspecified
        isNowhere = false
    }

    /// Whether where it is follows from where the client connected to.
    var followsClient: Bool { isAnywhere || portOffset != nil }

    /// Has the next connection go where it follows from what its client connected to.
    mutating func follow(_ end: IPEndpoint) {
        var port = address.port
        if let portOffset { port = UInt16(truncatingIfNeeded: Int(end.port) + portOffset) }
        isNowhere = isAnywhere && !end.isPresent
        if isAnywhere {
            address = RawStreamAddress(IPEndpoint(high: end.high, low: end.low, port: port))
            family = address.family
        } else {
            address.port = port
        }
    }

    /// Whether it is known where the server is: one that has a name is nowhere until that is found, and one
    /// that is where the client connected to for who came by a Unix socket.
    var hasAddress: Bool { !isNowhere && (!isByName || edition > 0) }

    /// Whether a socket of an earlier connection does as well as a new one.
    ///
    /// It has no options of its own, and the address that it was connected to is still the server's. Of
    /// one that ever was elsewhere nobody knows that.
    var takesSpareSockets: Bool {
        isPlain && isInternet && !isByName && !followsClient && edition == 0
    }

    /// Whether its socket is one of TCP, with a port of ours.
    var isInternet: Bool { family != 1 }  // AF_UNIX
}

extension StreamAddress {
    /// Its port at the address of an end.
    func moved(to end: IPEndpoint) -> StreamAddress {
        let port = RawStreamAddress(self).port
        return end.isIPv4
            ? .ipv4(SocketAddress(address: end.ipv4, port: port))
            : .ipv6(IPEndpoint(high: end.high, low: end.low, port: port))
    }
}
