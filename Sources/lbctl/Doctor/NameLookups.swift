#if Program
internal import Glibc
internal import LinuxIO
internal import Synchronization

/// Asks the host's resolver for names, each on a thread of its own: it may take as long as it likes.
enum NameLookups {
    /// Asks for names.
    ///
    /// - Parameters:
    ///   - names: The names.
    ///   - limit: How long to wait for all.
    /// - Returns: For each whether it has an address; `nil`: no answer in time. getaddrinfo(3).
    static func ask(for names: Set<String>, within limit: Duration) -> [String: Bool?] {
        guard !names.isEmpty else { return [:] }
        let answers = Answers()
        for name in names {
            // Without a thread it stays without an answer.
            try? LinuxIO.Thread(name: "doctor") { answers.note(isKnown(name), of: name) }.detach()
        }
        let deadline = MonotonicInstant.now + limit
        while answers.known.count < names.count, MonotonicInstant.now < deadline {
            LinuxIO.Thread.sleep(for: .milliseconds(2))
        }
        let known = answers.known
        return Dictionary(uniqueKeysWithValues: names.map { ($0, known[$0]) })
    }

    private static func isKnown(_ name: String) -> Bool {
        var wishes = addrinfo()
        wishes.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &wishes, &found) == 0 else { return false }
        freeaddrinfo(found)
        return true
    }

    private final class Answers: Sendable {
        private let values = Mutex<[String: Bool]>([:])
        var known: [String: Bool] { values.withLock { $0 } }
        func note(_ isKnown: Bool, of name: String) { values.withLock { $0[name] = isKnown } }
    }
}

/// What another thread was refused.
final class Refusal: Sendable {
    private let value = Mutex<String?>(nil)
    var text: String? { value.withLock { $0 } }
    func note(_ text: String) { value.withLock { $0 = text } }
}
#endif
