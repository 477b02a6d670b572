/// Texts, of which each has its position as its number; found by one binary search.
struct TextTable: Hashable, Sendable {
    /// The texts in their order, one after another, and where each ends.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var positions: [Int] = []
    /// How many bytes the longest has.
    private var longest = 0
    private let ignoresCase: Bool
    private let isFromTheEnd: Bool

    /// Makes a table; of two that are equal the first counts.
    ///
    /// - Parameters:
    ///   - texts: The texts.
    ///   - ignoresCase: Whether capital and small letters of ASCII are the same.
    ///   - isFromTheEnd: Whether texts are read from their last byte to their first, so that what others
    ///     end with is found as what they begin with.
    init(
        _ texts: [[UInt8]] = [], ignoringCase ignoresCase: Bool = false,
        fromTheEnd isFromTheEnd: Bool = false
    ) {
        (self.ignoresCase, self.isFromTheEnd) = (ignoresCase, isFromTheEnd)
        let texts = texts.map { text in
            let read = isFromTheEnd ? text.reversed() : text
            return ignoresCase ? read.map(\.lowercased) : read
        }
        longest = texts.map(\.count).max() ?? 0
        let order = texts.indices.sorted {
            texts[$0] == texts[$1] ? $0 < $1 : texts[$0].lexicographicallyPrecedes(texts[$1])
        }
        for index in order where positions.last.map({ texts[$0] != texts[index] }) ?? true {
            bytes += texts[index]
            ends.append(bytes.count)
            positions.append(index)
        }
    }

    /// The position of the longest text that another begins, or ends, with; `nil`: there is none.
    func longestBeginning(of text: Span<UInt8>) -> Int? {
        guard !positions.isEmpty else { return nil }
        var count = min(text.count, longest)
        while count >= 0 {
            if let place = position(of: text, upTo: count) { return place }
            count -= 1
        }
        return nil
    }

    /// The position of a text; `nil`: it is none of them.
    func position(of text: Span<UInt8>) -> Int? { position(of: text, upTo: text.count) }

    /// The position of a text's first bytes as they are read here.
    private func position(of text: Span<UInt8>, upTo count: Int) -> Int? {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            let order = compare(text, upTo: count, withTextAt: middle)
            if order == 0 { return positions[middle] }
            if order < 0 { high = middle } else { low = middle + 1 }
        }
        return nil
    }

    /// Below 0: it comes before that; 0: it is that.
    private func compare(_ text: Span<UInt8>, upTo count: Int, withTextAt place: Int) -> Int {
        let start = place == 0 ? 0 : ends[place - 1]
        let length = ends[place] - start
        for index in 0..<min(length, count) {
            let read = text[isFromTheEnd ? text.count - 1 - index : index]
            let byte = ignoresCase ? read.lowercased : read
            if byte != bytes[start + index] { return Int(byte) - Int(bytes[start + index]) }
        }
        return count - length
    }
}
