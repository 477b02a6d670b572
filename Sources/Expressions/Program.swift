/// An expression as steps that a search takes all at once.
struct Program: Sendable {
    enum Step: Sendable {
        /// Takes a byte of these, and goes on at the next step.
        case byte(ByteSet)
        /// Goes on at the next step where the place is so.
        case place(Place)
        /// Goes on at both.
        case fork(Int, Int)
        case jump(Int)
        case found
    }

    private(set) var steps: [Step] = []
    /// For each byte, the class of those that no step tells apart.
    let classes: [UInt8]
    let classCount: Int
    /// Whether a step looks at the byte before a place for more than the start.
    let looksBack: Bool
    /// Whether a step looks for a line end that is the last byte.
    let looksAtLastLineEnd: Bool

    /// How many steps there may be, which bounds the time of a search.
    static let stepLimit = 2_000

    init(_ root: Node) throws(ExpressionError) {
        var compiler = Compiler()
        try compiler.add(root)
        steps = compiler.steps + [.found]
        var places: Set<Place> = []
        for case .place(let place) in steps { places.insert(place) }
        looksBack = !places.isDisjoint(with: [.lineStart, .wordEdge, .noWordEdge])
        looksAtLastLineEnd = places.contains(.lastLineEnd)
        var sets: Set<ByteSet> = [.newline]
        if looksBack { sets.insert(.word) }
        for case .byte(let set) in steps { sets.insert(set) }
        (classes, classCount) = Self.classes(telling: Array(sets))
    }

    private static func classes(telling sets: [ByteSet]) -> ([UInt8], Int) {
        var numbers: [[Bool]: UInt8] = [:]
        let classes = (UInt8(0)...255).map { byte in
            let signature = sets.map { $0.contains(byte) }
            // There are no more classes than bytes.
            let number = numbers[signature] ?? UInt8(numbers.count)
            numbers[signature] = number
            return number
        }
        return (classes, numbers.count)
    }
}

/// Lays a tree out as steps.
private struct Compiler {
    var steps: [Program.Step] = []
    /// What is left of the nodes that may be visited: nothing repeated a million times over has no
    /// step and takes its time all the same.
    private var patience = 100_000

    mutating func add(_ node: Node) throws(ExpressionError) {
        patience -= 1
        guard patience > 0, steps.count < Program.stepLimit else {
            throw ExpressionError(
                reason: "too long once its repetitions are written out: more than"
                    + " \(Program.stepLimit) steps", offset: nil)
        }
        switch node {
        case .empty: break
        case .byte(let set): steps.append(.byte(set))
        case .place(let place): steps.append(.place(place))
        case .sequence(let nodes): for node in nodes { try add(node) }
        case .choice(let nodes): try addChoice(nodes[...])
        case .repeated(let node, let least, let most):
            for _ in 0..<least { try add(node) }
            guard let most else { return try addLoop(node) }
            try addOptions(node, count: most - least)
        }
    }

    private mutating func addChoice(_ nodes: ArraySlice<Node>) throws(ExpressionError) {
        guard let first = nodes.first else { return }
        guard nodes.count > 1 else { return try add(first) }
        let fork = reserve()
        try add(first)
        let jump = reserve()
        steps[fork] = .fork(fork + 1, steps.count)
        try addChoice(nodes.dropFirst())
        steps[jump] = .jump(steps.count)
    }

    private mutating func addLoop(_ node: Node) throws(ExpressionError) {
        let fork = reserve()
        try add(node)
        steps.append(.jump(fork))
        steps[fork] = .fork(fork + 1, steps.count)
    }

    /// Up to so many, each only after the one before it.
    private mutating func addOptions(_ node: Node, count: Int) throws(ExpressionError) {
        var forks: [Int] = []
        for _ in 0..<max(count, 0) {
            forks.append(reserve())
            try add(node)
        }
        for fork in forks { steps[fork] = .fork(fork + 1, steps.count) }
    }

    private mutating func reserve() -> Int {
        steps.append(.found)
        return steps.count - 1
    }
}
