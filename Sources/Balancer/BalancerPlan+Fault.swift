extension BalancerPlan {
    /// What makes a balancer of it impossible; `nil`: nothing.
    public var fault: String? {
        guard (1...BalancerPlan.mostReactors).contains(reactorCount) else {
            return "\(reactorCount) reactors; there may be 1 to \(BalancerPlan.mostReactors)"
        }
        let numbers = [
            ("servers", pools.reduce(0) { $0 + $1.servers.count }),
            ("listeners", frontends.reduce(0) { $0 + $1.listeners.count }),
            ("paths", frontends.reduce(0) { $0 + $1.poolIndices.count }),
        ]
        for (what, count) in numbers where count > BalancerPlan.mostPlaces {
            return "\(count) \(what); there may be \(BalancerPlan.mostPlaces)"
        }
        if let pool = pools.first(where: { !(0...100).contains($0.retries) }) {
            return "\(pool.retries) retries in \(pool.name); there may be 0 to 100"
        }
        if let section = peers.first(where: { $0.peers.count > PeersPlan.mostPeers }) {
            return "\(section.peers.count) peers in \(section.name); there may be"
                + " \(PeersPlan.mostPeers)"
        }
        guard frontends.allSatisfy({ $0.poolIndices.allSatisfy(pools.indices.contains) }) else {
            return "a frontend leads to a pool that is not there"
        }
        let faults = [
            questionFault, rateFault, securityFault, headerFault, keyFault, tableFault,
            priorityFault, variableFault, captureFault, severityFault,
        ]
        return faults.lazy.compactMap(\.self).first
    }

    private var questionFault: String? {
        let questions = allConditions.flatMap(\.questions)
        for case .random(let bound, _) in questions where bound < 1 {
            return "a rule draws a number below \(bound); it may be 1 or more"
        }
        return questions.compactMap(\.askedPool).allSatisfy(pools.indices.contains)
            ? nil : "a rule asks about a pool that is not there"
    }

    private var rateFault: String? {
        let limits =
            [connectionRateLimit, sessionRateLimit, securedRateLimit].map { ("all frontends", $0) }
            + frontends.map { ($0.name, $0.sessionRateLimit) }
        for case (let place, let limit?) in limits where limit < 1 {
            return "at most \(limit) connections of \(place) a second; it may be 1 or more"
        }
        return nil
    }

    private var headerFault: String? {
        let most = ConnectionPlan.HeaderText.most
        for server in pools.flatMap(\.servers) where server.connection.headerTexts.count > most {
            return "\(server.connection.headerTexts.count) texts in the header for \(server.name);"
                + " there may be \(most)"
        }
        for server in pools.flatMap(\.servers)
        where server.connection.headerTexts.contains(where: { $0.source.key?.needsContent == true })
        {
            return
                "the header for \(server.name) is to tell what the client says, which comes after it"
        }
        return nil
    }

    private var securityFault: String? {
        for frontend in frontends where frontend.isDatagram {
            if frontend.listeners.contains(where: { $0.security != nil }) {
                return "datagrams come to \(frontend.name), which is to end TLS"
            }
            for pool in frontend.poolIndices.map({ pools[$0] })
            where pool.servers.contains(where: { $0.connection.security != nil }) {
                return "datagrams come to \(frontend.name), and a server of \(pool.name) is to be"
                    + " spoken to by TLS"
            }
        }
        return nil
    }

    private var keyFault: String? {
        let keys =
            pools.flatMap {
                $0.keys + $0.contentRules.keys + $0.serverConditions.flatMap(\.keys)
            }
            + frontends.flatMap(\.rules.keys)
        let most = ClientHello.longestByteCount
        for case .countedPayload(let part) in keys {
            guard part.lengthOffset >= 0, part.lengthByteCount > 0, part.offset >= 0,
                part.lengthOffset < most, part.lengthByteCount <= most - part.lengthOffset
            else { return "a part of clients' bytes is a key that is not within the first \(most)" }
        }
        for case .payload(let offset, let length) in keys.map(\.unconverted) {
            guard offset >= 0, length > 0, offset < most, length <= most - offset else {
                return
                    "\(length) bytes from \(offset) on are a key; the first \(most) can be looked at"
            }
        }
        return nil
    }

    private var variableFault: String? {
        let own = variables.filter { !$0.isLeaving }
        guard own.count <= VariablePlan.most else {
            return "\(own.count) variables; there may be \(VariablePlan.most)"
        }
        guard Set(variables.map(\.name)).count == variables.count else {
            return "two variables of one name"
        }
        let rules = allRules
        let named =
            rules.flatMap(\.variables) + allConditions.flatMap(\.questions).compactMap(\.variable)
            + pools.flatMap(\.servers).flatMap(\.connection.sources).compactMap(\.variable)
        guard named.allSatisfy(variables.indices.contains) else {
            return "a rule or a server names a variable that is not there"
        }
        return rules.contains(where: \.setsTooMuch)
            ? "a text for a variable; it may have \(VariablePlan.longestText) bytes" : nil
    }

    private var allRules: [Rule] {
        frontends.flatMap { $0.rules.connection + $0.rules.session + $0.rules.content }
            + pools.flatMap(\.contentRules)
    }

    private var allConditions: [Condition] {
        allRules.map(\.condition) + frontends.flatMap { $0.rules.pools.map(\.condition) }
            + pools.flatMap(\.serverConditions)
    }

    private var severityFault: String? {
        for case .setLogLevel(let severity?) in allRules.map(\.action)
        where !(0...7).contains(severity) {
            return "a rule has lines of severity \(severity); there are 0 to 7"
        }
        return nil
    }

    private var captureFault: String? {
        for frontend in frontends {
            let lengths = frontend.captureLengths
            guard lengths.allSatisfy((1...KeptTexts.longestCapture).contains),
                frontend.capturedByteCount <= KeptTexts.mostCapturedBytes
            else {
                return "captures of \(lengths) bytes in \(frontend.name); each may have 1 to"
                    + " \(KeptTexts.longestCapture), and with one more each"
                    + " \(KeptTexts.mostCapturedBytes) in all"
            }
            let told = frontend.logging?.headerTextTypes.count ?? 0
            guard told <= KeptTexts.mostHeaderTexts else {
                return "lines of \(frontend.name) tell \(told) texts of PROXY headers; there may be"
                    + " \(KeptTexts.mostHeaderTexts)"
            }
            for case .capture(_, let number) in frontend.rules.content.map(\.action)
            where !lengths.indices.contains(number) {
                return "a rule of \(frontend.name) fills capture \(number), which is not there"
            }
        }
        let others =
            frontends.flatMap { $0.rules.connection + $0.rules.session }
            + pools.flatMap(\.contentRules)
        return others.contains { if case .capture = $0.action { true } else { false } }
            ? "a rule captures before clients are let in, or for those of any frontend" : nil
    }

    private var tableFault: String? {
        if let fault = tables.lazy.compactMap(\.fault).first { return fault }
        if let pool = pools.first(where: { $0.stickRules.count > StickRule.most }) {
            return "\(pool.stickRules.count) rules bind clients of \(pool.name); there may be"
                + " \(StickRule.most)"
        }
        let named =
            pools.flatMap(\.stickRules).map(\.tableIndex) + frontends.flatMap(\.rules.tableIndices)
            + pools.flatMap {
                $0.contentRules.tableIndices + $0.serverConditions.flatMap(\.tableIndices)
            }
        let numbers =
            frontends.flatMap(\.rules.trackingNumbers)
            + pools.flatMap {
                $0.contentRules.trackingNumbers
                    + $0.serverConditions.flatMap(\.trackingNumbers)
            }
        guard numbers.allSatisfy((0..<Tracking.count).contains) else {
            return "a connection has \(Tracking.count) trackings"
        }
        return named.allSatisfy(tables.indices.contains)
            ? sharingFault : "a rule names a table that is not there"
    }

    private var sharingFault: String? {
        for case .shareBandwidth(let sharing) in allRules.map(\.action) {
            guard (0..<BandwidthSharing.count).contains(sharing.number) else {
                return "a connection has \(BandwidthSharing.count) shares each way"
            }
            guard sharing.byteCount > 0 else { return "a bandwidth of 0 bytes is shared" }
            let table = tables[sharing.tableIndex]
            guard table.counters.contains(where: { $0.quantity == sharing.quantity }) else {
                return
                    "a bandwidth is shared by the keys of \(table.name), which does not count its"
                    + " rate"
            }
        }
        return nil
    }

    private var priorityFault: String? {
        typealias Action = Rule.Action
        for rule in allRules {
            switch rule.action {
            case .setPriority(let priority) where !Action.priorities.contains(priority):
                return "a priority of \(priority); there may be \(Action.priorities.words)"
            case .setPriorityOffset(let offset) where !Action.priorityOffsets.contains(offset):
                return "an offset of \(offset) ms; there may be \(Action.priorityOffsets.words)"
            default: break
            }
        }
        return nil
    }
}

extension ClosedRange<Int> {
    fileprivate var words: String { "\(lowerBound) to \(upperBound)" }
}
