/// What lines tell of a client's TLS that ended here, in place: ``byteCount`` bytes for all that a form has.
struct SampleTexts: Hashable, Sendable {
    private static let byteCount = 510
    private var storage = InlineArray<510, UInt8>(repeating: 0)
    private var count: UInt16 = 0
    /// Of which form's samples they are: a reload may bring another one meanwhile.
    private var mark = 0

    init() {}

    /// Takes what is wanted out of a session; what has no room any more is not known.
    init(_ session: any ClientSession, _ wanted: [SecuredSample]) {
        mark = wanted.hashValue
        for sample in wanted {
            switch sample {
            case .text(let text):
                let value = session.text(text)
                add(value.count) { value[$0] }
            case .number(let number):
                let digits = Array("\(session.number(number))".utf8)
                add(digits.count) { digits[$0] }
            }
        }
    }

    /// Adds a text behind a byte of its length.
    private mutating func add(_ length: Int, _ byte: (Int) -> UInt8) {
        guard count < Self.byteCount else { return }
        let hasRoom = Int(count) + 1 + length <= Self.byteCount
        storage[Int(count)] = hasRoom ? UInt8(length) : 0
        count += 1
        guard hasRoom else { return }
        for index in 0..<length { storage[Int(count) + index] = byte(index) }
        count += UInt16(length)
    }

    /// One of them as a line has it, with `?` for what could end a line or a field; `nil`: there is none.
    func text(of sample: SecuredSample, among wanted: [SecuredSample]) -> String? {
        guard mark == wanted.hashValue, let number = wanted.firstIndex(of: sample) else {
            return nil
        }
        var place = 0
        for _ in 0..<number where place < Int(count) { place += 1 + Int(storage[place]) }
        guard place < Int(count), storage[place] > 0 else { return nil }
        let bytes = (place + 1..<place + 1 + Int(storage[place])).map { storage[$0] }
        var text = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C, 0..<0x20, 0x7F..<0xA0: text += "?"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    static func == (one: Self, other: Self) -> Bool {
        one.mark == other.mark && one.count == other.count
            && (0..<Int(one.count)).allSatisfy { one.storage[$0] == other.storage[$0] }
    }

    func hash(into hasher: inout Hasher) {
        for index in 0..<Int(count) { hasher.combine(storage[index]) }
    }
}
