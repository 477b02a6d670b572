internal import LinuxIO

/// What is kept aside of connections that are more than their sockets say: ends that a PROXY header
/// told, or that are none of IPv4, what they are counted by in tables, which rules bind them to a server, who
/// is served before them, how fast they may send, and what rules remember of them.
///
/// A place is taken when there is something to keep and given back with the connection, so that
/// connections without it pay nothing.
struct Introductions {
    private struct Place {
        var ends: ProxyHeader.Addresses
        var tracks = Tracks()
        var priority: Int16 = 0
        var stickRules: UInt16 = 0
        var headerTime: UInt32 = 0
        var offset: Int32 = 0
        var due: UInt32 = 0
        var uploadLimit: UInt64 = 0
        var effects: UInt64 = 0
        var requestNumber: UInt32?
        var lineLevel = LineLevel.usual
    }

    /// What becomes of a connection's log line (`set-log-level`).
    enum LineLevel {
        /// What becomes of any.
        case usual
        /// There is none.
        case silent
        /// It has this severity of syslog's.
        case severity(UInt8)
    }

    private var places: [Place] = []
    private var free: [Int32] = []
    /// What clients said by TLS, by the places of their ends, where log lines tell of it.
    private var names: [ClientNames] = []

    /// What rules remember of connections, of each place so many values.
    private var variables: [VariableValue] = []
    private var variableCount = 0

    /// What connections share of bandwidths, of each place both ways.
    private var shares: [Shares] = []

    /// What servers were told that connections are known by.
    var identifiers = PlacedTexts()
    /// What rules have captured.
    var captures = PlacedTexts()
    /// The types of extensions of PROXY headers that the plan asks for.
    private(set) var headerTextTypes: [UInt8] = []
    /// What headers have said, for each of them.
    private var headerTexts: [HeaderTexts] = []

    /// Makes room for a number of connections.
    mutating func reserve(_ count: Int) {
        places.reserveCapacity(count)
        free.reserveCapacity(count)
    }

    /// Makes room for what so many clients say by TLS; address space, until it is used.
    mutating func reserveNames(_ count: Int) {
        reserve(count)
        names.reserveCapacity(count)
    }

    /// Keeps a pair of ends.
    ///
    /// - Returns: The place to ask by.
    mutating func keep(_ ends: ProxyHeader.Addresses) -> Int32 {
        if let place = free.popLast() {
            places[Int(place)] = Place(ends: ends)
            if Int(place) < names.count { names[Int(place)] = .none }
            if 2 * Int(place) < shares.count {
                shares[2 * Int(place)] = Shares()
                shares[2 * Int(place) + 1] = Shares()
            }
            let first = Int(place) * variableCount
            if first < variables.count {
                for index in first..<first + variableCount { variables[index] = .none }
            }
            identifiers.clear(place)
            captures.clear(place)
            for index in headerTexts.indices { headerTexts[index].clear(place) }
            return place
        }
        places.append(Place(ends: ends))
        return Int32(places.count - 1)
    }

    /// Keeps what the client at a place said by TLS.
    mutating func keep(_ said: ClientNames, at place: Int32) {
        while names.count <= Int(place) { names.append(.none) }
        names[Int(place)] = said
    }

    /// What is kept of it; of a place that was given back, until it is taken again.
    func names(at place: Int32) -> ClientNames? {
        place >= 0 && Int(place) < names.count ? names[Int(place)] : nil
    }

    /// Has each place keep the texts that a plan wants.
    mutating func keepTexts(of plan: BalancerPlan) {
        identifiers.setStride(plan.identifierByteCount)
        captures.setStride(plan.capturedByteCount)
        let former = Dictionary(uniqueKeysWithValues: zip(headerTextTypes, headerTexts))
        headerTextTypes = plan.headerTextTypes
        headerTexts = headerTextTypes.map { former[$0] ?? HeaderTexts() }
    }

    /// What the header of the connection of a place said by an extension; `nil`: nothing.
    func headerText(_ type: UInt8, at place: Int32) -> ShortText? {
        headerTextTypes.firstIndex(of: type).flatMap { headerTexts[$0].text(at: place) }
    }

    /// Keeps what a header said by an extension of a type that is asked for.
    mutating func keep(_ text: borrowing ShortText, ofHeaderType type: UInt8, at place: Int32) {
        guard let index = headerTextTypes.firstIndex(of: type) else { return }
        headerTexts[index].keep(text, at: place)
    }

    /// Has each place remember values.
    ///
    /// - Parameters:
    ///   - variableCount: How many there are from now on.
    ///   - places: Where each value of before stands now.
    mutating func keepVariables(_ variableCount: Int, goingOnAt places: [Int?] = []) {
        let former = variables
        let formerCount = self.variableCount
        guard formerCount != variableCount || places != Array(0..<variableCount) else { return }
        self.variableCount = variableCount
        variables = []
        variables.reserveCapacity(variableCount * 1024)
        guard formerCount > 0, variableCount > 0 else { return }
        variables += repeatElement(.none, count: former.count / formerCount * variableCount)
        for (index, value) in former.enumerated() {
            guard let place = places[index % formerCount] else { continue }
            variables[index / formerCount * variableCount + place] = value
        }
    }

    /// What rules remember of the connection of a place under a number.
    subscript(variable: Int, at place: Int32) -> VariableValue {
        get {
            let index = Int(place) * variableCount + variable
            return index < variables.count ? variables[index] : .none
        }
        set {
            let end = (Int(place) + 1) * variableCount
            while variables.count < end { variables.append(.none) }
            variables[Int(place) * variableCount + variable] = newValue
        }
    }

    /// Gives a place back.
    mutating func drop(_ place: Int32) {
        places[Int(place)].tracks = Tracks()
        free.append(place)
    }

    /// The ends that are kept at a place.
    subscript(place: Int32) -> ProxyHeader.Addresses {
        get { places[Int(place)].ends }
        set { places[Int(place)].ends = newValue }
    }

    /// Milliseconds until the PROXY header of the connection of a place was whole.
    subscript(headerTimeAt place: Int32) -> UInt32 {
        get { places[Int(place)].headerTime }
        set { places[Int(place)].headerTime = newValue }
    }

    /// The class of the connection of a place while it waits (`set-priority-class`).
    subscript(priorityAt place: Int32) -> Int16 {
        get { places[Int(place)].priority }
        set { places[Int(place)].priority = newValue }
    }

    /// Milliseconds that the connection of a place is taken to have come later (`set-priority-offset`).
    subscript(offsetAt place: Int32) -> Int32 {
        get { places[Int(place)].offset }
        set { places[Int(place)].offset = newValue }
    }

    /// When the connection of a place first had to wait, with its offset, as ``Waiter/due``.
    subscript(dueAt place: Int32) -> UInt32 {
        get { places[Int(place)].due }
        set { places[Int(place)].due = newValue }
    }

    /// Bytes of a second that the server of the connection of a place may be sent; 0: no limit
    /// (`set-bandwidth-limit`).
    subscript(uploadLimitAt place: Int32) -> UInt64 {
        get { places[Int(place)].uploadLimit }
        set { places[Int(place)].uploadLimit = newValue }
    }

    /// The number in the process of the connection of a place; `nil`: it has none.
    subscript(requestNumberAt place: Int32) -> UInt32? {
        get { places[Int(place)].requestNumber }
        set { places[Int(place)].requestNumber = newValue }
    }

    /// What becomes of the log line of the connection of a place.
    subscript(lineLevelAt place: Int32) -> LineLevel {
        get { places[Int(place)].lineLevel }
        set { places[Int(place)].lineLevel = newValue }
    }

    /// What rules have changed for the connection of a place, as ``EffectNumbers``.
    subscript(effectsAt place: Int32) -> UInt64 {
        get { places[Int(place)].effects }
        set { places[Int(place)].effects = newValue }
    }

    /// Which rules of its pool bind the connection of a place, a bit for each.
    subscript(stickRulesAt place: Int32) -> UInt16 {
        get { places[Int(place)].stickRules }
        set { places[Int(place)].stickRules = newValue }
    }

    /// Has rules that are others now count anew.
    mutating func forgetEffects() {
        for place in places.indices { places[place].effects = 0 }
    }

    /// Leaves rules that are others now.
    mutating func forgetStickRules() {
        for place in places.indices { places[place].stickRules = 0 }
    }

    /// What the connection of a place is counted by.
    subscript(tracksAt place: Int32) -> Tracks {
        get { places[Int(place)].tracks }
        set { places[Int(place)].tracks = newValue }
    }

    /// What the connection of a place shares one way: that of its client's half, or of its server's.
    subscript(sharesOf half: Int, at place: Int32) -> Shares {
        get {
            let index = 2 * Int(place) + half & 1
            return index < shares.count ? shares[index] : Shares()
        }
        set {
            while shares.count < 2 * Int(place) + 2 { shares.append(Shares()) }
            shares[2 * Int(place) + half & 1] = newValue
        }
    }

    /// Takes over other positions of the tables; what was counted or shared in one that is gone is so no
    /// more.
    mutating func moveTracks(_ tables: [Int?]) {
        for place in places.indices { places[place].tracks.move(tables) }
        for index in shares.indices { shares[index].move(tables) }
    }
}
