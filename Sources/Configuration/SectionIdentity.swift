/// What tells a section from all others beside its name.
public struct SectionIdentity: Hashable, Sendable, Codable {
    /// Where it stands among all sections but `defaults`, from 1; 0: in no file.
    public var position = 0
    /// Its own number, 1 or more (`id`); `nil`: that of its position, or the next free one.
    public var number: Int?
    /// Its name among all sections and servers that have one (`guid`); `nil`: none.
    public var guid: String?

    /// Makes the identity of a section that says nothing of itself.
    public init(position: Int = 0) { self.position = position }
}

/// What a server's places on a circle of hashes follow from; haproxy's names.
public enum ServerHashKey: String, Hashable, Sendable, Codable, CaseIterable {
    /// Its number, of which the lower 20 bits count.
    case number = "id"
    /// Its number, all of it.
    case wholeNumber = "id32"
    /// Its `guid`.
    case guid
    /// Its address.
    case address = "addr"
    /// Its address and port.
    case addressAndPort = "addr-port"
}
