/// One search: all ways through the program at once, byte by byte.
///
/// What a set of steps becomes by a byte is worked out once and remembered, so that most bytes cost
/// one look into a table.
struct Search {
    /// What stands before a place, as far as a step asks.
    private enum Before: Hashable { case start, newline, word, other }

    /// Where a search stands: the steps that wait for the next byte, not yet followed through forks
    /// and places, for these depend on that byte too.
    private struct State: Hashable {
        var steps: [Int]
        var before: Before
    }

    private let program: Program
    private let symbolCount: Int
    private var states: [State] = []
    private var numbers: [State: Int] = [:]
    /// For each state and symbol the next state, or one of the marks below.
    private var next: [Int32] = []
    private var seen: [UInt32]
    private var turn: UInt32 = 0

    private static let unknown: Int32 = -1
    private static let found: Int32 = -2
    static let stateLimit = 1_000

    init(_ program: Program) {
        self.program = program
        symbolCount = program.classCount + 2
        seen = [UInt32](repeating: 0, count: program.steps.count)
    }

    /// After the classes of bytes: a line end that is the last byte, and the end.
    private var lastNewline: Int { program.classCount }
    private var end: Int { program.classCount + 1 }

    mutating func run(_ bytes: [UInt8], unless isUnwanted: () -> Bool) -> Bool? {
        var state = number(of: State(steps: [0], before: .start))
        let classes = program.classes
        for (index, byte) in bytes.enumerated() {
            if index & 1_023 == 1_023, isUnwanted() { return nil }
            let isLast = program.looksAtLastLineEnd && byte == 0x0A && index == bytes.count - 1
            let symbol = isLast ? lastNewline : Int(classes[Int(byte)])
            var known = next[state * symbolCount + symbol]
            if known == Self.unknown { known = advance(&state, byte, symbol) }
            if known == Self.found { return true }
            state = Int(known)
        }
        return advance(&state, nil, end) == Self.found
    }

    /// What every state becomes by every symbol, from the first state on.
    ///
    /// - Returns: The states row by row, -1 where the expression is found; `nil`: there are too many.
    mutating func allStates() -> [Int16]? {
        _ = number(of: State(steps: [0], before: .start))
        // A class's symbol is the same for all its bytes, so that any of them stands for it.
        var bytes = [UInt8?](repeating: nil, count: symbolCount)
        for byte in (UInt8(0)...255).reversed() { bytes[Int(program.classes[Int(byte)])] = byte }
        bytes[lastNewline] = 0x0A
        var row = 0
        while row < states.count {
            for symbol in 0..<symbolCount {
                var state = row
                _ = advance(&state, bytes[symbol], symbol)
                // The next one would make the search forget.
                guard states.count < Self.stateLimit else { return nil }
            }
            row += 1
        }
        return next.map { $0 == Self.found ? -1 : Int16($0) }
    }

    /// Works out what a byte leads to; may forget everything else, and numbers `state` anew then.
    private mutating func advance(_ state: inout Int, _ byte: UInt8?, _ symbol: Int) -> Int32 {
        let (waiting, isFound) = follow(states[state], before: symbol)
        var result = Self.found
        if !isFound {
            var steps: [Int] = [0]
            if let byte {
                for step in waiting {
                    if case .byte(let set) = program.steps[step], set.contains(byte) {
                        steps.append(step + 1)
                    }
                }
            }
            let now = State(steps: steps, before: before(byte))
            if states.count == Self.stateLimit, numbers[now] == nil {
                state = forgetAll(but: states[state])
            }
            result = Int32(number(of: now))
        }
        next[state * symbolCount + symbol] = result
        return result
    }

    private func before(_ byte: UInt8?) -> Before {
        guard program.looksBack, let byte else { return .other }
        return byte == 0x0A ? .newline : ByteSet.word.contains(byte) ? .word : .other
    }

    private mutating func number(of state: State) -> Int {
        if let known = numbers[state] { return known }
        numbers[state] = states.count
        states.append(state)
        next += repeatElement(Self.unknown, count: symbolCount)
        return states.count - 1
    }

    private mutating func forgetAll(but state: State) -> Int {
        states = []
        numbers = [:]
        next = []
        return number(of: state)
    }

    /// The steps that wait for a byte, in order, once forks and places are followed; and whether the
    /// program's end is among what they lead to.
    private mutating func follow(
        _ state: State, before symbol: Int
    ) -> (waiting: [Int], isFound: Bool) {
        turn += 1
        var waiting: [Int] = []
        var open = state.steps
        while let step = open.popLast() {
            guard seen[step] != turn else { continue }
            seen[step] = turn
            switch program.steps[step] {
            case .found: return ([], true)
            case .byte: waiting.append(step)
            case .jump(let target): open.append(target)
            case .fork(let first, let second): open += [second, first]
            case .place(let place):
                if holds(place, after: state.before, before: symbol) { open.append(step + 1) }
            }
        }
        return (waiting.sorted(), false)
    }

    private func holds(_ place: Place, after before: Before, before symbol: Int) -> Bool {
        let isNewline = symbol == lastNewline || symbol == Int(program.classes[0x0A])
        return switch place {
        case .start: before == .start
        case .end: symbol == end
        case .lastLineEnd: symbol == end || symbol == lastNewline
        case .lineStart: before == .start || before == .newline && symbol != end
        case .lineEnd: symbol == end || isNewline
        case .wordEdge: (before == .word) != isWord(symbol)
        case .noWordEdge: (before == .word) == isWord(symbol)
        }
    }

    private func isWord(_ symbol: Int) -> Bool {
        guard symbol < program.classCount,
            let byte = program.classes.firstIndex(of: UInt8(symbol))
        else { return false }
        return ByteSet.word.contains(UInt8(byte))
    }
}
