/// Where mail about new states goes: `notification_email` and `smtp_…` in keepalived's language.
public struct MailConfiguration: Hashable, Sendable, Codable {
    /// The server's address or name.
    public var server: String
    /// The server's port.
    public var port: UInt16 = 25
    /// The name that the server is greeted with; `nil`: the host's.
    public var heloName: String?
    /// Who it comes from; `nil`: `keepalived@` and the host's name.
    public var sender: String?
    /// Who gets it.
    public var recipients: [String]
    /// How long connecting, and each answer, may take.
    public var timeout = Duration.seconds(30)
    /// Whether nothing is said about a router that can't take part.
    public var omitsFaults = false

    /// Makes keepalived's defaults.
    ///
    /// - Parameters:
    ///   - server: The server's address or name.
    ///   - recipients: Who gets it.
    public init(server: String, recipients: [String]) {
        self.server = server
        self.recipients = recipients
    }
}
