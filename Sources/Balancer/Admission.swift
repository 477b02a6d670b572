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
        /// Reactors that stopped listening because this gate was full, a bit each.
        var waitingReactors: UInt64 = 0
        private var reserved = 0

        /// Most within a second.
        let rateLimit: Int

        init(limit: Int, rateLimit: Int = .max) {
            self.limit = limit
            self.rateLimit = rateLimit
        }

        var free: Int { max(0, limit - count - reserved) }

        /// How many may come in this moment without exceeding the rate.
        func rateRoom(at now: UInt64) -> Int {
            rateLimit == .max ? .max : max(0, rateLimit - rate.rate(at: now) - reserved)
        }

        /// Connections that are open or just being accepted.
        var taken: Int { count + reserved }

        mutating func reserve(_ number: Int) { reserved += number }

        mutating func settle(accepted: Int, reserved number: Int, at now: UInt64) {
            reserved -= number
            guard accepted > 0 else { return }
            count += accepted
            total += accepted
            peak = max(peak, count)
            rate.note(accepted, at: now)
        }

        mutating func leave() { count -= 1 }

        mutating func takeWaiting() -> UInt64 {
            guard waitingReactors != 0, free > 0 else { return 0 }
            defer { waitingReactors = 0 }
            return waitingReactors
        }
    }

    /// Whether anybody may pass at all.
    ///
    /// Asked with the reservation, so that after it is
    /// closed no reactor begins to accept, whenever it hears of that.
    var isOpen = true
    private(set) var process: Gate
    private(set) var frontends: [Gate]
    /// Those of the listening sockets, counted over all frontends.
    private(set) var listeners: [Gate]

    /// Makes gates that nobody has passed.
    init(
        processLimit: Int, frontendLimits: [Int], rateLimits: [Int] = [], listenerLimits: [Int] = []
    ) {
        process = Gate(limit: processLimit)
        frontends = frontendLimits.map { Gate(limit: $0) }
        for (index, limit) in rateLimits.enumerated() {
            frontends[index] = Gate(limit: frontendLimits[index], rateLimit: limit)
        }
        listeners = listenerLimits.map { Gate(limit: $0) }
    }

    /// Reserves room for connections.
    ///
    /// - Parameters:
    ///   - wanted: How many at most, 1 or more.
    ///   - frontend: Where they come in.
    ///   - listener: By which of its sockets; `nil`: that has no limit of its own.
    ///   - reactor: Who asks; it is told when there is room again if the answer is 0.
    ///   - now: Milliseconds of the monotonic clock.
    /// - Returns: How many may be accepted; where that is 0 because of the rate, also when to ask
    ///   again.
    mutating func reserve(
        _ wanted: Int, at frontend: Int, by listener: Int? = nil, for reactor: Int, now: UInt64 = 0
    ) -> (room: Int, askAgainAt: UInt64?) {
        guard isOpen else { return (0, nil) }
        let limit = frontends[frontend].rateLimit
        let allowed = frontends[frontend].rateRoom(at: now)
        guard allowed > 0 else { return (0, now + UInt64(max(1, 1000 / limit))) }
        var room = min(wanted, process.free, frontends[frontend].free, allowed)
        if let listener { room = min(room, listeners[listener].free) }
        guard room > 0 else {
            if let listener, listeners[listener].free == 0 {
                listeners[listener].waitingReactors |= 1 << UInt64(reactor)
            }
            if process.free == 0 { process.waitingReactors |= 1 << UInt64(reactor) }
            if frontends[frontend].free == 0 {
                frontends[frontend].waitingReactors |= 1 << UInt64(reactor)
            }
            return (0, nil)
        }
        process.reserve(room)
        frontends[frontend].reserve(room)
        if let listener { listeners[listener].reserve(room) }
        return (room, nil)
    }

    /// Turns a reservation into connections.
    ///
    /// - Returns: The reactors that can listen again, a bit each.
    mutating func settle(
        accepted: Int, reserved: Int, at frontend: Int, by listener: Int? = nil, now: UInt64
    ) -> UInt64 {
        if let listener {
            listeners[listener].settle(accepted: accepted, reserved: reserved, at: now)
        }
        process.settle(accepted: accepted, reserved: reserved, at: now)
        frontends[frontend].settle(accepted: accepted, reserved: reserved, at: now)
        return accepted == reserved ? 0 : takeWaiting(at: frontend, by: listener)
    }

    /// Counts a connection out.
    ///
    /// - Returns: The reactors that can listen again, a bit each.
    mutating func leave(_ frontend: Int, by listener: Int? = nil) -> UInt64 {
        process.leave()
        frontends[frontend].leave()
        if let listener { listeners[listener].leave() }
        return takeWaiting(at: frontend, by: listener)
    }

    private mutating func takeWaiting(at frontend: Int, by listener: Int?) -> UInt64 {
        let reactors = process.takeWaiting() | frontends[frontend].takeWaiting()
        guard let listener else { return reactors }
        return reactors | listeners[listener].takeWaiting()
    }
}
