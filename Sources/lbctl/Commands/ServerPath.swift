#if Program
/// A server as operators name it: `BACKEND/SERVER`.
struct ServerPath {
    let backend: String
    let server: String

    /// - Throws: `Failure` that says what it must be.
    init(_ text: String) throws(Failure) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw Failure(
                .badInput, "'\(text)': must be BACKEND/SERVER, 'http/web01' for example")
        }
        (backend, server) = (String(parts[0]), String(parts[1]))
    }
}
#endif
