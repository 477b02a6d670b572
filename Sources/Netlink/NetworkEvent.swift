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
    /// The kernel dropped notifications: what differs now was reported before, and what came and went
    /// meanwhile never is.
    case resynchronized
    /// The monitor can't see the network for now and tries again; what it knows may be outdated.
    case impaired(NetlinkError)
    /// The monitor sees the network again, after ``resynchronized``.
    case recovered
}
