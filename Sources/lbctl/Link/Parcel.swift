#if Program
internal import FoundationEssentials

/// What one frame of the link carries.
protocol LinkMessage {
    /// Reads a payload; `nil`: it is none of this kind.
    init?(payload: [UInt8])
    /// The bytes of the payload, at least one.
    var payload: [UInt8] { get }
    /// Whether it may wait for whatever is sent after it.
    var isBulk: Bool { get }
}

/// A word, which is decoded at once, or bytes that whoever passes them on need not understand.
///
/// The election's thread decodes words alone: a line each, however many servers there are. All that
/// grows with their number travels as bytes.
enum Parcel<Word: Codable>: LinkMessage {
    /// What bytes are.
    enum Kind: UInt8 {
        /// A whole model, as JSON.
        case model = 0x4d
        /// What is remembered of targets: a ``RecordBatch``.
        case memories = 0x4b
        /// The same, for a process that begins to serve: the word that has it begin comes behind.
        case heritage = 0x48
        /// What was counted: a ``RecordBatch`` of ``CounterVector``.
        case counters = 0x43
        /// A piece of a status.
        case status = 0x53
        /// A piece of the answer to an order about a table or connections.
        case answer = 0x41
    }

    case word(Word)
    case bytes(Kind, [UInt8])

    init?(payload: [UInt8]) {
        guard let first = payload.first else { return nil }
        if let kind = Kind(rawValue: first) {
            self = .bytes(kind, Array(payload.dropFirst()))
        } else if let word = try? JSONDecoder().decode(Word.self, from: Data(payload)) {
            self = .word(word)
        } else {
            return nil
        }
    }

    var payload: [UInt8] {
        switch self {
        case .word(let word):
            guard let bytes = try? JSONEncoder().encode(word) else {
                preconditionFailure("a word between the processes has no JSON form")
            }
            return Array(bytes)
        case .bytes(let kind, let bytes): return [kind.rawValue] + bytes
        }
    }

    var isBulk: Bool {
        switch self {
        case .word, .bytes(.model, _), .bytes(.heritage, _): false
        case .bytes: true
        }
    }
}
#endif
