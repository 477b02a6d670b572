/// Why a probe cannot be made from the settings that were given.
@nonexhaustive public enum ProbeSettingsError: Error, Hashable, CustomStringConvertible {
    /// A part of an HTTP request holds what would end or forge another part.
    case notAllowedInRequest(part: String, value: String)
    /// The status text is not like `200-399,404`.
    case notAStatusSet(String)
    /// The certificates, keys or names given for TLS cannot be used.
    case tls(reason: String)
    /// The name cannot be asked for in DNS: a label is empty or over 63 bytes, or all over 255.
    case notADomainName(String)
    /// A script has no step.
    case emptyScript

    /// What is wrong, and what would be right.
    public var description: String {
        switch self {
        case .notAllowedInRequest(let part, let value):
            "\(part) \"\(value)\" of the HTTP request is empty or has a space, a line end or "
                + "another character that cannot be sent there"
        case .notAStatusSet(let text):
            "\"\(text)\" is not a set of HTTP statuses; give one such as 200-399,404"
        case .tls(let reason): "TLS cannot be set up for the check: \(reason)"
        case .notADomainName(let text):
            "\"\(text)\" is not a domain name; labels have 1 to 63 bytes, a name up to 253"
        case .emptyScript: "a check script needs at least one step"
        }
    }
}
