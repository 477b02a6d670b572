import Expressions
import Glibc

extension Arguments {
    /// One of a few words, as the value that it stands for.
    mutating func choice<Value>(of values: [String: Value]) throws(Remark) -> Value {
        let words = values.keys.sorted()
        let word = try next("one of \(words.joined(separator: ", "))")
        if let value = values[word.text] { return value }
        throw .error(
            "\(label) \(word.text.quoted): must be \(words.joined(separator: " or "))",
            at: word.position, suggestion: words.nearest(to: word.text))
    }

    /// A name to ask for by SNI; an expression that has no place here says so.
    mutating func serverName() throws(Remark) -> String {
        try next("a server's name").serverName(of: label)
    }

    /// Names of protocols, separated by commas.
    mutating func applicationProtocols() throws(Remark) -> [String] {
        let word = try next("protocols such as http/1.1")
        let names = word.text.split(separator: ",", omittingEmptySubsequences: false).map(
            String.init)
        guard names.allSatisfy({ (1...255).contains($0.utf8.count) }) else {
            throw .error(
                "\(label) \(word.text.quoted): must be names separated by commas, such as"
                    + " h2,http/1.1", at: word.position)
        }
        return names
    }

    /// A password that is written here, or stands in the first line of a file.
    mutating func password(fromFile: Bool) throws(Remark) -> String {
        guard fromFile else { return try next("a password").text }
        let path = try next("the path of a file")
        let bytes = try path.contents(of: label, limit: 4096)
        let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
        guard !line.isEmpty else {
            throw .error(
                "\(label) \(path.text.quoted): its first line is empty, and is to be the password",
                at: path.position)
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Hexadecimal digits as bytes.
    mutating func hexBytes() throws(Remark) -> [UInt8] {
        try next("hexadecimal digits").hexBytes(of: label)
    }

    /// A regular expression that compiles.
    mutating func expression() throws(Remark) -> String {
        let word = try next("a regular expression")
        do { _ = try RegularExpression(word.text) } catch {
            throw .error(
                "\(label) \(word.text.quoted): not a regular expression: \(error)",
                at: word.position)
        }
        return word.text
    }

    /// A word that is taken as it is; what haproxy would replace in it is refused.
    mutating func literal(_ what: String) throws(Remark) -> String {
        let word = try next(what)
        guard !word.text.contains("%[") else {
            throw .error(
                "\(label) \(word.text.quoted): expressions (%[…]) are known but not implemented"
                    + " yet; write the text itself", at: word.position)
        }
        return word.text
    }
}

extension Word {
    /// What is in the file that the word names; read with this process's rights, since the one that
    /// checks may have fewer.
    func contents(of what: String, limit: Int) throws(Remark) -> [UInt8] {
        let file: InputFile
        do throws(Diagnostic) { file = try InputFile(reading: text, waits: false) } catch {
            throw .error("\(what) \(text.quoted): \(error.message)", at: position)
        }
        guard file.bytes.count <= limit else {
            throw .error("\(what) \(text.quoted): longer than \(limit) bytes", at: position)
        }
        return file.bytes
    }

    /// The word as a server's name; `label` says what needs it, for the complaint.
    func serverName(of label: String) throws(Remark) -> String {
        let isName =
            !text.isEmpty && text.utf8.count < 254
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
        // NIOSSL and RFC 6066 §3 refuse an address.
        let isAddress = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
        guard isName, !isAddress else {
            throw .error(
                "\(label) \(text.quoted): must be a name such as www.example.org", at: position)
        }
        return text
    }

    /// The word as a program to run.
    func program(of what: String) throws(Remark) -> String {
        guard text.hasPrefix("/") else {
            throw .error("\(what) \(text.quoted): must be an absolute path", at: position)
        }
        guard access(text, X_OK) == 0 else {
            throw .error(
                "\(what) \(text.quoted): \(String(cString: strerror(errno)))", at: position)
        }
        return text
    }
}

extension Word {
    /// The word's hexadecimal digits as bytes; `label` says what needs them, for the complaint.
    func hexBytes(of label: String) throws(Remark) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2), !digits.isEmpty else {
            throw .error(
                "\(label) \(text.quoted): must be pairs of hexadecimal digits, such as 50494e47",
                at: position)
        }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }
}
