/// Texts of connections that are kept aside, for each place so many bytes.
///
/// It grows to the most places that there ever were at once, and allocates nothing after that.
struct PlacedTexts {
    /// Where a text stands among the bytes of a place: one byte of its length, and room for so many.
    struct Slot {
        let offset: Int
        let length: Int
    }

    private var bytes: [UInt8] = []
    /// Bytes of each place; 0: nothing is kept.
    private(set) var stride = 0

    /// Has each place keep so many bytes; what stands before them stays.
    mutating func setStride(_ count: Int) {
        guard count != stride else { return }
        let (former, formerStride) = (bytes, stride)
        (bytes, stride) = ([], count)
        bytes.reserveCapacity(count * 1024)
        guard formerStride > 0, count > 0 else { return }
        for start in Swift.stride(from: 0, to: former.count, by: formerStride) {
            bytes += former[start..<start + min(formerStride, count)]
            bytes += repeatElement(0, count: max(0, count - formerStride))
        }
    }

    /// Forgets what is kept at a place.
    mutating func clear(_ place: Int32) {
        let first = Int(place) * stride
        guard place >= 0, first < bytes.count else { return }
        for index in first..<first + stride { bytes[index] = 0 }
    }

    /// Keeps a text, or as much of it as there is room for.
    mutating func keep(_ text: borrowing ShortText, at place: Int32, _ slot: Slot) {
        let end = (Int(place) + 1) * stride
        while bytes.count < end { bytes.append(0) }
        let first = Int(place) * stride + slot.offset
        let count = min(text.count, slot.length)
        bytes[first] = UInt8(count)
        for index in 0..<count { bytes[first + 1 + index] = text[index] }
    }

    /// What is kept; empty: nothing.
    func text(at place: Int32, _ slot: Slot) -> ShortText {
        var text = ShortText()
        let first = Int(place) * stride + slot.offset
        guard place >= 0, first < bytes.count else { return text }
        let count = min(Int(bytes[first]), slot.length)
        for index in 0..<count { _ = text.append(bytes[first + 1 + index]) }
        return text
    }
}

extension FrontendPlan {
    /// Bytes that its captures take of a connection.
    var capturedByteCount: Int { captureLengths.reduce(0) { $0 + 1 + $1 } }

    /// Where a capture stands among them.
    func slot(ofCapture number: Int) -> PlacedTexts.Slot {
        let offset = captureLengths[..<number].reduce(0) { $0 + 1 + $1 }
        return PlacedTexts.Slot(offset: offset, length: captureLengths[number])
    }
}

extension BalancerPlan {
    /// Bytes of each connection's captures.
    var capturedByteCount: Int { frontends.map(\.capturedByteCount).max() ?? 0 }

    /// Bytes of each connection's identifier, where servers are told it: what they and the line say is one.
    var identifierByteCount: Int {
        let isTold = pools.lazy.flatMap(\.servers).contains {
            if case .versionTwo(let options) = $0.connection.header {
                options.contains(.identifier)
            } else {
                false
            }
        }
        return isTold && frontends.contains(where: \.keepsIdentifiers)
            ? 1 + KeptTexts.longestIdentifier : 0
    }
}

extension FrontendPlan {
    /// Whether what a server was told its connection is known by is kept.
    var keepsIdentifiers: Bool {
        identifierFormat != nil || logging?.tellsIdentifier == true
    }
}
