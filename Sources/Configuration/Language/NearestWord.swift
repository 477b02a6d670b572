extension Sequence<String> {
    /// The word that a person most likely meant by `typed`: at most a third of it differs.
    ///
    /// Counts inserted, missing, wrong and swapped neighbouring characters, whether they are capital or
    /// not; among equals the alphabetically first wins, so that the answer does not depend on the order
    /// of a table.
    package func nearest(to typed: String) -> String? {
        let wanted = Array(typed.lowercased().utf8.prefix(65))
        guard (2...64).contains(wanted.count) else { return nil }
        let limit = Swift.min(3, Swift.max(1, wanted.count / 3))
        var best: (distance: Int, word: String)?
        for word in self where abs(word.utf8.count - wanted.count) <= limit {
            let distance = editDistance(wanted, Array(word.lowercased().utf8))
            guard distance <= limit else { continue }
            if best.map({ (distance, word) < ($0.distance, $0.word) }) ?? true {
                best = (distance, word)
            }
        }
        return best?.word
    }
}

/// The number of single edits from one word to the other (optimal string alignment).
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforePrevious = Array(0...b.count)
    var previous = beforePrevious
    var row = beforePrevious
    for i in a.indices {
        row[0] = i + 1
        for j in b.indices {
            var cost = Swift.min(
                previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                cost = Swift.min(cost, beforePrevious[j - 1] + 1)
            }
            row[j + 1] = cost
        }
        (beforePrevious, previous, row) = (previous, row, beforePrevious)
    }
    return previous[b.count]
}
