/// How many connections there are, and may be: of the process and of each frontend.
///
/// Shared by all reactors. A reactor reserves before it accepts, so the limits hold exactly; what
/// is beyond them stays in the kernel's backlog.
struct Admission {
    /// The count of the process, or of one frontend.
    struct Gate {
        let limit: Int
        private(set) var count = 0
        private(set) var peak = 0
        private(set) var total = 0
        private(set) var rate = RateMeter()
        /// Of those, whom rules have let pass; of a frontend, or where it is bounded.
        private(set) var sessionRate = RateMeter()
        /// Reactors that stopped listening because this gate was full, a bit each.
        var waitingReactors: UInt64 = 0
        private var reserved = 0

        /// Most within a second.
        let rateLimit: Int
        /// Most within a second of those whom rules have let pass.
        let sessionRateLimit: Int

        init(limit: Int, rateLimit: Int = .max, sessionRateLimit: Int = .max) {
            self.limit = limit
            self.rateLimit = rateLimit
            self.sessionRateLimit = sessionRateLimit
        }

        var free: Int { max(0, limit - taken) }

        /// How many may come in this moment without exceeding a rate, if all come that room is reserved
        /// for, or if none of them does.
        func rateRoom(at now: UInt64, besidesReserved: Bool = true) -> Int {
            let reserved = besidesReserved ? reserved : 0
            func room(_ limit: Int, _ meter: RateMeter) -> Int {
                limit == .max ? .max : max(0, limit - meter.rate(at: now) - reserved)
            }
            return min(room(rateLimit, rate), room(sessionRateLimit, sessionRate))
        }

        /// Connections that are open or just being accepted.
        ///
        /// Never below 0, which ``count`` alone is while those leave of whom others are accepted still.
        var taken: Int { count + reserved }

        mutating func reserve(_ number: Int) { reserved += number }

        mutating func settle(
            accepted: Int, admitted: Int = 0, reserved number: Int, at now: UInt64
        ) {
            reserved -= number
            guard accepted > 0 else { return }
            count += accepted
            total += accepted
            peak = max(peak, count)
            rate.note(accepted, at: now)
            if admitted > 0 { sessionRate.note(admitted, at: now) }
        }

        mutating func noteSession(at now: UInt64) { sessionRate.note(1, at: now) }

        mutating func leave() { count -= 1 }

        /// Counts anew whom others count, too.
        mutating func recount(_ number: Int) { count = number }

        /// Goes on from what passed under another limit.
        mutating func goOn(from former: Gate) {
            (count, peak, total) = (former.count, former.peak, former.total)
            (rate, sessionRate) = (former.rate, former.sessionRate)
        }

        mutating func takeWaiting() -> UInt64 {
            guard waitingReactors != 0, free > 0 else { return 0 }
            defer { waitingReactors = 0 }
            return waitingReactors
        }
    }

    /// Where room may be lacking.
    enum Place: Hashable {
        case process
        case secured
        case frontend(Int)
        case listener(Int)
    }

    /// What becomes of a wish to accept.
    enum Answer: Equatable {
        /// So many connections may be accepted.
        case room(Int)
        /// None may: who asked is told when there is room again.
        case full(Place)
        /// None may before then, because of a rate.
        case tooFast(until: UInt64)
        /// Nobody may pass.
        case closed
    }

    /// The reactors that are to hear of room, a bit each, by where it is.
    struct Openings: Equatable {
        var process: UInt64 = 0
        var secured: UInt64 = 0
        var frontend: UInt64 = 0
        var listener: UInt64 = 0

        var isEmpty: Bool { process | secured | frontend | listener == 0 }
    }

    /// Whether anybody may pass at all.
    ///
    /// Asked with the reservation, so that after it is
    /// closed no reactor begins to accept, whenever it hears of that.
    var isOpen = true
    /// Reactors that have yet to take what they were woken for before the gate was closed.
    private(set) var sweepsLeft = 0
    private(set) var process: Gate
    private(set) var frontends: [Gate]
    /// Flows of datagrams, of which anybody can begin any number from invented addresses: they leave
    /// half of the process's room, and of its rates, to connections.
    private(set) var flows: Gate
    private let takesFlows: [Bool]
    /// Those whose TLS ends here, where they are bounded by themselves.
    private(set) var secured: Gate
    /// By which listening sockets they come; empty: nothing bounds them.
    private let securedListeners: [Bool]
    /// Those of the listening sockets, counted over all frontends.
    private(set) var listeners: [Gate]

    /// Makes gates that nobody has passed.
    init(
        processLimit: Int, processRateLimit: Int = .max, processSessionRateLimit: Int = .max,
        frontendLimits: [Int], rateLimits: [Int] = [], listenerLimits: [Int] = [],
        takesFlows: [Bool] = [], securedLimit: Int = .max, securedRateLimit: Int = .max,
        securedListeners: [Bool] = []
    ) {
        secured = Gate(limit: securedLimit, rateLimit: securedRateLimit)
        let isBounded = securedLimit != .max || securedRateLimit != .max
        self.securedListeners = isBounded ? securedListeners : []
        process = Gate(
            limit: processLimit, rateLimit: processRateLimit,
            sessionRateLimit: processSessionRateLimit)
        self.takesFlows =
            takesFlows.isEmpty ? frontendLimits.map { _ in false } : takesFlows
        let isShared = self.takesFlows.contains(false)
        func share(_ limit: Int) -> Int {
            isShared && limit != .max ? max(1, limit / 2) : limit
        }
        flows = Gate(
            limit: share(processLimit), rateLimit: share(processRateLimit),
            sessionRateLimit: share(processSessionRateLimit))
        frontends = frontendLimits.map { Gate(limit: $0) }
        for (index, limit) in rateLimits.enumerated() {
            frontends[index] = Gate(limit: frontendLimits[index], rateLimit: limit)
        }
        listeners = listenerLimits.map { Gate(limit: $0) }
        if listeners.isEmpty { listeners = frontendLimits.map { _ in Gate(limit: .max) } }
    }

    /// Goes on from what passed under other limits.
    ///
    /// Nobody is just accepting then; reactors that wait for room ask again.
    ///
    /// - Parameters:
    ///   - former: The gates before.
    ///   - succession: What stands where.
    mutating func goOn(from former: Admission, _ succession: Succession) {
        (isOpen, sweepsLeft) = (former.isOpen, former.sweepsLeft)
        process.goOn(from: former.process)
        flows.goOn(from: former.flows)
        for (index, place) in succession.frontends.enumerated() {
            if let place { frontends[place].goOn(from: former.frontends[index]) }
        }
        for (index, place) in succession.listeners.enumerated() {
            if let place { listeners[place].goOn(from: former.listeners[index]) }
        }
        secured.goOn(from: former.secured)
        // Which sockets they are, and whether they were counted, may be another thing now.
        secured.recount(
            zip(listeners, securedListeners).reduce(0) { $0 + ($1.1 ? $1.0.count : 0) })
    }

    /// Whether the clients of a listening socket are among those that ``secured`` bounds.
    private func boundsSecured(_ listener: Int) -> Bool {
        !securedListeners.isEmpty && securedListeners[listener]
    }

    /// Closes the gate.
    ///
    /// Of all processes and reactors that wait at a listener, the kernel wakes one for a connection
    /// (`EPOLLEXCLUSIVE`). Whoever stops waiting has to take what it was woken for: nobody else hears
    /// of it. Until each reactor has done so, connections count as just being accepted.
    ///
    /// - Parameter reactors: How many reactors there are.
    mutating func close(reactors: Int) {
        isOpen = false
        sweepsLeft += reactors
    }

    /// Takes note that a reactor has taken what it was woken for.
    mutating func sweepEnded() { sweepsLeft -= 1 }

    /// Reserves room for connections.
    ///
    /// - Parameters:
    ///   - wanted: How many at most, 1 or more.
    ///   - frontend: Where they come in.
    ///   - listener: By which of its sockets.
    ///   - reactor: Who asks.
    ///   - now: Milliseconds of the monotonic clock.
    ///   - isSweeping: Whether the gate does not matter: see ``close(reactors:)``.
    /// - Returns: How many may be accepted, or why none may.
    mutating func reserve(
        _ wanted: Int, at frontend: Int, by listener: Int, for reactor: Int, now: UInt64 = 0,
        isSweeping: Bool = false
    ) -> Answer {
        guard isOpen || isSweeping else { return .closed }
        let isSecured = boundsSecured(listener)
        let allowed = rateRoom(at: frontend, by: listener, now: now)
        guard allowed > 0 else {
            // Another reactor may have reserved more than it finds, which is known within its turn.
            let isReserved =
                rateRoom(at: frontend, by: listener, now: now, besidesReserved: false) > 0
            let limit = min(
                process.rateLimit, process.sessionRateLimit, frontends[frontend].rateLimit,
                isSecured ? secured.rateLimit : .max)
            return .tooFast(until: now + (isReserved ? 1 : UInt64(max(1, 1000 / limit))))
        }
        let bit: UInt64 = 1 << UInt64(reactor)
        guard process.free > 0 else {
            process.waitingReactors |= bit
            return .full(.process)
        }
        guard !isSecured || secured.free > 0 else {
            secured.waitingReactors |= bit
            return .full(.secured)
        }
        guard frontends[frontend].free > 0 else {
            frontends[frontend].waitingReactors |= bit
            return .full(.frontend(frontend))
        }
        guard listeners[listener].free > 0 else {
            listeners[listener].waitingReactors |= bit
            return .full(.listener(listener))
        }
        var room = min(
            wanted, process.free, frontends[frontend].free, listeners[listener].free, allowed)
        if takesFlows[frontend] { room = min(room, flows.free) }
        if isSecured { room = min(room, secured.free) }
        // Flows wait for nothing: what finds no room is dropped.
        guard room > 0 else { return .full(.process) }
        process.reserve(room)
        frontends[frontend].reserve(room)
        listeners[listener].reserve(room)
        if takesFlows[frontend] { flows.reserve(room) }
        if isSecured { secured.reserve(room) }
        return .room(room)
    }

    /// How many may come to a frontend in this moment without exceeding a rate.
    private func rateRoom(
        at frontend: Int, by listener: Int, now: UInt64, besidesReserved: Bool = true
    ) -> Int {
        func room(_ gate: Gate) -> Int { gate.rateRoom(at: now, besidesReserved: besidesReserved) }
        var all = min(room(process), room(frontends[frontend]))
        if takesFlows[frontend] { all = min(all, room(flows)) }
        return boundsSecured(listener) ? min(all, room(secured)) : all
    }

    /// Turns a reservation into connections, some of which need nobody's word to pass.
    ///
    /// - Returns: Who can listen again.
    mutating func settle(
        accepted: Int, admitted: Int = 0, reserved: Int, at frontend: Int, by listener: Int,
        now: UInt64
    ) -> Openings {
        if takesFlows[frontend] { flows.settle(accepted: accepted, reserved: reserved, at: now) }
        if boundsSecured(listener) {
            secured.settle(accepted: accepted, reserved: reserved, at: now)
        }
        process.settle(accepted: accepted, reserved: reserved, at: now)
        frontends[frontend].settle(
            accepted: accepted, admitted: admitted, reserved: reserved, at: now)
        listeners[listener].settle(accepted: accepted, reserved: reserved, at: now)
        return accepted == reserved ? Openings() : takeWaiting(at: frontend, by: listener)
    }

    /// Counts a connection that rules have let pass.
    mutating func noteSession(at frontend: Int, now: UInt64) {
        frontends[frontend].noteSession(at: now)
    }

    /// Counts a connection, or a flow, towards what the process may have let pass within a second.
    mutating func noteSession(isFlow: Bool, now: UInt64) {
        process.noteSession(at: now)
        if isFlow { flows.noteSession(at: now) }
    }

    /// Counts a connection out.
    ///
    /// - Returns: Who can listen again.
    mutating func leave(_ frontend: Int, by listener: Int) -> Openings {
        if takesFlows[frontend] { flows.leave() }
        if boundsSecured(listener) { secured.leave() }
        process.leave()
        frontends[frontend].leave()
        listeners[listener].leave()
        return takeWaiting(at: frontend, by: listener)
    }

    private mutating func takeWaiting(at frontend: Int, by listener: Int) -> Openings {
        Openings(
            process: process.takeWaiting(), secured: secured.takeWaiting(),
            frontend: frontends[frontend].takeWaiting(),
            listener: listeners[listener].takeWaiting())
    }
}
