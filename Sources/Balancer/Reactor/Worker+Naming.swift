internal import LinuxIO
internal import Synchronization

// What a connection is known by, to servers and in its log line, and what rules have captured of it.

extension Worker {
    /// Gives a connection that was let in its number in the process.
    mutating func giveNumber(_ client: Int) {
        introductions[requestNumberAt: placeAside(client, source(of: client))] =
            shared.requests.next()
    }

    /// A connection's number in the process; one that was not let in takes the next for its line.
    func requestNumber(of client: Int) -> UInt32 {
        let place = slab[client].introduction
        return (place >= 0 ? introductions[requestNumberAt: place] : nil) ?? shared.requests.next()
    }

    /// What a server is told that a connection is known by: the same for each attempt and in the log.
    mutating func identifierForServer(_ client: Int) -> ShortText {
        var text = identifier(of: client)
        if text.count == 0 { text = nextIdentifier() }
        if introductions.identifiers.stride > 0,
            shared.plan.frontends[Int(slab[client].owner)].keepsIdentifiers
        {
            introductions.identifiers.keep(
                text, at: placeAside(client, source(of: client)), .identifier)
        }
        return text
    }

    /// What a connection is known by: what a server was told, or else as its frontend has it; empty: nothing.
    private func identifier(of client: Int) -> ShortText {
        let told = introductions.identifiers.text(at: slab[client].introduction, .identifier)
        guard told.count == 0,
            let format = shared.plan.frontends[Int(slab[client].owner)].identifierFormat
        else { return told }
        // As the log has it: the monotonic clock's instant, in the words of the other one.
        let age = MonotonicInstant.now.nanoseconds / 1000 - Int64(acceptedAt(client)) * 1000
        return format.text(
            .init(
                source: source(of: client),
                destination: format.tellsDestination ? destination(of: client) : .none,
                acceptedAt: RealTimeClock.microseconds - age,
                requestNumber: format.tellsRequestNumber ? requestNumber(of: client) : 0))
    }

    /// 32 digits: the balancer's own number, the reactor's, and one that counts up.
    private mutating func nextIdentifier() -> ShortText {
        identifierCount &+= 1
        var text = ShortText()
        let low = UInt64(number) << 48 | identifierCount & 0xffff_ffff_ffff
        for shift in stride(from: 60, through: 0, by: -4) {
            _ = text.append(digit: shared.ownNumber >> UInt64(shift))
        }
        for shift in stride(from: 60, through: 0, by: -4) {
            _ = text.append(digit: low >> UInt64(shift))
        }
        return text
    }

    // MARK: Log lines

    /// What stands beside the record of a connection; `nil`: nothing.
    func keptTexts(of client: Int) -> KeptTexts? {
        guard let logging = self[routeOf: client].logging, logging.tellsTexts else { return nil }
        var kept = KeptTexts()
        kept.append(
            logging.tellsIdentifier && isLetIn(client) ? identifier(of: client) : ShortText())
        guard logging.tellsCaptures || !logging.headerTextTypes.isEmpty else { return kept }
        let frontend = Int(slab[client].owner)
        for number in shared.plan.frontends[frontend].captureLengths.indices {
            kept.append(
                introductions.captures.text(
                    at: slab[client].introduction,
                    shared.plan.frontends[frontend].slot(ofCapture: number)))
        }
        for type in logging.headerTextTypes {
            kept.append(headerText(type, of: client) ?? ShortText())
        }
        return kept
    }

    /// Whether a connection is more than a socket whose PROXY header or handshake is waited for.
    private func isLetIn(_ client: Int) -> Bool {
        guard slab[client].phase == .introducing else { return true }
        return switch slab[client].stage {
        case .header, .handshake: false
        case .content, .pool: true
        }
    }

    /// Keeps something of a connection for its log line; what is not known leaves what was kept, as in
    /// haproxy.
    ///
    /// - Returns: Whether it is known, or never will be.
    mutating func capture(
        _ source: VariableSource, _ number: Int, _ client: Int, _ facts: Facts,
        deadlineIsOver: Bool
    ) -> Bool {
        if case .key(let key) = source, !deadlineIsOver, !isTold(key, of: client, facts) {
            return false
        }
        let text = self.text(of: source, client, facts)
        guard text.count > 0 else { return true }
        let slot = shared.plan.frontends[Int(slab[client].owner)].slot(ofCapture: number)
        introductions.captures.keep(text, at: placeAside(client, facts.source), slot)
        return true
    }

    /// The first bytes of something as a text; empty: there is none.
    private func text(of source: VariableSource, _ client: Int, _ facts: Facts) -> ShortText {
        let value: VariableValue
        switch source {
        case .key(let key):
            return withKey(key, of: client, facts.source, facts.hello) { $0.firstText }
        case .text(let bytes): return StickKey.bytes(bytes.span).firstText
        case .number(let number): value = .number(number)
        case .address(let end): value = .address(end)
        case .variable(let other): value = self.value(of: other, client)
        }
        return value.withText { StickKey.bytes($0).firstText } ?? ShortText()
    }
}

/// Counts the connections of a process, over all its plans.
final class RequestCounter: Sendable {
    private let count = Atomic<UInt32>(0)

    /// The next one's number, from 0 on and again.
    func next() -> UInt32 { count.wrappingAdd(1, ordering: .relaxed).oldValue }
}

extension PlacedTexts.Slot {
    /// Where identifiers stand.
    fileprivate static let identifier = PlacedTexts.Slot(
        offset: 0, length: KeptTexts.longestIdentifier)
}

extension StickKey {
    /// What a key begins with as a text, which ends at a zero.
    fileprivate var firstText: ShortText {
        var text = ShortText()
        switch self {
        case .none: break
        case .number(let number):
            ByteWriter.withShort({ $0.append(decimal: Int(number)) }, { text.append($0) })
        case .address(let end):
            guard end.isPresent else { break }
            ByteWriter.withShort({ $0.append(addressOf: end) }, { text.append($0) })
        case .bytes(let bytes):
            var index = 0
            while index < bytes.count, bytes[index] != 0, text.append(bytes[index]) { index += 1 }
        }
        return text
    }
}

extension ShortText {
    fileprivate mutating func append(digit number: UInt64) -> Bool {
        let digit = UInt8(number & 15)
        return append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
    }
}
