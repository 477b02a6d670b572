/// A change of the network that a monitor saw.
public enum NetworkEvent: Hashable, Sendable {
    /// A link is new, or something about it changed: its state, its name, its address.
    case linkChanged(Link)
    /// A link is gone; its addresses were reported as removed before.
    case linkRemoved(index: Int32, name: String)
    /// An address is new, or something about it changed other than its remaining lifetime.
    case addressAdded(InterfaceAddress)
    /// An address is gone, as it was last known; its coming may not have been told of.
    case addressRemoved(InterfaceAddress)
    /// The monitor can't see the network for now and tries again; what it knows may be outdated.
    case impaired(NetlinkError)
    /// The monitor sees the network again; the changes that it missed were reported before.
    case recovered
}
