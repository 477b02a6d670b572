/// One connection with a peer, by haproxy's protocol of versions 2.0 and 2.1, without its socket.
///
/// Bytes go in by ``receive(_:)`` and come out of ``output``; what they mean comes out of ``next()``,
/// which is asked until it has nothing more. Whatever a peer sends, it keeps at most one message, one
/// entry for each table of ours, and 128 names of at most 255 bytes.
public struct PeerSession: Sendable {
    /// What a peer said.
    public enum Event: Hashable, Sendable {
        /// A peer that connected says its name; ``accept()`` or ``refuse(_:)`` answers it.
        case hello(String)
        /// This node was accepted by a peer that it connected to.
        case accepted
        /// What it has of a key of a table: the position among the session's tables.
        case update(table: Int, PeerEntry)
        /// It has all changes of a table up to this one.
        case acknowledged(table: Int, change: UInt32)
        /// Its table of this name has other keys than ours: nothing is exchanged.
        case unfit(String)
        /// It wants all that this node knows.
        case wantsAll
        /// It has told all that it knows, and was asked to; complete unless it is still to learn itself.
        case toldAll(isComplete: Bool)
        /// It has heard that it was told all.
        case confirmed
        /// It is there.
        case alive
    }

    private enum Phase { case asking, answering, named, open, over }

    private struct Table {
        let plan: PeerTable
        /// How the peer names it, and what its updates have; `nil`: it has not said.
        var remote: (number: UInt64, columns: [PeerDefinition.Column])?
        var lastHeard: UInt32 = 0
        var lastAcknowledged: UInt32 = 0
    }

    private var phase: Phase
    private var tables: [Table]
    private let localName: String
    private var input: [UInt8] = []
    private var position = 0
    /// What is to be sent; whoever sends takes it off.
    public var output: [UInt8] = []
    /// Whether the peer knows the messages of version 2.1.
    private var isTimed = true
    /// The table that the peer's next updates are of.
    private var heardTable: Int?
    private var heardNames = [String?](repeating: nil, count: PeerMessage.nameCount)
    /// The table that our next updates are of, and the last change told of it.
    private var toldTable: (index: Int, change: UInt32?)?
    private var toldNames = PeerNames()
    /// Messages taken and sent.
    public private(set) var messagesIn = 0, messagesOut = 0

    /// Begins on a connection to a peer, whose ``output`` is the greeting.
    ///
    /// - Parameters:
    ///   - peer: Its name.
    ///   - localName: This node's.
    ///   - processID: This process's.
    ///   - isOld: Whether it refused version 2.1 before.
    ///   - tables: What is exchanged.
    public init(
        greeting peer: String, as localName: String, processID: Int32, isOld: Bool = false,
        tables: [PeerTable]
    ) {
        self.init(.asking, localName, tables)
        isTimed = !isOld
        output = Array(
            "HAProxyS 2.\(isOld ? 0 : 1)\n\(peer)\n\(localName) \(processID) 1\n".utf8)
    }

    /// Begins on a connection that somebody made.
    ///
    /// - Parameters:
    ///   - localName: This node's name.
    ///   - tables: What is exchanged.
    public init(answering localName: String, tables: [PeerTable]) {
        self.init(.answering, localName, tables)
    }

    private init(_ phase: Phase, _ localName: String, _ tables: [PeerTable]) {
        self.phase = phase
        self.localName = localName
        self.tables = tables.map { Table(plan: $0) }
    }

    /// Whether the handshake is over.
    public var isOpen: Bool { phase == .open }

    /// Takes bytes from the peer, at most 16 KiB at a time; ``next()`` must have had nothing more.
    public mutating func receive(_ bytes: some Sequence<UInt8>) {
        input.removeSubrange(..<position)
        position = 0
        input.append(contentsOf: bytes)
    }

    /// What comes next of the bytes so far; `nil`: more are needed.
    ///
    /// - Throws: Why the session is over; ``output`` then has what the peer is told of it.
    public mutating func next() throws(PeerFault) -> Event? {
        do {
            switch phase {
            case .asking: return try status()
            case .answering: return try hello()
            case .named, .over: return nil
            case .open: return try message()
            }
        } catch {
            if phase == .open { append(fault: error) }
            phase = .over
            throw error
        }
    }

    // MARK: The handshake

    /// Takes a peer that said its name.
    public mutating func accept() {
        precondition(phase == .named, "who is taken has said who it is")
        phase = .open
        output += Array("200\n".utf8)
    }

    /// Sends a peer away that said its name.
    ///
    /// - Parameter status: haproxy's: 300 or 504.
    public mutating func refuse(_ status: Int) {
        phase = .over
        output += Array("\(status)\n".utf8)
    }

    private mutating func status() throws(PeerFault) -> Event? {
        guard let line = try lines(1)?.first else { return nil }
        guard line == "200" else { throw .refused(Int(line) ?? 501) }
        phase = .open
        return .accepted
    }

    private mutating func hello() throws(PeerFault) -> Event? {
        guard let lines = try lines(3) else { return nil }
        let version = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        let sender = lines[2].split(separator: " ")
        guard version.count == 2, version[0] == "HAProxyS", sender.count >= 2 else {
            refuse(501)
            throw .malformed
        }
        guard version[1] == "2.0" || version[1] == "2.1" else {
            refuse(502)
            throw .refused(502)
        }
        guard lines[1] == localName else {
            refuse(503)
            throw .refused(503)
        }
        isTimed = version[1] == "2.1"
        phase = .named
        return .hello(String(sender[0]))
    }

    /// Takes whole lines off; `nil`: there are not so many yet.
    private mutating func lines(_ count: Int) throws(PeerFault) -> [String]? {
        var lines: [String] = []
        var start = position
        while lines.count < count {
            guard let end = input[start...].firstIndex(of: 0x0a) else {
                guard input.count - position <= PeerSession.longestHello else {
                    if phase == .answering { refuse(501) }
                    throw .malformed
                }
                return nil
            }
            let line = input[start..<end]
            lines.append(
                String(decoding: line.last == 0x0d ? line.dropLast() : line, as: UTF8.self))
            start = end + 1
        }
        position = start
        return lines
    }

    // MARK: Hearing

    private mutating func message() throws(PeerFault) -> Event? {
        while input.count - position >= 2 {
            let (kind, type) = (input[position], input[position + 1])
            guard kind != PeerMessage.Class.reserved else { throw .malformed }
            var body = ArraySlice<UInt8>()
            var end = position + 2
            if type >= PeerMessage.firstWithLength {
                // A length of at most 16 KiB has three bytes.
                var reader = PeerReader(input[end...].prefix(5))
                guard let length = try? reader.integer() else {
                    guard input.count - end >= 5 else { return nil }
                    throw .tooLong
                }
                guard length <= PeerMessage.longest else { throw .tooLong }
                end = min(end + 5, input.count) - reader.count
                guard input.count - end >= Int(length) else { return nil }
                body = input[end..<end + Int(length)]
                end += Int(length)
            }
            position = end
            messagesIn += 1
            if let event = try event(kind, type, body) { return event }
        }
        return nil
    }

    private mutating func event(
        _ kind: UInt8, _ type: UInt8, _ body: ArraySlice<UInt8>
    ) throws(PeerFault) -> Event? {
        switch kind {
        case PeerMessage.Class.control:
            return switch PeerMessage.Control(rawValue: type) {
            case .request: .wantsAll
            case .finished: .toldAll(isComplete: true)
            case .partial: .toldAll(isComplete: false)
            case .confirm: .confirmed
            case .heartbeat: .alive
            case nil: nil
            }
        case PeerMessage.Class.error: throw .reported
        case PeerMessage.Class.table:
            var reader = PeerReader(body)
            switch PeerMessage.Table(rawValue: type) {
            case .define: return try define(&reader)
            case .change:
                let number = try reader.integer()
                heardTable = tables.firstIndex { $0.remote?.number == number }
                return nil
            case .update: return try update(&reader, change: try reader.bigEndian(), isTimed: false)
            case .timedUpdate:
                return try update(&reader, change: try reader.bigEndian(), isTimed: true)
            case .nextUpdate: return try update(&reader, change: nil, isTimed: false)
            case .nextTimedUpdate: return try update(&reader, change: nil, isTimed: true)
            case .acknowledge:
                let (number, change) = (try reader.integer(), try reader.bigEndian())
                guard (1...UInt64(max(1, tables.count))).contains(number), !tables.isEmpty else {
                    return nil
                }
                return .acknowledged(table: Int(number) - 1, change: change)
            case nil: return nil
            }
        default: return nil
        }
    }

    private mutating func define(_ reader: inout PeerReader) throws(PeerFault) -> Event? {
        heardTable = nil
        let definition = try PeerDefinition(&reader)
        for index in tables.indices where tables[index].remote?.number == definition.number {
            tables[index].remote = nil
        }
        guard
            let index = tables.firstIndex(where: {
                $0.plan.name.utf8.elementsEqual(definition.name)
            })
        else { return nil }
        guard let columns = definition.columns(in: tables[index].plan) else {
            return .unfit(tables[index].plan.name)
        }
        tables[index].remote = (definition.number, columns)
        heardTable = index
        return nil
    }

    private mutating func update(
        _ reader: inout PeerReader, change: UInt32?, isTimed: Bool
    ) throws(PeerFault) -> Event? {
        guard let index = heardTable, let remote = tables[index].remote else { return nil }
        let change = change ?? tables[index].lastHeard &+ 1
        tables[index].lastHeard = change
        return .update(
            table: index,
            try PeerEntry(
                &reader, isTimed: isTimed, change: change, of: tables[index].plan, remote.columns,
                names: &heardNames))
    }

    // MARK: Telling

    /// Asks for all that the peer knows.
    public mutating func askForAll() { append(.request) }

    /// Says that the peer was told all, and whether that is all there is.
    public mutating func endTelling(isComplete: Bool) { append(isComplete ? .finished : .partial) }

    /// Says that it was heard.
    public mutating func confirm() { append(.confirm) }

    /// Says that this node is there.
    public mutating func beat() { append(.heartbeat) }

    /// Says what was heard since it was last said.
    public mutating func acknowledge() {
        for index in tables.indices where tables[index].lastHeard != tables[index].lastAcknowledged
        {
            guard let remote = tables[index].remote else { continue }
            let change = tables[index].lastHeard
            tables[index].lastAcknowledged = change
            messagesOut += 1
            output.appendPeerMessage(.acknowledge) { bytes in
                bytes.appendPeerInteger(remote.number)
                bytes.appendBigEndian(change)
            }
        }
    }

    /// Tells what a table has of a key.
    ///
    /// - Parameters:
    ///   - entry: What it has; ``PeerEntry/remaining`` counts only where `isTimed`.
    ///   - index: The table's position among the session's.
    ///   - isTimed: Whether its time is told too, as far as the peer can hear it.
    public mutating func tell(_ entry: PeerEntry, of index: Int, isTimed: Bool) {
        if toldTable?.index != index {
            messagesOut += 1
            output.appendDefinition(of: tables[index].plan, number: index + 1)
            toldTable = (index, nil)
        }
        let isNext = toldTable?.change.map { $0 &+ 1 == entry.change } ?? false
        toldTable = (index, entry.change)
        messagesOut += 1
        let isTimed = isTimed && self.isTimed
        let type: PeerMessage.Table =
            switch (isNext, isTimed) {
            case (false, false): .update
            case (false, true): .timedUpdate
            case (true, false): .nextUpdate
            case (true, true): .nextTimedUpdate
            }
        output.appendPeerMessage(type) { bytes in
            if !isNext { bytes.appendBigEndian(entry.change) }
            entry.write(to: &bytes, isTimed: isTimed, of: tables[index].plan, names: &toldNames)
        }
    }

    private mutating func append(_ control: PeerMessage.Control) {
        messagesOut += 1
        output += [PeerMessage.Class.control, control.rawValue]
    }

    private mutating func append(fault: PeerFault) {
        switch fault {
        case .malformed: output += [PeerMessage.Class.error, PeerMessage.Fault.malformed.rawValue]
        case .tooLong: output += [PeerMessage.Class.error, PeerMessage.Fault.tooLong.rawValue]
        case .reported, .refused: break
        }
    }

    private static let longestHello = 1024
}
