/// The environment as the lines of haproxy's files see it, which `setenv` and so on change for those
/// after them.
///
/// haproxy's configuration manual, sections 2.3 and 3.1.
struct HAProxyEnvironment: Sendable {
    /// The length of a value, and of all that variables add to one line, in bytes: values that are made
    /// of each other double with each line.
    static let mostBytes = 65_536
    /// The keywords that change it.
    static let keywords = ["presetenv", "resetenv", "setenv", "unsetenv"]

    private let outer: Environment
    /// What lines said; `nil`: nothing any more.
    private var own: [String: String?] = [:]
    /// The names that are left of the outer environment; `nil`: all.
    private var left: Set<String>?
    private var isInGlobal = false
    /// How many bytes variables have put into the lines of all files; no more than a file may have.
    var addedByteCount = 0

    init(_ outer: Environment) { self.outer = outer }

    subscript(name: String) -> String? {
        if let value = own[name] { return value }
        return left?.contains(name) == false ? nil : outer[name]
    }

    /// Begins with another file, whose first line is outside of any section.
    mutating func beginFile() { isInGlobal = false }

    /// Takes in a line.
    ///
    /// - Returns: Whether the line changes the environment, so that nothing else reads it.
    mutating func take(_ words: [Word]) throws(Remark) -> Bool {
        guard let keyword = words.first else { return false }
        if HAProxyReader.allSections.contains(keyword.text) {
            isInGlobal = keyword.text == "global"
        }
        guard isInGlobal, Self.keywords.contains(keyword.text) else { return false }
        let names = words.dropFirst().map(\.text)
        switch keyword.text {
        case "unsetenv": for name in names { own.updateValue(nil, forKey: name) }
        case "resetenv":
            own = own.filter { names.contains($0.key) }
            left = Set(names).intersection(left ?? Set(names))
        default:
            guard names.count == 2 else {
                throw .error(
                    "\(keyword.text.quoted) needs a name and a value, in quotes where it has spaces",
                    at: keyword.position)
            }
            guard names[1].utf8.count <= Self.mostBytes else {
                throw .error(
                    "\(keyword.text.quoted): the value is longer than \(Self.mostBytes) bytes",
                    at: keyword.position)
            }
            if keyword.text == "setenv" || self[names[0]] == nil { own[names[0]] = names[1] }
        }
        return true
    }

    /// Variables that haproxy itself sets.
    static let ofHAProxy: Set<String> = [
        "HAPROXY_CFGFILES", "HAPROXY_CLI", "HAPROXY_LOCALPEER", "HAPROXY_MASTER_CLI",
        "HAPROXY_MWORKER", "HAPROXY_STARTUP_VERSION",
    ]
}
