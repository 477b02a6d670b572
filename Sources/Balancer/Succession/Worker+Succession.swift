internal import LinuxIO
internal import Reactor
internal import Synchronization

extension Worker {
    /// Meets the other reactors, and goes on by what they share from then on.
    mutating func succeed(_ handover: Handover) {
        // With what others have posted, these are put into the words of then.
        for (pool, notice) in ownNotices {
            shared.inboxes[number].post(.notice(pool: pool, notice))
        }
        handover.arrive()
        let former = listeners
        let captures = shared.plan.frontends.map(\.captureLengths)
        self = Worker(succeeding: self, handover.successor)
        moveListeners(from: former, handover.succession)
        introductions.moveTracks(handover.succession.tables)
        introductions.keepVariables(
            shared.plan.variables.count, goingOnAt: handover.succession.variables)
        introductions.keepTexts(of: shared.plan)
        forgetCaptures(unlike: captures, handover.succession)
        if handover.succession.changesStickRules { introductions.forgetStickRules() }
        if handover.succession.changesWaitingRules { introductions.forgetEffects() }
        moveConnections(handover)
        watchListeners()
        handover.leave()
        leadAgain()
    }

    /// Forgets what was captured where a frontend's captures are others now; connections are yet to be told
    /// where their frontend stands.
    private mutating func forgetCaptures(unlike former: [[Int]], _ succession: Succession) {
        let changed = former.enumerated().map { index, lengths in
            let next = succession.frontends[index].map { shared.plan.frontends[$0].captureLengths }
            return lengths != next ?? lengths
        }
        guard changed.contains(true) else { return }
        for client in stride(from: 0, to: 2 * slab.usedCount, by: 2)
        where slab[client].phase != .free && changed[Int(slab[client].owner)] {
            introductions.captures.clear(slab[client].introduction)
        }
    }

    /// Follows the rules of now for who waited by those of a pool, whose time to wait goes on; the
    /// frontend's time begins with the connection.
    private mutating func leadAgain() {
        for client in stride(from: 0, to: 2 * slab.usedCount, by: 2)
        where slab[client].phase == .introducing && slab[client].marks.contains(.returnsToPool) {
            let delay = program(of: client)?.inspectDelay ?? 0
            inspect(client, deadlineIsOver: lifetime(client) >= Int(clamping: delay))
        }
    }

    /// Goes on waiting at the listeners that stay; one whose number changes is waited for anew, which
    /// tells at once of what waits there.
    private mutating func moveListeners(from former: [Listener], _ succession: Succession) {
        for (index, listener) in former.enumerated() {
            let place = succession.listeners[index]
            if let place, listeners[place].socket == listener.socket {
                listeners[place].batch = listener.batch
                listeners[place].filledAtTurn = listener.filledAtTurn
                if place == index {
                    listeners[place].isWatched = listener.isWatched
                    continue
                }
            }
            if listener.isWatched { _ = epoll.remove(listener.socket) }
        }
    }

    /// Tells each connection where everything that it names stands now, and sets its timer to the
    /// time-outs that hold now.
    private mutating func moveConnections(_ handover: Handover) {
        let succession = handover.succession
        var flows: [FlowKey: Int32] = [:]
        for (key, client) in self.flows {
            let listener = succession.listeners[key.listener] ?? 0
            flows[FlowKey(source: key.source, listener: listener)] = client
        }
        self.flows = flows
        for client in stride(from: 0, to: 2 * slab.usedCount, by: 2)
        where slab[client].phase != .free {
            let server = client | 1
            slab[client].owner = UInt16(succession.frontends[Int(slab[client].owner)] ?? 0)
            let listener = succession.listeners[Int(slab[client].path)] ?? 0
            slab[client].path = UInt16(listener)
            let route = handover.routes[Int(slab[server].path)]
            if slab[client].phase == .introducing {
                // Who is not introduced yet follows the rules of now, from the frontend's on; until they
                // have led him elsewhere, he is counted where he was led to.
                if route == nil { slab[server].marks.remove(.isArriving) }
                let counted = slab[server].marks.contains(.isArriving) ? route : nil
                slab[server].path = UInt16(unsafe counted ?? entries[listener].route)
                if slab[client].stage == .pool {
                    slab[client].stage = .content
                    slab[client].neededByteCount = 0
                    slab[client].marks.insert(.returnsToPool)
                }
            } else {
                slab[server].path = UInt16(route ?? 0)
            }
            if slab[server].owner != Half.noServer {
                // One that is gone was waited for between two attempts: another one is chosen.
                slab[server].owner =
                    succession.servers[Int(slab[server].owner)].map { UInt16($0) } ?? Half.noServer
            }
            arm(client)
        }
        endLostFlows()
    }

    /// Datagrams of a listener that is gone can't be answered.
    private mutating func endLostFlows() {
        for client in flows.values.map(Int.init)
        where listeners[Int(slab[client].path)].socket < 0 {
            end(client, client: .finish, server: .finish, because: .operatorsOrder)
        }
    }
}
