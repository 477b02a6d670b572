/// A regular expression that is looked for in bytes, in a time that grows with their number and not
/// with what they are.
///
/// The syntax is PCRE's without UTF-8, which haproxy has: a dot is one byte, and none that ends a
/// line. What would need to try and go back is refused: `\1`, `(?=…)`, `(?>…)`, `a++`. There are no
/// captures; whether a quantifier is greedy makes no difference.
///
/// A value: any number of threads may search with it at once.
public struct RegularExpression: Sendable, CustomStringConvertible {
    /// The expression as it was given.
    public let pattern: String
    let program: Program

    /// Compiles an expression.
    ///
    /// - Parameters:
    ///   - pattern: The expression.
    ///   - ignoringCase: Whether `a` also finds `A`; for letters of ASCII.
    /// - Throws: ``ExpressionError`` where the pattern is none, or asks for what is not offered.
    public init(_ pattern: String, ignoringCase: Bool = false) throws(ExpressionError) {
        self.pattern = pattern
        var parser = ExpressionParser(Array(pattern.utf8), ignoringCase: ignoringCase)
        program = try Program(try parser.parse())
    }

    /// The expression as it was given.
    public var description: String { pattern }

    /// Whether the expression is found anywhere in some bytes.
    ///
    /// - Parameters:
    ///   - bytes: Where to look.
    ///   - isUnwanted: Asked now and then; once it says so, the search ends.
    /// - Returns: Whether it is found; `nil` where the search was ended.
    /// - Complexity: O(bytes · steps), with 2,000 steps at most; a few nanoseconds per byte for
    ///   most expressions. Regular Expression Matching Can Be Simple And Fast, R. Cox, 2007.
    public func isFound(
        in bytes: [UInt8], unless isUnwanted: () -> Bool = { false }
    ) -> Bool? {
        var search = Search(program)
        return search.run(bytes, unless: isUnwanted)
    }
}

/// Why a text is no expression.
public struct ExpressionError: Error, Hashable, CustomStringConvertible {
    /// What is wrong, in words.
    public let reason: String
    /// Where, counted in bytes from the beginning; `nil`: as a whole.
    public let offset: Int?

    /// What is wrong, and where.
    public var description: String {
        offset.map { "\(reason) (at character \($0 + 1))" } ?? reason
    }
}
