/// Words as texts of YAML: what ``NativeReader`` reads again as the same words.
enum NativeText {
    /// Words as a value: plain, or in quotes where it is one word and YAML needs them.
    ///
    /// - Returns: The text; `nil` where these words cannot begin or make up a value.
    static func value(_ words: ArraySlice<Word>) -> String? {
        guard !words.contains(where: { $0.text.unicodeScalars.contains(.maskedAsterisk) }) else {
            return nil
        }
        guard words.count == 1, let word = words.first else { return line(words) }
        guard !word.needsQuotes else { return word.inYAMLQuotes }
        return line(words) ?? (word.mayBeQuoted ? word.inYAMLQuotes : nil)
    }

    /// Words as a key, without its colon.
    ///
    /// YAML 1.2.2, section 7.4.2: a key on one line with its value has at most 1,024 characters.
    static func key(_ words: ArraySlice<Word>) -> NativeNode.Key? {
        guard let first = words.first, let text = value(words), text.unicodeScalars.count <= 1024
        else { return nil }
        return NativeNode.Key(text: text, name: text.hasPrefix("\"") ? first.text : text)
    }

    /// Words as one plain text.
    private static func line(_ words: ArraySlice<Word>) -> String? {
        var texts: [String] = []
        for word in words {
            guard let text = word.inLine else { return nil }
            texts.append(text)
        }
        let text = texts.joined(separator: " ")
        return isPlain(text) ? text : nil
    }

    /// Whether YAML takes words as they stand, which have no colon or mark of a comment that it would see.
    ///
    /// YAML 1.2.2, section 7.3.3; `=` and `<<` mean something to parsers of YAML 1.1.
    private static func isPlain(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        guard let first = scalars.first, scalars.last != " ",
            !["null", "~", "=", "<<"].contains(text)
        else { return false }
        switch first {
        case "-", "?", ":": if scalars.count == 1 || scalars[1] == " " { return false }
        case ",", "[", "]", "{", "}", "#", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`":
            return false
        default: break
        }
        return true
    }
}

extension Word {
    /// Whether its quotes may mean something: a word of these characters alone is the same without.
    var needsQuotes: Bool {
        guard isQuoted, let first = text.unicodeScalars.first, first != "-" else { return isQuoted }
        return !text.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9": true
            case "_", ".", "/", ":", ",", "+", "=", "@", "%", "-", "*", "[", "]": true
            default: false
            }
        }
    }

    /// Whether quotes around it would change nothing.
    var mayBeQuoted: Bool {
        if isQuoted { return true }
        return !text.hasPrefix("-")
            && !text.unicodeScalars.contains { $0.isBlank || "\"'\\{}".unicodeScalars.contains($0) }
    }

    /// The word as a part of plain text; `nil` if there is no way to write it there.
    fileprivate var inLine: String? {
        guard text.unicodeScalars.allSatisfy(\.isPrintable) else { return nil }
        if needsQuotes || text.isEmpty { return inLineQuotes }
        guard !text.hasSuffix(":") else { return mayBeQuoted ? inLineQuotes : nil }
        return inLineEscapes
    }

    /// Between quotes of the line; a blank after a colon and a mark after a blank are YAML's otherwise.
    private var inLineQuotes: String {
        var written = "\""
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": written += "\\n"
            case "\r": written += "\\r"
            case "\t": written += "\\t"
            case "\"", "\\": written += "\\\(scalar)"
            case " " where previous == ":": written += "\\ "
            case "#" where previous == " ": written += "\\#"
            default: written.unicodeScalars.append(scalar)
            }
            previous = scalar
        }
        return written + "\""
    }

    /// Without quotes, and with a backslash where the language needs one.
    private var inLineEscapes: String {
        let scalars = Array(text.unicodeScalars)
        var written = ""
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "\n": written += "\\n"
            case "\r": written += "\\r"
            case "\t": written += "\\t"
            case "\"", "'", " ": written += "\\\(scalar)"
            case "#" where index == 0 || scalars[index - 1] == " ": written += "\\#"
            case "\\" where index + 1 == scalars.count || scalars[index + 1].isEscapable:
                written += "\\\\"
            default: written.unicodeScalars.append(scalar)
            }
        }
        return written
    }

    /// Between YAML's quotes, in which every character can be written.
    fileprivate var inYAMLQuotes: String {
        var written = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": written += "\\n"
            case "\r": written += "\\r"
            case "\t": written += "\\t"
            case "\"", "\\": written += "\\\(scalar)"
            case _ where !scalar.isPrintable:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                written += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            default: written.unicodeScalars.append(scalar)
            }
        }
        return written + "\""
    }
}

extension Unicode.Scalar {
    /// Stands for '*' where Yams reads: the one character that no text of native YAML can have.
    ///
    /// So Yams sees no alias, and no few lines make it go round in what they multiply.
    static let maskedAsterisk: Unicode.Scalar = "\u{FFFC}"

    /// Whether it can stand in a text of YAML, or a backslash and a letter can for it.
    var isPrintable: Bool {
        switch value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0xA1...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE,
            0xFF00...0xFFFB, 0xFFFD, 0x1_0000...0x10_FFFF:
            true
        default: false
        }
    }

    /// Whether a backslash before it would mean something else than itself.
    fileprivate var isEscapable: Bool {
        switch self {
        case "n", "r", "t", "x", "\\", "\"", "'", "#", "!", "$", "{", "}": true
        default: isBlank
        }
    }
}
