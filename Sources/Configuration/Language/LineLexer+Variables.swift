extension LineLexer {
    /// `$NAME`, `${NAME}`, `${NAME-DEFAULT}` or `${NAME[*]}`, whose value is words of their own.
    ///
    /// haproxy's configuration manual, section 2.3. What stands for a name is text: no quotes, escapes
    /// or names in it are looked at, nor in a default.
    ///
    /// - Returns: Whether it could be read; otherwise a remark says why not.
    mutating func variable(
        from environment: HAProxyEnvironment, into text: inout String.UnicodeScalarView
    ) -> Bool {
        let start = position
        index += 1
        let isBraced = current == "{"
        if isBraced { index += 1 }
        let name = take { $0 == "_" || $0.isLetterOrDigit }
        guard let first = name.unicodeScalars.first, !("0"..."9").contains(first) else {
            let isPseudo = name.isEmpty && current == "."
            return refuse(
                isPseudo
                    ? "the variables .FILE, .LINE and .SECTION are known but not implemented yet"
                    : "'$' needs the name of a variable, as in ${NAME}; \\$ is the sign itself",
                at: start)
        }
        var value = environment[name]
        var isList = false
        if isBraced {
            if line.scalars[index...].starts(with: "[*]".unicodeScalars) {
                isList = true
                index += 3
            }
            if current == "-" {
                index += 1
                let fallback = take { $0 != "}" }
                value = value ?? fallback
            }
            guard current == "}" else {
                return refuse(
                    "this brace is not closed: it must be ${NAME}, ${NAME-DEFAULT} or ${NAME[*]}",
                    at: start)
            }
            index += 1
        }
        guard let value else {
            let remark = Remark.missing(name, at: start)
            remarks.append(remark)
            return remark.severity == .warning
        }
        addedByteCount += value.utf8.count
        guard addedByteCount <= HAProxyEnvironment.mostBytes else {
            return refuse(
                "what variables stand for on this line is longer than"
                    + " \(HAProxyEnvironment.mostBytes) bytes", at: start)
        }
        guard environment.addedByteCount + addedByteCount <= InputFile.sizeLimit else {
            return refuse(
                "what variables stand for is longer than \(InputFile.sizeLimit) bytes in all",
                at: start)
        }
        add(value, asList: isList, to: &text)
        return true
    }

    /// Complains of a variable, and passes over what is left of the quotation.
    private mutating func refuse(_ message: String, at position: Position) -> Bool {
        remarks.append(.error(message, at: position))
        _ = take { $0 != "\"" }
        return false
    }

    private mutating func add(
        _ value: String, asList isList: Bool, to text: inout String.UnicodeScalarView
    ) {
        guard isList else { return text.append(contentsOf: value.unicodeScalars) }
        let parts = value.unicodeScalars.split { Self.isSpace($0) }
        for (number, part) in parts.enumerated() {
            if number > 0 {
                finished.append(String(text))
                text = String.UnicodeScalarView()
            }
            text.append(contentsOf: part)
        }
    }

    private mutating func take(while condition: (Unicode.Scalar) -> Bool) -> String {
        let part = line.scalars[index...].prefix(while: condition)
        index = part.endIndex
        return String(String.UnicodeScalarView(part))
    }
}

extension Remark {
    fileprivate static func missing(_ name: String, at position: Position) -> Remark {
        HAProxyEnvironment.ofHAProxy.contains(name)
            ? .error(
                "\(name.quoted) is a variable that haproxy sets itself; it is known but not implemented"
                    + " yet", at: position)
            : .warning(
                "the environment has no \(name.quoted): nothing stands here; ${NAME-DEFAULT} says what"
                    + " would", at: position)
    }
}

extension Unicode.Scalar {
    fileprivate var isLetterOrDigit: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }
}
