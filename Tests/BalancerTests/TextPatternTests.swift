import Testing

@testable import Balancer

extension BalancerTests {
    /// Lists of texts that rules compare with (`-f`, maps asked by `-m found`).
    @Suite struct `Lists of texts` {
        private static let letters: [UInt8] = Array("aAbB.".utf8)

        private func text(upTo count: Int, _ random: inout some RandomNumberGenerator) -> [UInt8] {
            (0..<Int.random(in: 0...count, using: &random)).map { _ in
                Self.letters.randomElement(using: &random) ?? 0
            }
        }

        /// Whether one of the patterns matches, looked for one after another.
        private func matches(_ patterns: [TextPattern], _ text: [UInt8]) -> Bool {
            patterns.contains { $0.matches(text.span) }
        }

        @Test func `a list finds what its patterns find one by one`() {
            var random = SystemRandomNumberGenerator()
            let ways: [TextPattern.Match] = [.exact, .beginning, .end, .part]
            var found = 0
            for _ in 0..<2000 {
                let patterns = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    TextPattern(
                        ways.randomElement(using: &random) ?? .exact,
                        bytes: text(upTo: 4, &random), ignoresCase: .random(using: &random))
                }
                let list = TextPatterns(patterns)
                for _ in 0..<10 {
                    let text = text(upTo: 6, &random)
                    let expected = matches(patterns, text)
                    found += expected ? 1 : 0
                    guard list.match(text.span) == expected else {
                        Issue.record("\(patterns) \(text): not \(expected)")
                        return
                    }
                }
            }
            #expect((2000...18_000).contains(found), "\(found)")
        }

        @Test(arguments: [
            (TextPattern.Match.exact, "", [true, false, false, false]),
            (.exact, "ab", [false, true, false, false]),
            (.beginning, "", [true, true, true, true]),
            (.beginning, "ab", [false, true, true, false]),
            (.end, "", [true, true, true, true]), (.end, "ab", [false, true, false, true]),
            (.part, "", [true, true, true, true]), (.part, "b", [false, true, true, true]),
            (.part, "ab", [false, true, true, true]), (.part, "bx", [false, false, true, false]),
            (.found, "", [true, true, true, true]),
        ])
        func `each way of comparing has its texts, up to their edges`(
            match: TextPattern.Match, pattern: String, expected: [Bool]
        ) {
            let texts = ["", "ab", "abx", "xab"].map { Array($0.utf8) }
            let one = TextPattern(match, pattern)
            #expect(texts.map { one.matches($0.span) } == expected)
            #expect(texts.map { TextPatterns([one]).match($0.span) } == expected)
        }

        @Test(arguments: [
            (TextPattern.Match.directory, "a", "01110000"), (.domain, "a", "01111110"),
            (.domain, ".a:", "01111110"), (.domain, "b.a", "00000110"),
            (.directory, "b.a", "00000110"),
        ])
        func `words stand between delimiters or the ends`(
            match: TextPattern.Match, pattern: String, expected: String
        ) {
            let texts = ["xa", "a", "/x/a", "a?b", "a:1", "b.a", "/b.a", "aa/ax"]
            let one = TextPattern(match, pattern)
            func found(_ matches: (Span<UInt8>) -> Bool) -> String {
                texts.map { matches(Array($0.utf8).span) ? "1" : "0" }.joined()
            }
            #expect(found { one.matches($0) } == expected)
            #expect(found { TextPatterns([one]).match($0) } == expected)
        }

        @Test func `a length is asked for`() {
            var length = TextPattern(.length, "")
            length.lengths = 2...3
            let texts = ["", "a", "ab", "abc", "abcd"].map { Array($0.utf8) }
            #expect(
                texts.map { TextPatterns([length]).match($0.span) }
                    == [false, false, true, true, false])
        }

        @Test func `letters from A to Z are small ones, too, and nothing else is`() {
            let capitals = Array(0x41...0x5A) as [UInt8]
            func finds(_ bytes: [UInt8], in text: [UInt8]) -> Bool {
                TextPatterns([TextPattern(.exact, bytes: bytes, ignoresCase: true)])
                    .match(text.span)
            }
            #expect(finds(capitals, in: capitals.map { $0 | 0x20 }))
            #expect(finds(capitals.map { $0 | 0x20 }, in: capitals))
            for other in [0x40, 0x5B, 0x5F, 0xC0] as [UInt8] {
                #expect(!finds([other], in: [other | 0x20]) || other | 0x20 == other)
                #expect(finds([other], in: [other]))
            }
        }

        @Test func `names are found in a long list in each way`() {
            let texts = [
                "n19999.Example.org", "n20000.Example.org", "N7.example.ORG", "n7.Example.org:443",
                "www.n7.Example.org",
            ]
            /// Which of the texts are found; a failure shows these, and not the list.
            func found(_ match: TextPattern.Match, ignoresCase: Bool = false) -> [Bool] {
                let list = TextPatterns(
                    (0..<20_000).map {
                        TextPattern(match, "n\($0).Example.org", ignoresCase: ignoresCase)
                    })
                return texts.map { list.match(Array($0.utf8).span) }
            }
            #expect(found(.exact) == [true, false, false, false, false])
            #expect(found(.exact, ignoresCase: true) == [true, false, true, false, false])
            #expect(found(.beginning) == [true, false, false, true, false])
            #expect(found(.beginning, ignoresCase: true) == [true, false, true, true, false])
            #expect(found(.end) == [true, false, false, false, true])
            #expect(found(.end, ignoresCase: true) == [true, false, true, false, true])
        }
    }
}
