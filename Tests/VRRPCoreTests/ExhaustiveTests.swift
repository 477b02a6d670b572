import Testing
import VRRPCore

/// Two routers and what is on the wire between them, as one value that can be explored.
private struct World: Hashable {
    var routers: [VirtualRouter]
    var holdsAddresses = [false, false]
    /// What each router is still to receive, oldest first.
    var inboxes: [[Advertisement]] = [[], []]
    var now = Instant(nanoseconds: 0)

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
        if inboxes == [[], []] {
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
            let message = inboxes[node].removeFirst()
            return handle(
                .received(message, from: routers[1 - node].configuration.primaryAddress), by: node)
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
                inboxes[1 - node].append(routers[node].advertisement(priority: priority))
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

    /// Lets both take part, nothing be lost and the clock rule, for a while.
    mutating func settle() -> String? {
        for node in routers.indices where routers[node].role == .initialize {
            if let fault = take(.startup(node)) { return fault }
        }
        let end = now + .seconds(9)
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
    private func world(_ interval: AdvertisementInterval, _ priorities: [UInt8]) -> World {
        World(
            routers: zip(priorities, [lowerAddress, higherAddress]).map { number, address in
                VirtualRouter(
                    configuration: VirtualRouter.Configuration(
                        vrid: vrid51, priority: priority(number), interval: interval,
                        primaryAddress: address, addresses: virtualAddresses))
            })
    }

    @Test(
        arguments: [version2(1), version3(100)], [[100, 90], [100, 100], [255, 90]] as [[UInt8]])
    func `two routers hold addresses exactly while Active, and always agree in the end`(
        interval: AdvertisementInterval, priorities: [UInt8]
    ) {
        var frontier: Set<World> = [world(interval, priorities)]
        var known = frontier
        for depth in 1...11 {
            var next: Set<World> = []
            for world in frontier {
                for choice in world.choices {
                    var successor = world
                    if let fault = successor.take(choice) {
                        Issue.record("depth \(depth), \(choice): \(fault)")
                        return
                    }
                    if known.insert(successor).inserted { next.insert(successor) }
                }
            }
            frontier = next
        }
        #expect(known.count > 3000, "\(known.count) worlds")
        for world in known {
            var settled = world
            if let fault = settled.settle() {
                Issue.record("\(fault), from \(world)")
                return
            }
        }
    }
}
