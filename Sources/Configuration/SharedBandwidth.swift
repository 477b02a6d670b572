/// Which way bytes pass.
public enum TransferDirection: Hashable, Sendable, Codable {
    /// From the client to the server (`bwlim-in`).
    case upload
    /// From the server to the client (`bwlim-out`).
    case download
}

/// A bandwidth that connections share (`filter bwlim-in NAME limit SIZE key KEY [table NAME]`).
public struct SharedBandwidth: Hashable, Sendable, Codable {
    /// Which of a connection's shares of its direction it is, 0 to ``mostOfSection`` - 1 of a frontend, and as
    /// many from there on of a backend.
    public var number: Int
    /// Which way.
    public var direction: TransferDirection
    /// What of a connection is the key.
    public var key: ConnectionKeyName
    /// The table's name.
    public var tableName: String
    /// Bytes that may pass within the period over which the table counts them, from 1.
    public var byteCount: Int
    /// Bytes that may pass at a time (`min-size`); 0: as suits the limit.
    public var leastByteCount = 0

    /// How many of a direction a section can have.
    public static let mostOfSection = 2

    /// Makes settings.
    public init(
        number: Int, direction: TransferDirection, key: ConnectionKeyName, tableName: String,
        byteCount: Int
    ) {
        self.number = number
        self.direction = direction
        self.key = key
        self.tableName = tableName
        self.byteCount = byteCount
    }
}
