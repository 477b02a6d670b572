/// The filters of a section: how fast bytes pass (haproxy's configuration manual, section 9.7).
struct HAProxyFilters: Sendable {
    private struct Bandwidth: Sendable {
        let direction: TransferDirection
        /// `nil` where connections would share it, which is passed over with a warning.
        var amount: (bytes: Int, period: Duration)?
    }

    private var bandwidths: [String: Bandwidth] = [:]

    /// Reads `bwlim-in NAME default-limit SIZE default-period TIME [min-size SIZE]`, and its like.
    mutating func add(_ arguments: inout Arguments) throws(Remark) {
        let kind = try arguments.next("bwlim-in or bwlim-out")
        guard let direction = Self.directions[kind.text] else {
            guard Self.others.contains(kind.text) else {
                throw .error(
                    "unknown filter \(kind.text.quoted)", at: kind.position,
                    suggestion: (Self.others + Self.directions.keys).nearest(to: kind.text))
            }
            arguments.warn(
                "the filter \(kind.text.quoted) is known but not implemented yet; it is ignored",
                at: kind.position)
            _ = arguments.remaining()
            return
        }
        let name = try arguments.next("a name")
        guard bandwidths[name.text] == nil else {
            throw .error(
                "a filter before this line is named \(name.text.quoted) already", at: name.position)
        }
        var (bytes, period): (Int?, Duration?)
        while let word = arguments.nextIfPresent() {
            switch word.text {
            case "default-limit": bytes = try Self.byteCount(after: word, &arguments)
            case "default-period": period = try arguments.time(isZeroAllowed: false)
            case "min-size":
                // Bytes that haproxy forwards at once; here the kernel spaces packets.
                _ = try Self.byteCount(after: word, &arguments)
            case "limit", "key", "table":
                arguments.warn(
                    "a bandwidth that connections share ('limit', 'key') is known but not implemented"
                        + " yet; the filter is ignored", at: word.position)
                _ = arguments.remaining()
                bandwidths[name.text] = Bandwidth(direction: direction)
                return
            default:
                throw .error(
                    "unknown word \(word.text.quoted) of filter \(kind.text)", at: word.position,
                    suggestion: ["default-limit", "default-period", "min-size", "limit", "key"]
                        .nearest(to: word.text))
            }
        }
        guard let bytes, let period else {
            throw .error(
                "filter \(kind.text) needs 'default-limit SIZE' and 'default-period TIME'",
                at: kind.position)
        }
        bandwidths[name.text] = Bandwidth(direction: direction, amount: (bytes, period))
    }

    /// Reads what follows `set-bandwidth-limit`: `NAME [limit SIZE] [period TIME]`.
    ///
    /// - Returns: `nil` where the filter is passed over.
    func action(_ arguments: inout Arguments) throws(Remark) -> ConnectionRule.Action? {
        let name = try arguments.next("the name of a filter")
        guard let filter = bandwidths[name.text] else {
            throw .error(
                "no filter bwlim-in or bwlim-out before this line is named \(name.text.quoted)",
                at: name.position, suggestion: bandwidths.keys.nearest(to: name.text))
        }
        var (bytes, period): (Int?, Duration?)
        while let word = arguments.upcoming, word.text == "limit" || word.text == "period" {
            arguments.skip(1)
            if word.text == "limit" {
                bytes = try Self.byteCount(after: word, &arguments)
            } else {
                period = try arguments.time(isZeroAllowed: false)
            }
        }
        guard let amount = filter.amount else { return nil }
        let rate = Double(bytes ?? amount.bytes) / ((period ?? amount.period) / .seconds(1))
        return .limitBandwidth(
            filter.direction, bytesPerSecond: max(1, Int(min(rate, Double(Self.most)))))
    }

    private static func byteCount(
        after keyword: Word, _ arguments: inout Arguments
    ) throws(Remark) -> Int {
        let word = try arguments.next("a number of bytes such as 500k after \(keyword.text)")
        guard let bytes = word.quantity, bytes > 0, bytes <= most else {
            throw .error(
                "\(keyword.text) \(word.text.quoted): must be a number of bytes such as 500k, 1 to 1024g",
                at: word.position)
        }
        return bytes
    }

    private static let most = 1 << 40
    private static let directions: [String: TransferDirection] = [
        "bwlim-in": .upload, "bwlim-out": .download,
    ]
    private static let others = [
        "cache", "compression", "comp-req", "comp-res", "fcgi-app", "opentracing", "otel", "spoe",
        "trace",
    ]
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
