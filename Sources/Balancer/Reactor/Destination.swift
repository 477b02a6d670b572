internal import LinuxIO

/// What never changes about the connections to a server.
struct Destination {
    let address: RawStreamAddress
    let family: Int32
    /// Whether connecting takes no call beyond those that every connection takes.
    let isPlain: Bool
    let hasHeader: Bool
    let connection: ConnectionPlan
    /// Milliseconds; 0: as the kernel has it.
    let userTimeout: Int32

    init(_ server: ServerPlan) {
        address = RawStreamAddress(server.address)
        family = server.address.family
        connection = server.connection
        hasHeader = server.connection.header != .none
        userTimeout = Int32(truncatingIfNeeded: milliseconds(server.connection.userTimeout))
        isPlain =
            server.address.isLocal
            || connection.source == .automatic && connection.interface == nil && userTimeout == 0
    }

    /// Whether its socket is one of TCP, with a port of ours.
    var isInternet: Bool { family != 1 }  // AF_UNIX
}
