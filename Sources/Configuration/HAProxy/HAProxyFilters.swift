/// The filters of a section: how fast bytes pass (haproxy's configuration manual, section 9.7).
struct HAProxyFilters: Sendable {
    private enum Filter: Sendable {
        /// Each connection by itself.
        case own(TransferDirection, bytes: Int, period: Duration)
        /// All of one key together.
        case shared(SharedBandwidth)
    }

    private var filters: [String: Filter] = [:]
    /// The tables of those that connections share.
    private var references: [(reference: Draft.TableReference, position: Position)] = []

    /// Reads `bwlim-in NAME default-limit SIZE default-period TIME [min-size SIZE]`, or `bwlim-in NAME limit
    /// SIZE key KEY [table NAME] [min-size SIZE]`, and their like.
    mutating func add(
        _ arguments: inout Arguments, in section: String, _ kind: HAProxySection.Kind
    ) throws(Remark) {
        let type = try arguments.next("bwlim-in or bwlim-out")
        guard let direction = Self.directions[type.text] else {
            guard Self.others.contains(type.text) else {
                throw .error(
                    "unknown filter \(type.text.quoted)", at: type.position,
                    suggestion: (Self.others + Self.directions.keys).nearest(to: type.text))
            }
            arguments.warn(
                "the filter \(type.text.quoted) is known but not implemented yet; it is ignored",
                at: type.position)
            _ = arguments.remaining()
            return
        }
        let name = try arguments.next("a name")
        guard filters[name.text] == nil else {
            throw .error(
                "a filter before this line is named \(name.text.quoted) already", at: name.position)
        }
        let words = try Words(&arguments, of: type)
        switch (words.ownBytes, words.period, words.bytes, words.key) {
        case (let bytes?, let period?, nil, nil) where words.table == nil:
            // `min-size` is what haproxy forwards at once; here the kernel spaces packets.
            filters[name.text] = .own(direction, bytes: bytes, period: period)
        case (nil, nil, let bytes?, let key?):
            var shared = SharedBandwidth(
                number: try number(of: direction, kind, at: type), direction: direction,
                key: try key.connectionKey(after: type.text),
                tableName: words.table?.text ?? section, byteCount: bytes)
            shared.leastByteCount = words.leastBytes ?? 0
            filters[name.text] = .shared(shared)
            references.append(
                (
                    .init(
                        keyword: "filter \(type.text)", tables: [shared.tableName],
                        key: shared.key,
                        data: [direction == .upload ? .bytesInRate : .bytesOutRate],
                        needsData: true), words.table?.position ?? type.position
                ))
        default:
            throw .error(
                "filter \(type.text) needs 'default-limit SIZE' and 'default-period TIME', or 'limit"
                    + " SIZE' and 'key KEY' where connections share it", at: type.position)
        }
    }

    /// What stands behind the name.
    private struct Words {
        var ownBytes: Int?
        var period: Duration?
        var bytes: Int?
        var key: Word?
        var table: Word?
        var leastBytes: Int?

        init(_ arguments: inout Arguments, of type: Word) throws(Remark) {
            while let word = arguments.nextIfPresent() {
                switch word.text {
                case "default-limit": ownBytes = try byteCount(after: word, &arguments)
                case "default-period": period = try arguments.time(isZeroAllowed: false)
                case "limit": bytes = try byteCount(after: word, &arguments)
                case "key": key = try arguments.nextSample("what is the key, such as src")
                case "table": table = try arguments.next("the name of a table's section")
                case "min-size": leastBytes = try byteCount(after: word, &arguments)
                default:
                    throw .error(
                        "unknown word \(word.text.quoted) of filter \(type.text)",
                        at: word.position,
                        suggestion: [
                            "default-limit", "default-period", "min-size", "limit", "key", "table",
                        ]
                        .nearest(to: word.text))
                }
            }
        }
    }

    /// The number of a connection's share.
    private func number(
        of direction: TransferDirection, _ kind: HAProxySection.Kind, at type: Word
    ) throws(Remark) -> Int {
        let most = SharedBandwidth.mostOfSection
        let count = filters.values.count { filter in
            if case .shared(let other) = filter { other.direction == direction } else { false }
        }
        guard count < most else {
            throw .error(
                "a section can have \(most) filters \(type.text) that connections share",
                at: type.position)
        }
        return kind == .backend ? most + count : count
    }

    /// Takes down the tables, which are looked up once all are known.
    func note(in draft: inout Draft, file: String) {
        for (reference, position) in references {
            draft.tableReferences.append(
                Placed(value: reference, location: Location(file: file, position: position)))
        }
    }

    /// Reads what follows `set-bandwidth-limit`: `NAME [limit SIZE] [period TIME]`.
    func action(_ arguments: inout Arguments) throws(Remark) -> ConnectionRule.Action {
        let name = try arguments.next("the name of a filter")
        guard let filter = filters[name.text] else {
            throw .error(
                "no filter bwlim-in or bwlim-out before this line is named \(name.text.quoted)",
                at: name.position, suggestion: filters.keys.nearest(to: name.text))
        }
        var (ownBytes, ownPeriod): (Int?, Duration?)
        while let word = arguments.upcoming, word.text == "limit" || word.text == "period" {
            if case .shared = filter {
                throw .error(
                    "\(word.text.quoted) is for filters of one connection each; connections share"
                        + " \(name.text.quoted), which says it itself", at: word.position)
            }
            arguments.skip(1)
            if word.text == "limit" {
                ownBytes = try byteCount(after: word, &arguments)
            } else {
                ownPeriod = try arguments.time(isZeroAllowed: false)
            }
        }
        switch filter {
        case .shared(let shared): return .shareBandwidth(shared)
        case .own(let direction, let bytes, let period):
            let rate = Double(ownBytes ?? bytes) / ((ownPeriod ?? period) / .seconds(1))
            return .limitBandwidth(
                direction, bytesPerSecond: max(1, Int(min(rate, Double(mostBytes)))))
        }
    }

    private static let directions: [String: TransferDirection] = [
        "bwlim-in": .upload, "bwlim-out": .download,
    ]
    private static let others = [
        "cache", "compression", "comp-req", "comp-res", "fcgi-app", "opentracing", "otel", "spoe",
        "trace",
    ]
}

private let mostBytes = 1 << 40

private func byteCount(
    after keyword: Word, _ arguments: inout Arguments
) throws(Remark) -> Int {
    let word = try arguments.next("a number of bytes such as 500k after \(keyword.text)")
    guard let bytes = word.quantity, bytes > 0, bytes <= mostBytes else {
        throw .error(
            "\(keyword.text) \(word.text.quoted): must be a number of bytes such as 500k, 1 to 1024g",
            at: word.position)
    }
    return bytes
}

extension Word {
    /// A number with haproxy's `k`, `m` or `g`, which stand for 1024 and its powers; `nil`: none is
    /// meant, or it is too large.
    var quantity: Int? {
        let units: [Character: Int] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
        let unit = text.last.flatMap { units[Character($0.lowercased())] }
        let digits = unit == nil ? Substring(text) : text.dropLast()
        guard let number = Int(digits),
            case let (size, isOver) = number.multipliedReportingOverflow(by: unit ?? 1), !isOver
        else { return nil }
        return size
    }
}
