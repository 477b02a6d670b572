public import LinuxIO

/// What the address of an end is told to be (`set-src`, `set-dst`).
public enum AddressValue: Hashable, Sendable {
    /// This one; its port does not matter.
    case literal(IPEndpoint)
    /// That of an end.
    case end(ConnectionKey.End)
    /// The network of an end's.
    case network(of: ConnectionKey.End, AddressMask)
}

/// What the port of an end is told to be (`set-src-port`, `set-dst-port`).
public enum PortValue: Hashable, Sendable {
    /// This one.
    case literal(UInt16)
    /// That of an end.
    case end(ConnectionKey.End)
}
