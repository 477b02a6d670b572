/// Where to go on looking at a balancer's connections.
public struct SessionPlace: Hashable, Sendable {
    /// The reactor, from 0.
    public var reactor: Int
    /// Its place for a connection, from 0.
    public var index: Int

    /// Makes a place.
    public init(reactor: Int = 0, index: Int = 0) {
        self.reactor = reactor
        self.index = index
    }
}

/// Names one connection, or flow of datagrams, for as long as it lasts.
///
/// A place is used again; 4 billion others have had it before the same name comes again.
public struct SessionIdentifier: Hashable, Sendable {
    /// Where it is kept.
    public var place: SessionPlace
    /// Tells it from those that had the place before, and will have it.
    public var generation: UInt32

    /// Makes a name.
    public init(place: SessionPlace, generation: UInt32) {
        self.place = place
        self.generation = generation
    }
}
