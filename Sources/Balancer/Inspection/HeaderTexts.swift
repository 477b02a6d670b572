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

extension PlacedTexts.Slot {
    /// Where a text of a header stands, alone.
    static let headerText = PlacedTexts.Slot(offset: 0, length: 255)
}
