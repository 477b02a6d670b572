import Glibc

/// What names of environment variables stand for.
struct Environment: Sendable {
    /// The variables; `nil`: this process's.
    let variables: [String: String]?

    /// `getenv(3)`; what is no text counts as nothing.
    subscript(name: String) -> String? {
        if let variables { return variables[name] }
        return getenv(name).flatMap { String(validatingCString: $0) }
    }
}
