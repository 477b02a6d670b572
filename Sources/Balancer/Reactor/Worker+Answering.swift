internal import LinuxIO
internal import Synchronization

/// What is known about a connection while rules are asked.
struct Facts {
    var source: IPEndpoint
    /// Asked for when first needed.
    var destination: IPEndpoint?
    /// How many bytes the client has sent.
    var byteCount = 0
    /// Whether a rule says that it begins with a PROXY header.
    var expectsHeader = false
    /// What rules have changed already, as ``EffectNumbers``.
    var effects: UInt64 = 0
    var hello = ClientHello.Reading.needsMore(atLeast: 1)

    init(source: IPEndpoint) { self.source = source }
}

/// Answers to the questions of rules.
extension Worker {
    /// Whether a condition holds, as far as can be told now.
    ///
    /// - Parameters:
    ///   - condition: The condition.
    ///   - client: The connection.
    ///   - facts: What is known about it.
    ///   - isOver: Whether nothing more is waited for: what is not known then does not hold.
    /// - Returns: The answer.
    func answer(
        _ condition: Condition, _ client: Int, _ facts: inout Facts, deadlineIsOver isOver: Bool
    ) -> RuleProgram.Answer {
        var best = RuleProgram.Answer.no
        for terms in condition.alternatives where best != .yes {
            var all = RuleProgram.Answer.yes
            for term in terms where all != .no {
                var any = RuleProgram.Answer.no
                for question in term.questions where any != .yes {
                    let one = answer(question, client, &facts, isOver)
                    if one != .no { any = one }
                }
                let own = any.negated(term.isNegated)
                all = all && own
            }
            if all != .no { best = all }
        }
        return best.negated(condition.isNegated)
    }

    private func answer(
        _ question: Question, _ client: Int, _ facts: inout Facts, _ isOver: Bool
    ) -> RuleProgram.Answer {
        switch question {
        case .constant(let value): .init(value)
        case .waitIsOver: isOver ? .yes : .unknown
        case .source(let table): .init(table.value(for: facts.source) != nil)
        case .destination(let table):
            .init(table.value(for: destination(client, &facts)) != nil)
        case .sourcePort(let ranges): .init(ranges.contain(Int(facts.source.port)))
        case .destinationPort(let ranges):
            .init(ranges.contain(Int(destination(client, &facts).port)))
        case .pool(let quantity, let pool, let ranges):
            .init(
                ranges.contain(
                    shared.pools[pool].state.withLock { $0.value(of: quantity, at: now) }))
        case .serverIsUp(let pool, let name):
            .init(shared.pools[pool].isUp(name))
        case .tlsVersion(let ranges):
            facts.ask(isOver) { hello in
                ranges.contain(Int(hello.version >> 8) << 16 | Int(hello.version & 0xff))
            }
        case .server(let quantity, let pool, let name, let ranges):
            .init(ranges.contain(shared.pools[pool].value(of: quantity, name, at: now)))
        case .connectionCount(let name, let ranges):
            .init(ranges.contain(connectionCount(of: name, client)))
        case .listenerConnections(let ranges):
            .init(ranges.contain(listenerConnectionCount(of: client)))
        case .listenerNumber(let ranges):
            .init(ranges.contain(unsafe entries[Int(slab[client].path)].number))
        case .securedText(let text, let patterns):
            .init(patterns.match(securedText(text, of: client)))
        case .headerText(let type, let patterns):
            .init(
                headerText(type, of: client).map { patterns.match($0, in: 0..<$0.count) } ?? false)
        case .securedNumber(let number, let ranges):
            .init(ranges.contain(securedNumber(number, of: client)))
        case .variable(let variable, let test):
            .init(value(of: variable, client).satisfies(test))
        case .random(let bound, let ranges): .init(ranges.contain(.random(in: 0..<bound)))
        case .sessionRate(let name, let ranges):
            .init(ranges.contain(gate(of: name, client)?.sessionRate.rate(at: now) ?? 0))
        case .payload(let offset, let length, let patterns):
            payload(from: offset, length, of: client, facts.byteCount, patterns, isOver)
        case .rdpCookie(let name, let patterns):
            answer(name, of: client, isOver, absence: false) { bytes in
                patterns.match(bytes)
            }
        case .rdpCookieCount(let name, let ranges):
            answer(name, of: client, isOver, absence: ranges.contain(0)) { _ in ranges.contain(1) }
        case .mqttField(let field, let patterns):
            answerConnect(of: client, isOver) { bytes, packet in
                patterns.match(bytes.extracting(packet[field]))
            }
        case .mqttValidity: answerConnect(of: client, isOver) { _, _ in true }
        case .counter(let question, _) where !isOver && !isTold(question.key, of: client, facts):
            .unknown
        case .counter(let question, let ranges):
            .init(answerOnce(question, client, &facts).map { ranges.contain($0) } ?? false)
        case .byteCount(let ranges):
            ranges.contain(facts.byteCount) ? .yes : isOver ? .no : .unknown
        case .helloType(let ranges): facts.ask(isOver) { _ in ranges.contain(1) }
        case .serverName(let patterns):
            facts.ask(isOver) { hello in
                patterns.match(hello.serverName)
            }
        case .protocolName(let patterns):
            facts.ask(isOver) { hello in
                hello.offers { range in patterns.match(hello.protocols, in: range) }
            }
        }
    }

    /// Where a frontend stands, the client's own if none is named.
    private func place(of name: String?, _ client: Int) -> Int? {
        name.map { shared.frontendPlaces[$0] } ?? Int(slab[client].owner)
    }

    private func gate(of name: String?, _ client: Int) -> Admission.Gate? {
        place(of: name, client).map { place in shared.admission.withLock { $0.frontends[place] } }
    }

    /// How many connections a frontend has.
    ///
    /// What this reactor has reserved beyond the one that it is just accepting is nobody's.
    private func connectionCount(of name: String?, _ client: Int) -> Int {
        guard let place = place(of: name, client) else { return 0 }
        let unused = place == Int(slab[client].owner) ? unusedRoom : 0
        return shared.admission.withLock { $0.frontends[place].taken } - unused
    }

    /// The same of the listening socket that a client came by.
    private func listenerConnectionCount(of client: Int) -> Int {
        shared.admission.withLock { $0.listeners[Int(slab[client].path)].taken } - unusedRoom
    }

    /// Compares a part of what the client has said, where it lies.
    ///
    /// haproxy's arithmetic: what is not whole is waited for, and of what has no end of its own more
    /// may come.
    private func payload(
        from offset: Int, _ length: Int, of client: Int, _ byteCount: Int,
        _ patterns: TextPatterns, _ isOver: Bool
    ) -> RuleProgram.Answer {
        let unknown = isOver ? RuleProgram.Answer.no : .unknown
        let least = offset + max(1, length)
        guard byteCount >= least,
            case .moved(let count) = peek(
                client, upTo: length > 0 ? least : ClientHello.longestByteCount),
            count >= least
        else { return unknown }
        let matches = look(at: count) { bytes in
            patterns.match(bytes.extracting(offset..<count))
        }
        return matches ? .yes : length > 0 ? .no : unknown
    }

    /// Asks about the value of a client's cookie; one that has not come when the time is over is absent.
    private func answer(
        _ name: RDPCookie.Name, of client: Int, _ isOver: Bool, absence: Bool,
        _ holds: (Span<UInt8>) -> Bool
    ) -> RuleProgram.Answer {
        switch readCookie(name, of: client) {
        case .needsMore where !isOver: .unknown
        case .needsMore, .none: .init(absence)
        case .complete(let range):
            look(at: range.upperBound) { .init(holds($0.extracting(range))) }
        }
    }

    /// Asks about the packet that a client of MQTT begins with.
    private func answerConnect(
        of client: Int, _ isOver: Bool, _ holds: (Span<UInt8>, MQTTConnect.Packet) -> Bool
    ) -> RuleProgram.Answer {
        switch readConnect(of: client) {
        case .needsMore: isOver ? .no : .unknown
        case .malformed: .no
        case .complete(let packet): look(at: packet.byteCount) { .init(holds($0, packet)) }
        }
    }

    func destination(_ client: Int, _ facts: inout Facts) -> IPEndpoint {
        if let known = facts.destination { return known }
        let end = destination(of: client)
        facts.destination = end
        return end
    }
}

extension Facts {
    /// Asks about the client's first TLS message.
    fileprivate func ask(
        _ isOver: Bool, _ holds: (ClientHello) -> Bool
    ) -> RuleProgram.Answer {
        switch hello {
        case .complete(let hello): .init(holds(hello))
        case .needsMore: isOver ? .no : .unknown
        case .malformed: .no
        }
    }
}

extension RuleProgram.Answer {
    fileprivate init(_ holds: Bool) { self = holds ? .yes : .no }
}

extension [ClosedRange<Int>] {
    fileprivate func contain(_ number: Int) -> Bool { contains { $0.contains(number) } }
}

extension ClientHello {
    /// Whether one of the offered protocols satisfies a question about where its name lies.
    fileprivate func offers(_ holds: (Range<Int>) -> Bool) -> Bool {
        var place = 0
        while place < protocols.count {
            let end = place + 1 + Int(protocols[place])
            guard end <= protocols.count else { return false }
            if holds(place + 1..<end) { return true }
            place = end
        }
        return false
    }
}
