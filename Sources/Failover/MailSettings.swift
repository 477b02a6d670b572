/// How people are told of new states by mail.
public struct MailSettings: Hashable, Sendable {
    /// The program that sends one mail, and its arguments; subject and text are appended.
    public var program: [String]
    /// The node's name, which subjects begin with.
    public var nodeName: String
    /// Whether nothing is said about a router that can't take part (`no_email_faults`).
    public var omitsFaults = false

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - program: The program that sends one mail, and its arguments.
    ///   - nodeName: The node's name.
    public init(program: [String], nodeName: String) {
        self.program = program
        self.nodeName = nodeName
    }
}
