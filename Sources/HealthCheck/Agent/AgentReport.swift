/// What an agent on a server asks for, in one line (haproxy's agent check).
///
/// `up 75% maxconn:30`: words separated by spaces, tabs or commas; of several of one kind the last
/// one counts. What a line does not name stays as it is.
public struct AgentReport: Hashable, Sendable, Codable {
    /// What the agent says of the server's health.
    public enum Health: String, Hashable, Sendable, Codable {
        /// `up`: the server may be used as far as the agent goes.
        case up
        /// `down`: it must not.
        case down
        /// `fail`, as `down`.
        case fail
        /// `stopped`, as `down`.
        case stopped

        /// Whether the server may be used.
        public var isUp: Bool { self == .up }
    }

    /// What the agent says of the server's administration.
    public enum Administration: String, Hashable, Sendable, Codable {
        /// Takes clients.
        case ready
        /// Takes no new clients.
        case drain
        /// Takes no clients, and is not checked.
        case maintenance = "maint"
    }

    /// What the agent says of the server's health.
    public var health: Health?
    /// What the agent says of the server's administration.
    public var administration: Administration?
    /// The weight in percent of the configured one, 0 to 100; may be over it, up to 25600.
    public var weightPercent: Int?
    /// The weight as such, 0 to 256.
    public var weight: Int?
    /// The greatest number of connections.
    public var maximumConnections: Int?
    /// The rest of the line after `#`: why.
    public var reason = ""
    /// Words that say nothing to us; they change nothing.
    public var unknownWords: [String] = []

    /// Reads the first line of what an agent sent.
    ///
    /// - Parameter text: What it sent, up to a line end or the end.
    public init(line text: some StringProtocol) {
        // By scalars: to Swift CR LF is one character.
        var words = String.UnicodeScalarView()
        var note: String.UnicodeScalarView?
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\r" || scalar == "\0" { break }
            if scalar == "#", note == nil {
                note = String.UnicodeScalarView()
            } else if note != nil {
                note?.append(scalar)
            } else {
                words.append(scalar)
            }
        }
        for word in String(words).split(whereSeparator: { " \t,".contains($0) }) {
            take(String(word))
        }
        reason = String(String(note ?? .init()).drop { " \t".contains($0) })
    }

    /// Whether nothing in the line said anything.
    public var isEmpty: Bool {
        health == nil && administration == nil && weightPercent == nil && weight == nil
            && maximumConnections == nil
    }

    private mutating func take(_ word: String) {
        let lower = word.lowercased()
        if let health = Health(rawValue: lower) {
            self.health = health
        } else if let administration = Administration(rawValue: lower) {
            self.administration = administration
        } else if lower.hasPrefix("weight:") {
            takeWeight(lower.dropFirst(7), of: word)
        } else if lower.hasPrefix("maxconn:") {
            guard let count = Self.number(lower.dropFirst(8), upTo: Int(Int32.max)) else {
                return unknownWords.append(word)
            }
            maximumConnections = count
        } else if lower.hasSuffix("%") {
            takeWeight(lower[...], of: word)
        } else {
            unknownWords.append(word)
        }
    }

    private mutating func takeWeight(_ text: Substring, of word: String) {
        if text.hasSuffix("%"), let percent = Self.number(text.dropLast(), upTo: 25_600) {
            weightPercent = percent
            weight = nil
        } else if let number = Self.number(text, upTo: 256) {
            weight = number
            weightPercent = nil
        } else {
            unknownWords.append(word)
        }
    }

    /// Digits only: `Int` would take a sign.
    private static func number(_ text: Substring, upTo limit: Int) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
            number <= limit
        else { return nil }
        return number
    }
}

extension AgentReport {
    /// Whether it asks for a share, and another one than an earlier report did.
    func asksOtherShare(than earlier: AgentReport?) -> Bool {
        weightPercent != nil && weightPercent != earlier?.weightPercent
            || weight != nil && weight != earlier?.weight
    }

    /// Whether it asks for a limit of connections, and another one than an earlier report did.
    func asksOtherLimit(than earlier: AgentReport?) -> Bool {
        maximumConnections != nil && maximumConnections != earlier?.maximumConnections
    }

    /// The limit of connections alone, and all the rest.
    public var parts: (limit: AgentReport, rest: AgentReport) {
        var (limit, rest) = (AgentReport(line: ""), self)
        (limit.maximumConnections, rest.maximumConnections) = (maximumConnections, nil)
        return (limit, rest)
    }

    /// What all reports of an agent come to: this one, and of the earlier ones what it does not name.
    func added(to earlier: AgentReport?) -> AgentReport {
        guard let earlier else { return self }
        var sum = self
        sum.health = health ?? earlier.health
        sum.administration = administration ?? earlier.administration
        sum.maximumConnections = maximumConnections ?? earlier.maximumConnections
        if weight == nil, weightPercent == nil {
            (sum.weight, sum.weightPercent) = (earlier.weight, earlier.weightPercent)
        }
        return sum
    }
}
