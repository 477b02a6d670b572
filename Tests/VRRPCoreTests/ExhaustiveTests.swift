import Testing
import VRRPCore

/// Two or three routers and what is on the wire between them, as one value that can be explored.
private struct World: Hashable {
    var routers: [VirtualRouter]
    var holdsAddresses: [Bool]
    /// What each router is still to receive, oldest first.
    var inboxes: [[Letter]]
    var now = Instant(nanoseconds: 0)

    struct Letter: Hashable {
        let message: Advertisement
        let sender: IPAddress
    }

    init(routers: [VirtualRouter]) {
        self.routers = routers
        holdsAddresses = routers.map { _ in false }
        inboxes = routers.map { _ in [] }
    }

    enum Choice: Hashable {
        case deliver(Int), lose(Int), wake(Int), startup(Int), shutdown(Int)
        case priorityChanged(Int, Priority)
    }

    /// All that can happen next.
    ///
    /// Time passes only when nothing is on the wire.
    var choices: [Choice] {
        var choices: [Choice] = []
        for node in routers.indices {
            if !inboxes[node].isEmpty { choices += [.deliver(node), .lose(node)] }
            switch routers[node].role {
            case .initialize: choices.append(.startup(node))
            case .backup, .active: choices.append(.shutdown(node))
            }
        }
        if inboxes.allSatisfy(\.isEmpty) {
            // The order of two timers is not the clock's alone: a process may be late.
            choices += routers.indices.filter { routers[$0].nextWake != nil }.map { .wake($0) }
            choices.append(
                .priorityChanged(
                    0, routers[0].priority == priority(100) ? priority(80) : priority(100)))
        }
        return choices
    }

    /// Makes it happen; returns what must never be.
    mutating func take(_ choice: Choice) -> String? {
        switch choice {
        case .deliver(let node):
            let letter = inboxes[node].removeFirst()
            return handle(.received(letter.message, from: letter.sender), by: node)
        case .lose(let node):
            inboxes[node].removeFirst()
            return nil
        case .wake(let node):
            if let wake = routers[node].nextWake { now = max(now, wake) }
            return handle(.wake, by: node)
        case .startup(let node): return handle(.startup, by: node)
        case .shutdown(let node): return handle(.shutdown, by: node)
        case .priorityChanged(let node, let changed):
            return handle(.priorityChanged(changed), by: node)
        }
    }

    private mutating func handle(_ event: VirtualRouter.Event, by node: Int) -> String? {
        for action in routers[node].handle(event, at: now) {
            switch action {
            case .advertise(let priority):
                post(routers[node].advertisement(priority: priority), from: node)
            case .echo(let priority, let form):
                post(routers[node].advertisement(priority: priority, in: form), from: node)
            case .claimAddresses:
                if holdsAddresses[node] { return "claims twice after \(event)" }
                holdsAddresses[node] = true
            case .releaseAddresses:
                if !holdsAddresses[node] { return "releases nothing after \(event)" }
                holdsAddresses[node] = false
            case .announceAddresses:
                if !holdsAddresses[node] { return "announces nothing after \(event)" }
            case .report: break
            }
        }
        return holdsAddresses[node] == (routers[node].role == .active)
            ? nil : "holds addresses: \(holdsAddresses[node]) as \(routers[node].role)"
    }

    private mutating func post(_ message: Advertisement, from node: Int) {
        let sender = routers[node].configuration.primaryAddress
        for other in routers.indices where other != node {
            inboxes[other].append(Letter(message: message, sender: sender))
        }
    }

    /// Lets both take part, nothing be lost and the clock rule, for a while.
    mutating func settle() -> String? {
        for node in routers.indices where routers[node].role == .initialize {
            if let fault = take(.startup(node)) { return fault }
        }
        let end = now + .seconds(20)
        for _ in 0..<1000 {
            if let node = routers.indices.first(where: { !inboxes[$0].isEmpty }) {
                if let fault = take(.deliver(node)) { return fault }
                continue
            }
            let next = routers.indices.min { first, second in
                routers[first].nextWake ?? end < routers[second].nextWake ?? end
            }
            guard let next, let wake = routers[next].nextWake, wake < end else { break }
            if let fault = take(.wake(next)) { return fault }
        }
        let active = routers.indices.filter { routers[$0].role == .active }
        return active.count == 1 ? nil : "\(active) are Active at the end"
    }
}

@Suite struct `Every order of events` {
    private func world(
        _ interval: AdvertisementInterval, _ priorities: [UInt8], preempts: Bool
    ) -> World {
        World(
            routers: zip(priorities, [1, 2, 3] as [UInt8]).map { number, host in
                var configuration = VirtualRouter.Configuration(
                    vrid: vrid51, priority: priority(number), interval: interval,
                    primaryAddress: IPv4Address(192, 0, 2, host), addresses: virtualAddresses)
                configuration.preempts = preempts
                return VirtualRouter(configuration: configuration)
            })
    }

    /// All worlds that can be reached from one by so many choices.
    private func reachable(from start: World, depth: Int) -> Set<World> {
        var frontier: Set<World> = [start]
        var known = frontier
        for depth in 1...depth {
            var next: Set<World> = []
            for world in frontier {
                for choice in world.choices {
                    var successor = world
                    if let fault = successor.take(choice) {
                        Issue.record("depth \(depth), \(choice): \(fault)")
                        return known
                    }
                    if known.insert(successor).inserted { next.insert(successor) }
                }
            }
            frontier = next
        }
        return known
    }

    private func settle(_ worlds: Set<World>) {
        for world in worlds {
            var settled = world
            if let fault = settled.settle() {
                Issue.record("\(fault), from \(world)")
                return
            }
        }
    }

    @Test(
        arguments: [version2(1), version3(100)], [[100, 90], [100, 100], [255, 90]] as [[UInt8]])
    func `two routers hold addresses exactly while Active, and always agree in the end`(
        interval: AdvertisementInterval, priorities: [UInt8]
    ) {
        for preempts in [true, false] {
            let known = reachable(
                from: world(interval, priorities, preempts: preempts), depth: 9)
            #expect(known.count > 1000, "\(known.count) worlds")
            settle(known)
        }
    }

    @Test(
        arguments: [[100, 90, 80], [100, 100, 90], [255, 100, 100]] as [[UInt8]], [true, false])
    func `three routers do, too`(priorities: [UInt8], preempts: Bool) {
        let known = reachable(
            from: world(version3(100), priorities, preempts: preempts), depth: 7)
        #expect(known.count > 1000, "\(known.count) worlds")
        settle(known)
    }
}
