/// What a text is compared with.
public struct NameMatch: Hashable, Sendable, Codable {
    /// haproxy's `-m`.
    public enum Method: String, Hashable, Sendable, Codable, CaseIterable {
        /// The whole text.
        case exact = "str"
        /// How it begins.
        case beginning = "beg"
        /// How it ends.
        case end = "end"
        /// A part.
        case part = "sub"
        /// A part between slashes or question marks.
        case directory = "dir"
        /// A part between dots, colons, slashes or question marks.
        case domain = "dom"
        /// How many bytes it has.
        case length = "len"
        /// What an expression finds.
        case expression = "reg"
        /// The whole, written in hexadecimal digits.
        case binary = "bin"
        /// Whether there is one.
        case found = "found"
    }

    /// How it is compared.
    public var method: Method
    /// With what.
    public var text: String
    /// What the digits of ``Method/binary`` say.
    public var bytes: [UInt8] = []
    /// What ``Method/length`` has to be in, in bytes.
    public var lengths: ClosedRange<Int>?
    /// Whether capital and small letters are the same (`-i`).
    public var ignoresCase: Bool

    /// Makes a comparison.
    public init(_ method: Method, _ text: String, ignoresCase: Bool = false) {
        self.method = method
        self.text = text
        self.ignoresCase = ignoresCase
    }

    /// Makes a comparison of the length.
    init(lengths: ClosedRange<Int>) {
        self.init(.length, "")
        self.lengths = lengths
    }
}

extension NameMatch.Method {
    /// What a word stands between where whole words are compared.
    var delimiters: String {
        switch self {
        case .directory: "/?"
        case .domain: "/?.:"
        case .exact, .beginning, .end, .part, .length, .expression, .binary, .found: ""
        }
    }
}
