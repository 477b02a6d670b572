/// The numbers of haproxy's messages (peers-v2.0.txt, "Messages"; the timed ones are 2.1's).
enum PeerMessage {
    enum Class {
        static let control: UInt8 = 0, error: UInt8 = 1, table: UInt8 = 10, reserved: UInt8 = 255
    }

    enum Control: UInt8 { case request, finished, partial, confirm, heartbeat }

    enum Fault: UInt8 { case malformed, tooLong }

    enum Table: UInt8 {
        case update = 128, nextUpdate, define, change, acknowledge, timedUpdate, nextTimedUpdate
    }

    /// Types from here on are followed by their length.
    static let firstWithLength: UInt8 = 128
    /// haproxy's buffer: what is longer it could not take either.
    static let longest = 16_384
    /// Names of servers that are known by a number on one connection.
    static let nameCount = 128
}

/// Why a session with a peer ended.
public enum PeerFault: Error, Hashable, Sendable {
    /// It sent what is no message.
    case malformed
    /// It sent a message above 16 KiB.
    case tooLong
    /// It says that it was sent no message, or one that is too long.
    case reported
    /// It does not want this node, by haproxy's status: 300 and 501 to 504.
    case refused(Int)
}

extension PeerFault: CustomStringConvertible {
    /// What an operator can do something about.
    public var description: String {
        switch self {
        case .malformed: "it sent what is not the peers' protocol"
        case .tooLong: "it sent a message above 16 KiB"
        case .reported: "it says that it was sent what is wrong"
        case .refused(300): "it has a connection with this node already (300)"
        case .refused(502): "it speaks another version of the protocol (502)"
        case .refused(503): "it goes by another name (503)"
        case .refused(504): "it knows no peer of this node's name (504)"
        case .refused(let status): "it refused with status \(status)"
        }
    }
}

// MARK: - Tables

extension [UInt8] {
    mutating func appendPeerMessage(_ type: PeerMessage.Table, _ body: (inout [UInt8]) -> Void) {
        append(PeerMessage.Class.table)
        append(type.rawValue)
        appendPeerBlock(body)
    }

    mutating func appendDefinition(of table: PeerTable, number: Int) {
        appendPeerMessage(.define) { bytes in
            bytes.appendPeerInteger(UInt64(number))
            bytes.appendPeerInteger(UInt64(table.name.utf8.count))
            bytes.append(contentsOf: table.name.utf8)
            bytes.appendPeerInteger(table.keys.type)
            bytes.appendPeerInteger(table.keys.length)
            bytes.appendPeerInteger(table.bits)
            bytes.appendPeerInteger(UInt64(table.lifetime))
            for counter in table.counters where counter.datum.isRate || counter.datum.isArray {
                bytes.appendPeerInteger(UInt64(counter.datum.rawValue))
                if counter.datum.isArray { bytes.appendPeerInteger(UInt64(counter.count)) }
                if counter.datum.isRate { bytes.appendPeerInteger(UInt64(counter.period)) }
            }
        }
    }
}

/// A table as a peer defined it.
struct PeerDefinition {
    var number: UInt64
    var name: ArraySlice<UInt8>
    var keyType: UInt64
    var keyLength: UInt64
    /// What each update has, in its order.
    var columns: [Column] = []

    /// A part of an update.
    struct Column {
        let datum: PeerDatum
        /// How many of it there are.
        let count: Int
        /// Which of the table's counters it is, where its numbers begin, and of how many elements
        /// they are; `nil`: none.
        var place: (counter: Int, first: Int, count: Int)?
    }

    /// - Throws: ``PeerFault/malformed``; also where more values follow each other than haproxy has.
    init(_ reader: inout PeerReader) throws(PeerFault) {
        number = try reader.integer()
        name = try reader.take(try reader.integer())
        guard !name.isEmpty else { throw .malformed }
        keyType = try reader.integer()
        keyLength = try reader.integer()
        let bits = try reader.integer()
        let hasParameters = !reader.isAtEnd
        if hasParameters { _ = try reader.integer() }
        // What haproxy may add one day comes after what is known here, and is passed over.
        for datum in PeerDatum.allCases where bits & datum.bit != 0 {
            var count = 1
            if hasParameters, datum.isArray || datum.isRate {
                guard try reader.integer() == UInt64(datum.rawValue) else { throw .malformed }
                if datum.isArray { count = Int(clamping: try reader.integer()) }
                if datum.isRate { _ = try reader.integer() }
            }
            guard hasParameters || !datum.isArray, count <= PeerDefinition.mostElements else {
                throw .malformed
            }
            columns.append(Column(datum: datum, count: count))
        }
    }

    /// The columns, with their places in a table; `nil`: its keys are other ones.
    func columns(in table: PeerTable) -> [Column]? {
        guard keyType == table.keys.type, keyLength == table.keys.length else { return nil }
        return columns.map { column in
            var column = column
            var first = 0
            for (index, counter) in table.counters.enumerated() {
                if counter.datum == column.datum { column.place = (index, first, counter.count) }
                first += counter.width
            }
            return column
        }
    }

    private static let mostElements = 100
}

// MARK: - Entries

extension PeerEntry {
    /// Reads what follows an update's number.
    ///
    /// - Parameters:
    ///   - reader: What follows.
    ///   - isTimed: Whether the time that is left comes first.
    ///   - change: The update's number.
    ///   - table: Where it belongs.
    ///   - columns: What the peer's updates of it have.
    ///   - names: The servers' names that the peer has given numbers to.
    /// - Throws: ``PeerFault/malformed``.
    init(
        _ reader: inout PeerReader, isTimed: Bool, change: UInt32, of table: PeerTable,
        _ columns: [PeerDefinition.Column], names: inout [String?]
    ) throws(PeerFault) {
        let remaining = isTimed ? try reader.bigEndian() : nil
        self.init(change: change, key: try reader.key(of: table.keys), remaining: remaining)
        var toldCounts = [Int](repeating: 0, count: table.counters.count)
        numbers = [UInt64](repeating: 0, count: table.counters.reduce(0) { $0 + $1.width })
        var server = Server(number: 0, name: nil)
        for column in columns {
            guard column.datum.form != .name else {
                server.name = try reader.serverName(&names) ?? server.name
                continue
            }
            // Of two arrays what both have, as in haproxy.
            let known = min(column.count, column.place?.count ?? 0)
            for offset in 0..<column.count * column.datum.width {
                let number = try reader.integer()
                if let place = column.place, offset < known * column.datum.width {
                    numbers[place.first + offset] = number
                }
                if column.datum == .serverNumber {
                    server.number = UInt32(truncatingIfNeeded: number)
                }
            }
            if let place = column.place { toldCounts[place.counter] = known }
        }
        self.toldCounts = toldCounts
        if server.number != 0 || server.name != nil { self.server = server }
    }

    /// Writes what follows an update's number.
    ///
    /// - Parameters:
    ///   - bytes: Where to.
    ///   - isTimed: Whether the time that is left comes first.
    ///   - table: Where it belongs.
    ///   - names: The names that the peer knows by a number.
    func write(
        to bytes: inout [UInt8], isTimed: Bool, of table: PeerTable, names: inout PeerNames
    ) {
        if isTimed { bytes.appendBigEndian(remaining ?? .max >> 1) }
        if case .text = table.keys { bytes.appendPeerInteger(UInt64(key.count)) }
        bytes.append(contentsOf: key)
        if table.hasServers { bytes.appendPeerInteger(UInt64(server?.number ?? 0)) }
        var isNamed = !table.hasServers
        var first = 0
        for counter in table.counters {
            if !isNamed, counter.datum.rawValue > PeerDatum.serverName.rawValue {
                names.append(server?.name, to: &bytes)
                isNamed = true
            }
            for number in numbers[first..<first + counter.width] {
                bytes.appendPeerInteger(number)
            }
            first += counter.width
        }
        if !isNamed { names.append(server?.name, to: &bytes) }
    }
}

/// The servers' names that a peer was told on this connection, which then go by their numbers.
struct PeerNames {
    private var names = [String?](repeating: nil, count: PeerMessage.nameCount)
    private var numbers: [String: Int] = [:]
    private var next = 0

    /// Appends a name, or the number that stands for it.
    mutating func append(_ name: String?, to bytes: inout [UInt8]) {
        guard let name else { return bytes.append(0) }
        if let number = numbers[name] {
            return bytes.appendPeerBlock { $0.appendPeerInteger(UInt64(number + 1)) }
        }
        if let former = names[next] { numbers[former] = nil }
        (names[next], numbers[name]) = (name, next)
        let number = next
        next = (next + 1) % names.count
        bytes.appendPeerBlock { block in
            block.appendPeerInteger(UInt64(number + 1))
            block.appendPeerInteger(UInt64(name.utf8.count))
            block.append(contentsOf: name.utf8)
        }
    }
}

extension PeerReader {
    fileprivate mutating func key(of keys: PeerTable.Keys) throws(PeerFault) -> [UInt8] {
        guard case .text(let most) = keys else { return Array(try take(keys.length)) }
        // haproxy cuts what is too long here, and so finds no other key later.
        return Array(try take(try integer()).prefix(most))
    }

    /// A name, or the number of one that was told before; `nil`: none.
    fileprivate mutating func serverName(_ names: inout [String?]) throws(PeerFault) -> String? {
        let length = try integer()
        guard length > 0 else { return nil }
        var reader = PeerReader(try take(length))
        let number = try reader.integer()
        guard (1...UInt64(names.count)).contains(number) else { throw .malformed }
        if !reader.isAtEnd {
            let name = try reader.take(try reader.integer())
            names[Int(number) - 1] = String(decoding: name.prefix(255), as: UTF8.self)
        }
        return names[Int(number) - 1]
    }
}
