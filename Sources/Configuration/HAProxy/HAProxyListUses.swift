/// The access lists that the rules of one section ask, each as often as it is named: so often it stands in
/// what is served.
struct HAProxyListUses: Sendable {
    private var uses: [(use: Draft.ListUse, position: Position)] = []

    /// Takes down that a rule asks a list.
    ///
    /// - Parameters:
    ///   - questions: The list's.
    ///   - name: Its name, or its criterion in braces.
    ///   - position: Where the rule names it.
    mutating func note(
        _ questions: [ConnectionQuestion], named name: String, at position: Position
    ) {
        let lineCount = questions.map(\.valueCount).reduce(0, +)
        guard lineCount > questions.count else { return }
        uses.append((Draft.ListUse(name: "the list \(name)", lineCount: lineCount), position))
    }

    /// Hands all over.
    func note(in draft: inout Draft, file: String) {
        draft.listUses += uses.map { use, position in
            Placed(value: use, location: Location(file: file, position: position))
        }
    }
}

extension ConnectionQuestion {
    /// How many values it compares with.
    fileprivate var valueCount: Int {
        switch self {
        case .constant, .waitIsOver, .serverIsUp, .mqttValidity: 1
        case .source(let values), .destination(let values): values.count
        case .serverName(let values), .protocolName(let values), .payload(_, let values),
            .tlsText(_, let values), .headerText(_, let values), .rdpCookie(_, let values),
            .mqttField(_, let values):
            values.count
        case .sourcePort(let values), .destinationPort(let values), .helloType(let values),
            .byteCount(let values), .tlsVersion(let values), .pool(_, _, let values),
            .server(_, _, let values), .connectionCount(_, let values),
            .sessionRate(_, let values), .listenerConnections(let values),
            .listenerNumber(let values), .tlsNumber(_, let values),
            .random(_, let values), .rdpCookieCount(_, let values), .counter(_, let values):
            values.count
        case .variable(_, let comparison): comparison.valueCount
        }
    }
}

extension VariableComparison {
    /// How many values it compares with.
    fileprivate var valueCount: Int {
        switch self {
        case .found: 1
        case .texts(let values): values.count
        case .numbers(let values): values.count
        case .networks(let values): values.count
        }
    }
}
