internal import LinuxIO
internal import Reactor
internal import Synchronization

// What comes before a server is chosen: the PROXY header, a TLS handshake that ends here, and rules that
// may look at the client's first bytes. They are looked at where they lie, in the socket (MSG_PEEK), so
// that a connection that is inspected needs no buffer, and what is relayed afterwards is all of them.

extension Worker {
    /// Begins with a connection whose listener has a PROXY header, TLS or rules.
    mutating func introduce(_ client: Int, from peer: IPEndpoint) {
        slab[client].phase = .introducing
        shared.refusals[Int(slab[client].owner)].newcomers.add(1, ordering: .relaxed)
        slab[client].stage = .header
        var awaitsHeader = unsafe entries[Int(slab[client].path)].acceptsProxyHeader
        if let program = program(of: client), !program.plan.connection.isEmpty {
            var facts = Facts(source: peer)
            switch decide(program.plan.connection, client, &facts, deadlineIsOver: true) {
            case .reject: return refuse(client, as: .deniedConnection)
            case .silentDrop: return refuse(client, as: .deniedConnection, silently: true)
            case .passes, .waits: break
            }
            awaitsHeader = awaitsHeader || facts.expectsHeader
        }
        guard !awaitsHeader else {
            // As haproxy: it counts while its header is waited for.
            boundSession()
            return enter(.introducing, client)
        }
        headerIsDone(client, source: peer)
    }

    /// Handles events of a connection that is not introduced yet.
    mutating func introductionStirred(_ half: Int, _ readiness: Readiness) {
        note(readiness, half)
        guard !readiness.contains(.failed) else {
            if slab[half].stage == .header { slab[half].marks.insert(.hasBrokenHeader) }
            return refuse(half, as: slab[half].stage == .handshake ? .handshakeCut : .aborted)
        }
        switch slab[half].stage {
        case .header: readHeader(half)
        case .handshake: goOnWithHandshake(half)
        case .content, .pool: inspect(half, deadlineIsOver: false)
        }
    }

    /// The time for an introduction is over: without a header nobody knows whom it is about;
    /// without content the rules decide by what there is.
    mutating func introductionTimedOut(_ client: Int) {
        switch slab[client].stage {
        case .header: refuse(client, as: .headerLate)
        case .handshake: refuse(client, as: .handshakeLate)
        case .content, .pool:
            shared.refusals[Int(slab[client].owner)].lateHellos.add(1, ordering: .relaxed)
            inspect(client, deadlineIsOver: true)
        }
    }

    /// How long the present part of an introduction may take, in milliseconds.
    func introductionTimeout(_ client: Int) -> UInt64 {
        switch slab[client].stage {
        case .header: unsafe entries[Int(slab[client].path)].headerTimeout
        case .handshake: unsafe entries[Int(slab[client].path)].handshakeTimeout
        case .content: max(1, program(of: client)?.inspectDelay ?? 1)
        case .pool:
            max(1, program(of: client)?[contentOf: Int(slab[client | 1].path)]?.longestWait ?? 1)
        }
    }

    // MARK: Rules

    /// Goes on with a connection whose bytes are those that are to be relayed.
    ///
    /// - Parameters:
    ///   - client: The connection.
    ///   - isCounted: Whether it counts already among those that the process may have in a second.
    mutating func beginInspecting(_ client: Int, isCounted: Bool) {
        guard let program = program(of: client) else {
            if !isCounted { boundSession() }
            admit(client)
            return goOn(client)
        }
        slab[client].stage = .content
        var facts = Facts(source: self.source(of: client))
        switch decide(program.plan.session, client, &facts, deadlineIsOver: true) {
        case .reject: return refuse(client, as: .deniedSession)
        case .silentDrop: return refuse(client, as: .deniedSession, silently: true)
        case .passes, .waits: break
        }
        countSession(client)
        if !isCounted { boundSession() }
        admit(client)
        guard program.needsContent else {
            return conclude(client, program, &facts, deadlineIsOver: true)
        }
        slab[client].neededByteCount = 0
        enter(.introducing, client)
        inspect(client, deadlineIsOver: program.inspectDelay == 0)
    }

    /// Looks at what the client has said so far.
    ///
    /// Each reading begins with the first byte. So that who sends one byte after the other costs
    /// little, the message is read again only once there is as much of it as the last reading lacked,
    /// and not for ever.
    mutating func inspect(_ client: Int, deadlineIsOver: Bool) {
        guard let program = program(of: client) else {
            // A reload took the rules away by which he waited.
            slab[client | 1].marks.remove(.isForced)
            noteArrival(client, at: unsafe entries[Int(slab[client].path)].route)
            return goOn(client)
        }
        var facts = Facts(source: source(of: client))
        var isOver = deadlineIsOver || slab[client].marks.contains(.endIsNear)
        switch countBytes(client) {
        case .moved(0): return refuse(client, as: .cut)
        case .moved(let count):
            facts.byteCount = count
            if program.isOpenEnded { countReading(client) }
            let isLong = slab[client].streak >= mostReadings
            isOver = isOver || isLong
            guard program.needsHello, isOver || count >= slab[client].neededByteCount else { break }
            facts.hello = readHello(client)
            keepNames(client, facts)
            guard case .needsMore(let least) = facts.hello else { break }
            if isLong { facts.hello = .malformed(.length) }
            slab[client].neededByteCount = least
            countReading(client)
        case .wouldBlock: break
        case .failed: return refuse(client, as: .aborted)
        }
        if slab[client].stage == .pool {
            followPool(client, program, &facts, deadlineIsOver: isOver)
        } else {
            conclude(client, program, &facts, deadlineIsOver: isOver)
        }
    }

    /// Counts a reading: after a number of them the rules decide by what there is.
    private func countReading(_ client: Int) {
        slab[client].streak = min(slab[client].streak + 1, mostReadings)
    }

    /// How many bytes of a client's lie in its socket.
    private func countBytes(_ client: Int) -> Transfer {
        guard slab[client].marks.isDisjoint(with: .isSecured) else {
            return peek(client, upTo: ClientHello.longestByteCount)
        }
        return unsafe StreamSocket.countBytes(
            in: slab[client].socket, upTo: ClientHello.longestByteCount, using: buffer)
    }

    /// Follows the content rules and those that choose a pool, unless they want more bytes.
    private mutating func conclude(
        _ client: Int, _ program: RuleProgram, _ facts: inout Facts, deadlineIsOver: Bool
    ) {
        switch decide(program.content, client, &facts, deadlineIsOver: deadlineIsOver) {
        case .waits: return
        case .reject: return refuse(client, as: .deniedContent)
        case .silentDrop: return refuse(client, as: .deniedContent, silently: true)
        case .passes: break
        }
        for (index, rule) in program.plan.pools.enumerated() {
            switch answer(rule.condition, client, &facts, deadlineIsOver: deadlineIsOver) {
            case .unknown: return
            case .no: continue
            case .yes:
                if let key = rule.key, !deadlineIsOver, !isTold(key, of: client, facts) { return }
                let route = route(of: program.ways[index], client, facts)
                return lead(client, to: route, program, &facts, deadlineIsOver: deadlineIsOver)
            }
        }
        lead(client, to: nil, program, &facts, deadlineIsOver: deadlineIsOver)
    }

    /// Where a rule leads to; `nil`: to no pool that there is.
    private func route(of way: PoolRule.Target, _ client: Int, _ facts: Facts) -> Int? {
        switch way {
        case .pool(let route): route
        case .table(let table):
            withKey(table.key, of: client, facts.source, facts.hello) { table.pool(for: $0) }
        }
    }

    /// Goes on to the pool that was chosen, whose rules may have a time of their own to wait; `nil`: to the
    /// frontend's own, if it is for others.
    private mutating func lead(
        _ client: Int, to chosen: Int?, _ program: RuleProgram, _ facts: inout Facts,
        deadlineIsOver: Bool
    ) {
        guard chosen != nil || !program.plan.refusesOthers else {
            return refuse(client, as: .unmatched)
        }
        let route = unsafe chosen ?? entries[Int(slab[client].path)].route
        noteArrival(client, at: route)
        guard noteForcing(client, at: route, program, &facts, deadlineIsOver: deadlineIsOver) else {
            return
        }
        guard let content = program[contentOf: route] else {
            return settle(client, at: route, program, &facts, deadlineIsOver: deadlineIsOver)
        }
        slab[client].stage = .pool
        slab[client].neededByteCount = 0
        guard content.inspectDelay > 0 else {
            return followPool(client, program, &facts, deadlineIsOver: deadlineIsOver)
        }
        slab[client].streak = 0
        let isBack = slab[client].marks.remove(.returnsToPool) != nil
        if isBack { arm(client) } else { enter(.introducing, client) }
        let isOver = slab[client].marks.contains(.endIsNear)
        followPool(client, program, &facts, deadlineIsOver: isOver)
    }

    /// Follows the content rules of the pool that was chosen, unless they want more bytes.
    private mutating func followPool(
        _ client: Int, _ program: RuleProgram, _ facts: inout Facts, deadlineIsOver: Bool
    ) {
        let route = Int(slab[client | 1].path)
        guard let content = program[contentOf: route] else { return goOn(client) }
        let rulesAreDue = deadlineIsOver || content.inspectDelay == 0
        switch decide(content.rules, client, &facts, deadlineIsOver: rulesAreDue) {
        case .waits: return
        case .reject: return refuse(client, as: .deniedContent)
        case .silentDrop: return refuse(client, as: .deniedContent, silently: true)
        case .passes:
            settle(client, at: route, program, &facts, deadlineIsOver: deadlineIsOver)
        }
    }

    /// Goes on to the server that rules of the pool or the client name, or that is chosen.
    private mutating func settle(
        _ client: Int, at route: Int, _ program: RuleProgram, _ facts: inout Facts,
        deadlineIsOver: Bool
    ) {
        var server: Int?
        for rule in program.servers[route - program.firstRoute] where server == nil {
            switch answer(rule.condition, client, &facts, deadlineIsOver: deadlineIsOver) {
            case .unknown: return
            case .no: continue
            case .yes:
                if mayServe(rule.server, client, isKept: keepsToServer(client)) {
                    server = rule.server
                }
            }
        }
        if server == nil, let tokens = program.tokens[route - program.firstRoute] {
            let reading = readCookie(tokens.cookie, of: client)
            if reading == .needsMore, !deadlineIsOver { return }
            server = self.server(of: reading, among: tokens, client)
        }
        let nameKeys = program.nameKeys[route - program.firstRoute]
        guard deadlineIsOver || nameKeys.allSatisfy({ isTold($0, of: client, facts) }) else {
            return
        }
        // Who has a server is not waited for.
        let isOver = deadlineIsOver || server != nil
        let held = stickRules(at: route, client, program, &facts, deadlineIsOver: isOver)
        guard let held else { return }
        if !isOver, let hashed = unsafe routes[route].key?.connectionKey,
            !isTold(hashed, of: client, facts)
        {
            return
        }
        keepStickRules(held, of: client)
        if let server {
            slab[client | 1].owner = UInt16(self[routeOf: client].firstServer + server)
            slab[client | 1].marks.insert(.isBound)
        }
        if case .malformed = facts.hello {
            shared.refusals[Int(slab[client].owner)].unreadableHellos.add(1, ordering: .relaxed)
        }
        goOn(client)
    }

    /// Goes through rules whose conditions hold, up to the first that decides.
    private mutating func decide(
        _ rules: [Rule], _ client: Int, _ facts: inout Facts, deadlineIsOver: Bool
    ) -> RuleProgram.Verdict {
        let former = slab[client].introduction
        facts.effects = former < 0 ? 0 : introductions[effectsAt: former]
        let effects = facts.effects
        defer {
            if facts.effects != effects {
                introductions[effectsAt: placeAside(client, facts.source)] = facts.effects
            }
        }
        for rule in rules {
            switch answer(rule.condition, client, &facts, deadlineIsOver: deadlineIsOver) {
            case .unknown: return .waits
            case .no: continue
            case .yes: break
            }
            switch rule.action {
            case .accept: return .passes
            case .reject: return .reject
            case .silentDrop: return .silentDrop
            case .expectProxyHeader: facts.expectsHeader = true
            case .track(let tracking):
                guard track(client, tracking, facts, deadlineIsOver: deadlineIsOver) else {
                    return .waits
                }
            case .countMark(let mark, let number, let index, let count):
                guard facts.effects & rule.effect == 0 else { continue }
                if countMarks(count, client, mark, index, number) { facts.effects |= rule.effect }
            case .setTag(let tag, let number, let index): setTag(client, tag, index, number)
            case .setPriority(let priority):
                let place = placeAside(client, facts.source)
                introductions[priorityAt: place] = Int16(clamping: priority)
            case .setPriorityOffset(let offset):
                introductions[offsetAt: placeAside(client, facts.source)] = Int32(clamping: offset)
            case .setMark(let mark): StreamSocket.setMark(slab[client].socket, to: mark)
            case .setServiceType(let type):
                StreamSocket.setServiceType(slab[client].socket, to: type)
            case .limitBandwidth(let limit): self.limit(client, limit, facts)
            case .shareBandwidth(let sharing):
                guard share(client, sharing, facts, deadlineIsOver: deadlineIsOver) else {
                    return .waits
                }
            case .setVariable(let variable, let source):
                setVariable(variable, to: source, client, facts)
            case .unsetVariable(let variable): unsetVariable(variable, client, facts)
            case .capture(let source, let number):
                guard capture(source, number, client, facts, deadlineIsOver: deadlineIsOver) else {
                    return .waits
                }
            case .setLogLevel(let severity):
                introductions[lineLevelAt: placeAside(client, facts.source)] =
                    severity.map { .severity(UInt8($0)) } ?? .silent
            case .setAddress(let end, let value): setAddress(of: end, to: value, client, &facts)
            case .setPort(let end, let value): setPort(of: end, to: value, client, &facts)
            }
        }
        return .passes
    }

    /// Everything that had to be known is known.
    private mutating func goOn(_ client: Int) {
        slab[client].streak = 0
        recordAccepted(client)
        enterPool(client)
    }

    /// Keeps what log lines say of the client's first TLS message.
    private mutating func keepNames(_ client: Int, _ facts: Facts) {
        guard slab[client].marks.isDisjoint(with: .isSecured),
            self[routeOf: client].logging?.tellsNames == true,
            case .complete(let hello) = facts.hello
        else { return }
        introductions.keep(ClientNames(hello), at: placeAside(client, facts.source))
    }

    /// Where something of a connection is kept aside.
    mutating func placeAside(_ client: Int, _ source: IPEndpoint) -> Int32 {
        if slab[client].introduction < 0 {
            slab[client].introduction = introductions.keep(
                .init(source: source, destination: .none))
        }
        return slab[client].introduction
    }

    /// Ends a connection; who is dropped silently is not told.
    mutating func refuse(_ client: Int, as refusal: Refusal, silently isSilent: Bool = false) {
        note(refusal, client)
        switch refusal {
        case .headerMalformed, .headerLate, .headerCut:
            slab[client].marks.insert(.hasBrokenHeader)
        case .deniedConnection, .deniedSession: slab[client].marks.insert(.isUntold)
        default: break
        }
        end(
            client, client: isSilent ? .silence : .finish, server: .reset, because: refusal.cause)
    }

    /// Reads the client's first TLS message where it lies.
    func readHello(_ client: Int) -> ClientHello.Reading {
        guard
            case .moved(let count) = peek(client, upTo: ClientHello.longestByteCount)
        else { return .needsMore(atLeast: 1) }
        return look(at: count, ClientHello.read)
    }

    func program(of client: Int) -> RuleProgram? {
        unsafe entries[Int(slab[client].path)].program
    }

    /// Reads the first bytes of the buffer.
    func look<Verdict>(at count: Int, _ read: (Span<UInt8>) -> Verdict) -> Verdict {
        let start = unsafe buffer.assumingMemoryBound(to: UInt8.self)
        return read(unsafe UnsafeBufferPointer(start: start, count: count).span)
    }
}

/// A reading for each record, of which honest clients send one or two.
private let mostReadings: UInt8 = 64
