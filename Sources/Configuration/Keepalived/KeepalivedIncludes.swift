import Glibc

/// The files of one reading: the one that the user named, and those that it includes.
///
/// `include` names paths, or patterns of the shell, from the including file's folder.
/// keepalived.conf(5), "INCLUDES".
struct KeepalivedIncludes {
    /// No set of files has reason to be larger.
    static let fileLimit = 1000
    /// glob(3) makes every pattern that braces stand for, and calls itself for each brace.
    private static let braceLimit = 64

    /// What is an error of an `include` beside a file that can't be read.
    private struct Checks: OptionSet {
        let rawValue: Int

        /// No file matches, and the pattern has no wildcard.
        static let match = Checks(rawValue: 1)
        /// No file matches a wildcard.
        static let wildcard = Checks(rawValue: 2)
        /// An alternative in braces matches no file.
        static let brace = Checks(rawValue: 4)
    }

    /// The names of the files, by their number in positions.
    private(set) var files: [String]
    /// The files of readings before, and the one that this one begins with: not to be read again.
    private let known: Set<String>
    /// The numbers of those that are being read, each included by the one before.
    private var beingRead: [Int] = []
    /// Whether a file could not be read.
    private(set) var isIncomplete = false
    private let waits: Bool
    private var checks: Checks = []
    /// What was checked before each file that is open.
    private var outerChecks: [Int: Checks] = [:]

    /// Begins with a file.
    ///
    /// - Parameters:
    ///   - file: Its name.
    ///   - known: The files that were read before, which may not be included.
    ///   - waits: Whether a pipe among the files is waited for.
    init(of file: String, known: Set<String>, waits: Bool) {
        files = [file]
        self.known = known.union([file])
        self.waits = waits
    }

    /// Whether a line with this keyword includes files, or says what is an error of that.
    func knows(_ word: Word) -> Bool { word.text == "include_check" || Self.own(word) != nil }

    /// What the letter after `include` checks.
    private static func own(_ word: Word) -> Checks? {
        switch word.text {
        case "include", "includer": []
        case "includem": .match
        case "includew": .wildcard
        case "includeb": .brace
        case "includea": [.match, .wildcard, .brace]
        default: nil
        }
    }

    /// The folder that a file is in, absolute.
    func folder(of source: Int) -> String {
        let parts = files[source].split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let folder = parts.joined(separator: "/")
        guard !files[source].hasPrefix("/") else { return folder.isEmpty ? "/" : folder }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil else { return folder }
        let current = String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return folder.isEmpty ? current : "\(current)/\(folder)"
    }

    /// Reads what a line includes.
    ///
    /// - Parameters:
    ///   - line: The words of the line.
    ///   - remarks: What there is to say.
    /// - Returns: The files by their numbers, each to be closed after it was taken in.
    mutating func open(
        _ line: [Word], _ remarks: inout [Remark]
    ) -> [(source: Int, text: SourceText)] {
        guard let keyword = line.first, let own = Self.own(keyword) else {
            setChecks(line.dropFirst(), &remarks)
            return []
        }
        guard let pattern = line.dropFirst().first else {
            remarks.append(
                .error(
                    "\(keyword.text.quoted) needs the path of a file, or a pattern",
                    at: keyword.position))
            return []
        }
        guard pattern.text.utf8.count(where: { $0 == UInt8(ascii: "{") }) <= Self.braceLimit,
            Self.alternativeCount(of: pattern.text) <= Self.fileLimit
        else {
            remarks.append(
                .error(
                    "\(keyword.text.quoted): the pattern may have \(Self.braceLimit) braces, which"
                        + " stand for \(Self.fileLimit) patterns at most", at: pattern.position))
            return []
        }
        let folder = files[keyword.position.source].split(
            separator: "/", omittingEmptySubsequences: false
        ).dropLast().joined(separator: "/")
        var opened: [(Int, SourceText)] = []
        for alternative in alternatives(of: pattern.text, checks.union(own)) {
            let paths = Self.paths(of: alternative, in: folder)
            if paths.isEmpty { complain(of: alternative, pattern, checks.union(own), &remarks) }
            for path in paths {
                do throws(Remark) {
                    opened.append(try read(path, at: pattern.position))
                } catch { remarks.append(error) }
            }
        }
        return opened
    }

    /// Begins with a file that was opened: until it is closed, it may not be included.
    mutating func begin(_ source: Int) { beingRead.append(source) }

    /// Goes back to what was checked before a file, whose own rules end with it.
    mutating func close(_ source: Int) {
        checks = outerChecks.removeValue(forKey: source) ?? checks
        beingRead.removeLast()
    }

    private mutating func read(
        _ path: String, at position: Position
    ) throws(Remark) -> (Int, SourceText) {
        // In two places a file may stand, as in keepalived.
        guard !known.contains(path), !beingRead.contains(where: { files[$0] == path }) else {
            throw .error(
                "\(path.quoted) is being read already, or was given by its name: take the include out",
                at: position)
        }
        guard files.count < Self.fileLimit else {
            throw .error("more than \(Self.fileLimit) files", at: position)
        }
        let source = files.count
        files.append(path)
        outerChecks[source] = checks
        do {
            let input = try InputFile(reading: path, waits: waits)
            do throws(Remark) {
                return (source, try SourceText(decoding: input.bytes))
            } catch {
                isIncomplete = true
                throw error.moved(to: source)
            }
        } catch let error as Diagnostic {
            isIncomplete = true
            throw .error(error.message, at: Position(source: source, line: 1, column: 1))
        } catch let error as Remark {
            throw error
        } catch { preconditionFailure("a file is read or refused in one of two ways") }
    }

    /// How many patterns braces stand for, or more where some are only text; counted up to one more
    /// than there may be.
    private static func alternativeCount(of pattern: String) -> Int {
        func capped(_ count: Int) -> Int { min(count, fileLimit + 1) }
        // For each brace that is open: what its alternatives so far and the one at hand come to.
        var open: [(sum: Int, product: Int)] = [(0, 1)]
        for byte in pattern.utf8 {
            let last = open[open.count - 1]
            switch byte {
            case UInt8(ascii: "{"): open.append((0, 1))
            case UInt8(ascii: ",") where open.count > 1:
                open[open.count - 1] = (capped(last.sum + last.product), 1)
            case UInt8(ascii: "}") where open.count > 1:
                open.removeLast()
                open[open.count - 1].product = capped(
                    open[open.count - 1].product * (last.sum + last.product))
            default: break
            }
        }
        return open.reduce(1) { capped($0 * ($1.sum + $1.product)) }
    }

    /// The patterns that braces stand for, where each has to match.
    private func alternatives(of pattern: String, _ checks: Checks) -> [String] {
        guard checks.contains(.brace), let open = pattern.firstIndex(of: "{"),
            let end = pattern[open...].firstIndex(of: "}")
        else { return [pattern] }
        let (head, tail) = (pattern[..<open], pattern[pattern.index(after: end)...])
        return pattern[pattern.index(after: open)..<end]
            .split(separator: ",", omittingEmptySubsequences: false)
            .map { "\(head)\($0)\(tail)" }
    }

    private func complain(
        of pattern: String, _ word: Word, _ checks: Checks, _ remarks: inout [Remark]
    ) {
        let hasWildcard = pattern.contains { "*?[".contains($0) }
        let isError =
            hasWildcard ? checks.contains(.wildcard) : !checks.isDisjoint(with: [.match, .brace])
        let message = "no file matches \(pattern.quoted)"
        remarks.append(
            isError
                ? .error(message, at: word.position)
                : .warning("\(message): nothing is read here", at: word.position))
    }

    /// `include_check [[+|-]OPTION …]`.
    private mutating func setChecks(_ options: ArraySlice<Word>, _ remarks: inout [Remark]) {
        let all: Checks = [.match, .wildcard, .brace]
        guard !options.isEmpty else { return checks = all }
        let isRelative = options.allSatisfy { $0.text.hasPrefix("+") || $0.text.hasPrefix("-") }
        var next = isRelative ? checks : []
        for option in options {
            let name = option.text.drop { $0 == "+" || $0 == "-" }
            let known: [Substring: Checks] = [
                "readable": [], "match": .match, "wildcard_match": .wildcard,
                "brace_match": .brace,
            ]
            guard let check = known[name] else {
                remarks.append(
                    .error(
                        "include_check \(option.text.quoted): must be readable, match,"
                            + " wildcard_match or brace_match", at: option.position))
                continue
            }
            if option.text.hasPrefix("-") { next.subtract(check) } else { next.formUnion(check) }
        }
        checks = next
    }

    /// The paths that a pattern matches, in alphabetical order.
    ///
    /// `glob(3)`.
    private static func paths(of pattern: String, in folder: String) -> [String] {
        let full = !pattern.hasPrefix("/") && !folder.isEmpty ? folder + "/" + pattern : pattern
        guard !full.utf8.contains(0) else { return [] }
        var matches = glob_t()
        defer { globfree(&matches) }
        guard glob(full, GLOB_BRACE, nil, &matches) == 0 else { return [] }
        return (0..<Int(matches.gl_pathc)).compactMap { index in
            matches.gl_pathv[index].map { String(cString: $0) }
        }
    }

    /// The host's name up to its first dot, keepalived's name of the node in `@NAME` lines.
    static var hostIdentity: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
        let name = bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: name.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
    }
}

extension Remark {
    /// The same about another file.
    fileprivate func moved(to source: Int) -> Remark {
        var position = position
        position.source = source
        return Remark(
            severity: severity, position: position, message: message, suggestion: suggestion)
    }
}
