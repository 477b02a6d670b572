/// A planned move of a virtual router.
public struct VirtualRouterOrder: Codable, Hashable, Sendable {
    /// Where its addresses are to go.
    public enum Change: String, Codable, Hashable, Sendable, CaseIterable {
        /// Away from this node.
        case release
        /// To this node.
        case takeover
    }

    /// The virtual router's name.
    public var name: String
    /// Where its addresses are to go.
    public var change: Change

    /// Makes an order.
    ///
    /// - Parameters:
    ///   - name: The virtual router's name.
    ///   - change: Where its addresses are to go.
    public init(name: String, change: Change) {
        self.name = name
        self.change = change
    }
}
