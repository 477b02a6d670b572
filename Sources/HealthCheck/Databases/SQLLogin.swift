/// Who logs in to a database for a check.
public struct SQLLogin: Hashable, Sendable {
    /// The user.
    public let user: String
    /// The password; may be empty.
    public let password: String
    /// The database; `nil`: the server's choice.
    public let database: String?

    /// Makes a login; what follows a byte 0 in a text is left out, as both protocols end there.
    ///
    /// - Parameters:
    ///   - user: The user.
    ///   - password: The password.
    ///   - database: The database.
    public init(user: String, password: String, database: String? = nil) {
        self.user = String(user.prefix { $0 != "\0" })
        self.password = password
        self.database = database.map { String($0.prefix { $0 != "\0" }) }
    }
}

extension SQLLogin: CustomStringConvertible {
    /// The user and the database; never the password.
    public var description: String { "\(user)@\(database ?? "")" }
}
