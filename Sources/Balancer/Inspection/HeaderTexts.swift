// Which texts of clients' PROXY headers are kept, so that those that nobody asks for cost nothing.

extension BalancerPlan {
    /// The types of extensions that rules, keys, log lines or servers ask for.
    var headerTextTypes: [UInt8] {
        var types = Set(frontends.flatMap { $0.logging?.headerTextTypes ?? [] })
        types.formUnion(frontends.flatMap(\.rules.headerTextTypes))
        types.formUnion(pools.flatMap(\.headerTextTypes))
        return types.sorted()
    }
}

extension RulePlan {
    fileprivate var headerTextTypes: [UInt8] {
        (connection + session + content).headerTextTypes
            + pools.map(\.condition).flatMap(\.headerTextTypes)
            + pools.compactMap(\.key?.headerTextType)
    }
}

extension PoolPlan {
    fileprivate var headerTextTypes: [UInt8] {
        let isTold = servers.contains {
            if case .versionTwo(let options) = $0.connection.header {
                options.contains(.authority)
            } else {
                false
            }
        }
        return contentRules.headerTextTypes + serverConditions.flatMap(\.headerTextTypes)
            + keys.compactMap(\.headerTextType)
            + (isTold ? [ProxyHeader.Extension.authority] : [])
    }
}

extension [Rule] {
    fileprivate var headerTextTypes: [UInt8] {
        compactMap(\.key?.headerTextType) + map(\.condition).flatMap(\.headerTextTypes)
    }
}

extension Condition {
    fileprivate var headerTextTypes: [UInt8] {
        questions.compactMap { question in
            switch question {
            case .headerText(let type, _): type
            case .counter(let counter, _): counter.key?.headerTextType
            default: nil
            }
        }
    }
}

extension ConnectionKey {
    fileprivate var headerTextType: UInt8? {
        if case .headerText(let type) = unconverted { type } else { nil }
    }
}

/// What headers have said by extensions of one type; an empty text is another thing than none.
struct HeaderTexts {
    private var texts = PlacedTexts()

    /// Makes room for texts that nobody has said yet.
    init() { texts.setStride(1 + HeaderTexts.text.length + 1 + HeaderTexts.mark.length) }

    /// What was said at a place; `nil`: nothing.
    func text(at place: Int32) -> ShortText? {
        texts.text(at: place, HeaderTexts.mark).count > 0
            ? texts.text(at: place, HeaderTexts.text) : nil
    }

    /// Keeps what was said at a place.
    mutating func keep(_ text: borrowing ShortText, at place: Int32) {
        var mark = ShortText()
        _ = mark.append(1)
        texts.keep(mark, at: place, HeaderTexts.mark)
        texts.keep(text, at: place, HeaderTexts.text)
    }

    /// Forgets what was said at a place.
    mutating func clear(_ place: Int32) { texts.clear(place) }

    private static let text = PlacedTexts.Slot(offset: 0, length: 255)
    /// Where it stands that something was said.
    private static let mark = PlacedTexts.Slot(offset: 256, length: 1)
}
