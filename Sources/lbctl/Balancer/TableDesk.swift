#if Program
internal import Balancer
internal import Control
internal import NodeConfiguration

/// Carries out the operator's orders about stick tables, on any thread.
struct TableDesk {
    let model: Model
    let view: BalancerView

    /// Does it, and says what became of it.
    func answer(_ order: TableOrder) -> ControlResponse {
        do throws(Failure) {
            guard let index = model.stickTables.firstIndex(where: { $0.name == order.table }) else {
                throw model.unknownTable(order.table)
            }
            switch order.action {
            case .show(let place): return .table(try part(of: index, order.key, from: place))
            case .clear: return .done(try clear(index, order.key))
            case .set(let values):
                return .done(try set(values, of: order.key ?? "", in: index))
            }
        } catch { return .failed(ControlFailure(error)) }
    }

    private func part(
        of index: Int, _ key: String?, from place: Int
    ) throws(Failure) -> TablePart {
        let settings = model.stickTables[index]
        let slice =
            if let key {
                view.entries(ofTable: index, key: key)
            } else {
                view.entries(ofTable: index, from: place, most: TableDesk.placesPerPart)
            }
        guard let slice else { throw wrongKey(key ?? "", of: settings) }
        var part = TablePart(
            of: StickTableStatus(
                type: settings.kind.rawValue, size: settings.size,
                used: view.keyCount(ofTable: index)),
            store: settings.elements.map(\.shownName))
        part.entries = slice.entries.map { entry in
            var shown = TablePart.Entry(key: entry.key, use: entry.holders)
            shown.exp = entry.remaining
            shown.server = entry.server
            for (element, count) in zip(settings.elements, entry.counts) {
                shown.data[element.name] = count
            }
            return shown
        }
        part.next = slice.next
        return part
    }

    private func clear(_ index: Int, _ key: String?) throws(Failure) -> String {
        let settings = model.stickTables[index]
        guard let key else {
            let count = view.forgetAll(inTable: index)
            return "\(count) forgotten, \(view.keyCount(ofTable: index)) left"
        }
        switch view.forget(key, inTable: index) {
        case nil: throw wrongKey(key, of: settings)
        case .forgotten: return "\(settings.name): key '\(key)' forgotten"
        case .unknown:
            throw Failure(.notSo, "table '\(settings.name)': no key is '\(key)'")
        case .held:
            throw Failure(
                .notSo,
                "table '\(settings.name)': connections are tracked by '\(key)', which keep it; its"
                    + " counters can be set")
        }
    }

    private func set(
        _ values: [String: Int], of key: String, in index: Int
    ) throws(Failure) -> String {
        let settings = model.stickTables[index]
        var counts: [(StickQuantity, index: Int, UInt64)] = []
        let stored = settings.elements.filter { $0.datum != .connections }
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard let element = stored.first(where: { $0.name == name }) else {
                let known = stored.map(\.name).joined(separator: ", ")
                throw Failure(
                    .badInput,
                    "table '\(settings.name)': '\(name)' cannot be set; there "
                        + (known.isEmpty ? "is nothing that can" : "are: \(known)"))
            }
            let isWide = element.datum == .bytesIn || element.datum == .bytesOut
            let most = isWide ? Int.max : Int(UInt32.max)
            guard (0...most).contains(value) else {
                throw Failure(.badInput, "\(name)=\(value): must be 0 to \(most)")
            }
            counts.append((StickQuantity(element.datum), element.index, UInt64(value)))
        }
        guard let isSet = view.set(counts, of: key, inTable: index) else {
            throw wrongKey(key, of: settings)
        }
        guard isSet else {
            throw Failure(.notSo, "table '\(settings.name)' is full of keys that it keeps")
        }
        let changes = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return "\(settings.name): key '\(key)' has \(changes.joined(separator: " "))"
    }

    private func wrongKey(_ key: String, of settings: StickTableSettings) -> Failure {
        let right =
            switch settings.kind {
            case .ip: "an address of IPv4"
            case .ipv6: "an address"
            case .integer: "a number, 0 to \(UInt32.max)"
            case .string: "a text, in which '\\' is written as \\x5C"
            case .binary:
                "two hexadecimal digits for each of \(settings.keyByteCount) bytes at most"
            }
        return Failure(
            .badInput,
            "'\(key)' is no key of table '\(settings.name)', whose type is"
                + " \(settings.kind.rawValue): must be \(right)")
    }

    /// Places of a table that are looked at for one answer.
    private static let placesPerPart = 4096
}

/// One of what a table counts: an element of an array, or another counter.
private struct CountedElement {
    let datum: StickDatum
    let index: Int
    let period: Duration?

    /// What it goes by: of an array as haproxy has it, `gpc2_rate`.
    var name: String { datum.name(of: index) }

    /// As haproxy shows it.
    var shownName: String {
        guard let period else { return name }
        return "\(name)(\(Int(period / .milliseconds(1))))"
    }
}

extension StickTableSettings {
    /// What is counted, of arrays each element.
    fileprivate var elements: [CountedElement] {
        counters.flatMap { counter in
            (0..<counter.count).map {
                CountedElement(datum: counter.datum, index: $0, period: counter.period)
            }
        }
    }
}

extension Model {
    /// Says that there is no such table, and which there are.
    func unknownTable(_ name: String) -> Failure {
        .unknown("table", name, stickTables.map(\.name))
    }
}
#endif
