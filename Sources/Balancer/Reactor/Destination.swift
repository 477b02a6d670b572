internal import LinuxIO

/// How connections to a server are made; all of it stays as it is but the address, which names or an
/// operator may change, and the port, where that follows the client's.
struct Destination {
    private(set) var address: RawStreamAddress
    private(set) var family: Int32
    let isByName: Bool
    /// What is added to the client's port; `nil`: the address has the port.
    let portOffset: Int?
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
    }

    /// Has the next connection go to the port that follows from the client's.
    mutating func follow(clientPort: UInt16, by offset: Int) {
        address.port = UInt16(truncatingIfNeeded: Int(clientPort) + offset)
    }

    /// Whether it is known where the server is: one that has a name is nowhere until that is found.
    var hasAddress: Bool { !isByName || edition > 0 }

    /// Whether a socket of an earlier connection does as well as a new one.
    ///
    /// It has no options of its own, and the address that it was connected to is still the server's. Of
    /// one that ever was elsewhere nobody knows that.
    var takesSpareSockets: Bool {
        isPlain && isInternet && !isByName && portOffset == nil && edition == 0
    }

    /// Whether its socket is one of TCP, with a port of ours.
    var isInternet: Bool { family != 1 }  // AF_UNIX
}
