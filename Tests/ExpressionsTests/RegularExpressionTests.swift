import Testing

@testable import Expressions

@Suite struct `Regular expressions over bytes` {
    /// What a search and the expression's table say; both say the same.
    private func isFound(_ pattern: String, _ text: String) throws -> Bool? {
        let expression = try RegularExpression(pattern)
        let isFound = expression.isFound(in: Array(text.utf8))
        #expect(try expression.automaton().isFound(in: Array(text.utf8)) == isFound)
        return isFound
    }

    @Test func `an expression of too many states has no table`() throws {
        let expression = try RegularExpression("a.{10}b")
        #expect(
            throws: ExpressionError(
                reason: "too many ways lead through it: 1000 states or more", offset: nil)
        ) { try expression.automaton() }
        #expect(expression.isFound(in: Array("xxa0123456789b".utf8)) == true)
    }

    @Test(arguments: [
        ("", ""), ("", "abc"), ("abc", "xabcx"), ("a.c", "abc"), ("a|b|c", "xxc"),
        ("(a|bc)+d", "abcad"),
        ("ab*c", "ac"), ("ab*c", "abbbc"), ("ab+c", "abc"), ("ab?c", "ac"), ("a{3}", "aaa"),
        ("^a{2,3}$", "aaa"), ("^a{2,}$", "aaaaa"), ("^(?:ab){2}$", "abab"), ("a{,3}", "a{,3}"),
        ("a{x}", "a{x}"), ("{", "{"), ("]", "]"), ("a}", "a}"), ("^$", ""), ("^\\z", ""),
        ("^[0-9]{3}[ \\r]", "220 x"), ("^[0-9]{3}[ \\r]", "220\r\n"), ("a..b", "a\rxb"),
        ("caf..$", "café"), ("é", "café"), ("^..$", "é"), ("[^a]", "\n"), ("[]a]", "]"),
        ("[^]a]", "b"), ("[a-c]+$", "xabc"), ("[a\\-c]", "-"), ("[-a]", "-"), ("[a-]", "-"),
        ("[\\d-x]", "-"), ("[a-\\d]", "-"), ("[[:alpha:]]+", "abc"), ("[[:^alpha:]]", "1"),
        ("[[:upper:][:digit:]]{2}", "A1"), ("[[]", "["), ("[\\]]", "]"), ("[\\b]", "\u{8}"),
        ("\\d\\D\\w\\W\\s\\S", "1a_- x"), ("\\h\\v", "\t\n"),
        ("\\t\\n\\r\\f\\a\\e", "\t\n\r\u{C}\u{7}\u{1B}"),
        ("\\x41\\x{42}\\x4", "AB\u{4}"), ("\\0", "\0"), ("\\061", "1"), ("\\.\\*\\\\", ".*\\"),
        ("\\Qa.b*\\E+", "a.b**"), ("\\Q.", "."), ("\\N", "a"),
        ("ok$", "ok"), ("ok$", "ok\n"), ("ok\\Z", "ok\n"), ("\\Aok\\z", "ok"),
        ("(?m)^two$", "one\ntwo\nthree"), ("(?m)^$", "a\n\nb"), ("\\bfoo\\b", "a foo b"),
        ("\\bfoo\\b", "foo"), ("\\Boo", "foo"), ("(?i)PONG", "pong"), ("(?i:P)ong", "pong"),
        ("a(?i)b", "aB"), ("(?i)a(?-i)b", "Ab"), ("(?s)a.b", "a\nb"), ("(?x) a b # comment", "ab"),
        ("(?x)a +", "aaa"), ("(?<name>a)(?P<n>b)(?'x'c)", "abc"), ("a(?#comment)b", "ab"),
        ("(a*)*b", "aab"), ("(a|b)*?c", "abc"), ("((((x))))", "x"), ("(|a)b", "b"), ("()", ""),
        ("[[:word:]-]+$", "a-b"), ("role:(master|slave)", "x\r\nrole:slave\r\n"),
        ("^2D4E4F", "2D4E4F41"), ("[^\\n]*\\n[^\\n]*$", "a\nb"),
    ])
    func `is found`(pattern: String, text: String) throws {
        #expect(try isFound(pattern, text) == true)
    }

    @Test(arguments: [
        ("abc", "abd"), ("a.c", "a\nc"), ("a.b", "a\r\nb"), ("^b", "ab"), ("a$", "ab"),
        ("ok$", "ok\n\n"),
        ("ok\\z", "ok\n"), ("^.$", "é"), ("\\d", "x"), ("[^a]", "a"), ("a{3}", "aa"),
        ("^a{2,3}$", "aaaa"),
        ("^two$", "one\ntwo"), ("(?m)^$", "a\n"), ("\\bfoo\\b", "afoo"), ("\\Boo\\B", "foo"),
        ("PONG", "pong"), ("(?i:p)ONG", "Pong"), ("a(?i)b", "AB"), ("(a|(?i)b)c", "aC"),
        ("(?i)[^a]", "A"), ("[[:alpha:]]", "1"), ("\\N", "\n"), ("\\w", "é"), ("x*y", "xxx"),
        ("\\Qa.b\\E", "axb"), ("(?s:a.b)c.d", "a\nbc\nd"),
    ])
    func `is not found`(pattern: String, text: String) throws {
        #expect(try isFound(pattern, text) == false)
    }

    @Test(arguments: [
        ("(", "the group has no ')' (at character 1)"),
        ("a)", "')' closes no group (at character 2)"),
        ("[a", "the class has no ']' (at character 1)"),
        ("*a", "there is nothing before it to repeat (at character 1)"),
        ("a|+", "there is nothing before it to repeat (at character 3)"),
        ("a**", "there is nothing before it to repeat (at character 3)"),
        ("^*", "there is nothing before it to repeat (at character 2)"),
        ("a{2,1}", "the least number of repetitions is above the most (at character 2)"),
        ("a\\", "a backslash ends it (at character 2)"),
        ("(a)\\1", "'\\1', what a group found before, is not offered (at character 4)"),
        ("a(?=b)", "'(?=' is not offered: a search goes through the bytes once (at character 2)"),
        ("(?<!a)b", "'(?<!' is not offered: a search goes through the bytes once (at character 1)"),
        ("a++", "a quantifier that gives nothing back (with '+') is not offered (at character 2)"),
        ("\\p{L}", "'\\p' is not offered (at character 1)"),
        ("\\x{100}", "'\\x' needs digits of one byte, such as \\x0a or \\x{0a} (at character 1)"),
        ("[z-a]", "the range in the class runs backwards (at character 2)"),
        (
            "[[:lettre:]]",
            "no class has this name; there are [:alpha:], [:digit:] and their like (at character 2)"
        ),
        (
            "(?z)",
            "'(?' is followed by what is not offered; groups are (…), (?:…), (?<name>…) and (?i:…) (at character 1)"
        ),
        ("(*UTF8)a", "verbs (*…) are not offered (at character 1)"),
        ("a{2001}", "too long once its repetitions are written out: more than 2000 steps"),
        (
            "((((a{99}){99}){99}){99})",
            "too long once its repetitions are written out: more than 2000 steps"
        ),
        (
            "(((){999}){999}){999}",
            "too long once its repetitions are written out: more than 2000 steps"
        ),
        (
            String(repeating: "(", count: 200),
            "more than 100 groups in each other (at character 101)"
        ),
    ])
    func `what is none says why and where`(pattern: String, reason: String) {
        let error = #expect(throws: ExpressionError.self) { try RegularExpression(pattern) }
        #expect(error?.description == reason)
    }

    /// What backtracks for ever elsewhere takes as long as anything else here.
    @Test(arguments: [
        ("^(a+)+$", false), ("(a|a)*b", false), ("(.*)*x", false), ("(a?){30}a{30}", true),
        ("(x+x+)+y", false),
    ])
    func `time grows with the bytes and with nothing else`(pattern: String, isFound: Bool) throws {
        let expression = try RegularExpression(pattern)
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 16_000) + Array("c".utf8)
        let begin = ContinuousClock.now
        #expect(expression.isFound(in: bytes) == isFound)
        #expect(begin.duration(to: .now) < .seconds(5))
    }

    /// By bytes that lead to a new state each time, more of them than are remembered.
    @Test func `what is remembered is bounded, and forgetting changes nothing`() throws {
        let expression = try RegularExpression("[ab]*a[ab]{14}x")
        var bytes: [UInt8] = []
        var state: UInt32 = 7
        for _ in 0..<6_000 {
            state = state &* 1_664_525 &+ 1_013_904_223
            bytes.append(state >> 31 == 0 ? UInt8(ascii: "a") : UInt8(ascii: "b"))
        }
        #expect(expression.isFound(in: bytes) == false)
        #expect(expression.isFound(in: bytes + Array("abbbbbbbbbbbbbbx".utf8)) == true)
        #expect(expression.isFound(in: bytes + Array("bbbbbbbbbbbbbbbx".utf8)) == false)
    }

    @Test func `a search ends when nobody wants it`() throws {
        let expression = try RegularExpression("x")
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 16_000)
        var asked = 0
        let found = expression.isFound(in: bytes) {
            asked += 1
            return asked == 2
        }
        #expect(found == nil)
        #expect(asked == 2)
    }

    @Test func `case is ignored on request`() throws {
        let lax = try RegularExpression("p[o-o]ng", ignoringCase: true)
        #expect(lax.isFound(in: Array("PONG".utf8)) == true)
        #expect(try RegularExpression("pong").isFound(in: Array("PONG".utf8)) == false)
    }
}

extension Automaton {
    /// As whoever has nothing but the table searches.
    fileprivate func isFound(in bytes: [UInt8]) -> Bool {
        var state = 0
        for (index, byte) in bytes.enumerated() {
            let isLast = byte == 0x0A && index == bytes.count - 1
            let symbol = isLast ? lastLineEnd : Int(symbols[Int(byte)])
            let after = next[state * symbolCount + symbol]
            if after == Automaton.found { return true }
            state = Int(after)
        }
        return next[state * symbolCount + end] == Automaton.found
    }
}
