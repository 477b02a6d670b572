import LinuxIO
import Reactor
import Testing

@testable import Netlink

/// A monitor whose events are kept.
private final class Recorder {
    let loop: EventLoop
    var events: [NetworkEvent] = []
    private(set) var monitor: NetworkMonitor?

    init(receiveBufferBytes: Int32 = NetworkMonitor.defaultReceiveBufferBytes) throws {
        loop = try EventLoop()
        monitor = try NetworkMonitor(on: loop, receiveBufferBytes: receiveBufferBytes) {
            [unowned self] in events.append($0)
        }
    }

    var state: NetworkState { monitor?.state ?? NetworkState() }

    /// Runs the loop until the condition holds, then until nothing more comes, and gives away what
    /// came.
    func settle(until condition: () -> Bool = { true }) -> [NetworkEvent] {
        let deadline = MonotonicInstant.now + .seconds(5)
        while !condition() && .now < deadline { loop.turn(longestWait: .milliseconds(50)) }
        var count = -1
        while count != events.count {
            count = events.count
            loop.turn(longestWait: .milliseconds(50))
        }
        defer { events = [] }
        return events
    }
}

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `Watching the network` {
    @Test func `what is there at the beginning is known and not reported`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Laboratory.ip("address add 10.1.0.6/24 dev a")
                try Laboratory.ip("address add 10.1.0.7/24 dev a")
                let recorder = try Recorder()
                let a = try #require(recorder.state.link(named: "a"))
                #expect(a.isRunning)
                #expect(
                    recorder.state.addresses(of: a.index).map(\.address) == [
                        InternetAddress(10, 1, 0, 6), InternetAddress(10, 1, 0, 7),
                    ])
                #expect(
                    recorder.state.primaryAddress(of: a.index)?.address
                        == InternetAddress(10, 1, 0, 6))
                #expect(
                    recorder.state.primaryAddress(
                        of: a.index, excluding: [InternetAddress(10, 1, 0, 6)])?.address
                        == InternetAddress(10, 1, 0, 7))
                #expect(recorder.settle() == [])
            }
        }
    }

    @Test func `a link that goes down and up is seen, with the carrier of its peer`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let recorder = try Recorder()
                _ = recorder.settle()
                try Laboratory.ip("link set dev a down")
                let isRunning = { recorder.state.link(named: "b")?.isRunning == true }
                let down = lastStates(recorder.settle { !isRunning() })
                #expect(down["a"]?.isUp == false)
                #expect(down["b"]?.isUp == true)
                #expect(down["b"]?.isRunning == false)
                try Laboratory.ip("link set dev a up")
                let up = lastStates(recorder.settle(until: isRunning))
                #expect(up["a"]?.isRunning == true)
                #expect(up["b"]?.isRunning == true)
                #expect(recorder.state.link(named: "a")?.isRunning == true)
            }
        }
    }

    @Test func `addresses that come, change and go are seen once each`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let recorder = try Recorder()
                let a = Laboratory.interfaceIndex("a")
                try Laboratory.ip("address add 10.1.0.6/24 dev a valid_lft 900 preferred_lft 900")
                guard case .addressAdded(let added)? = recorder.settle().first else {
                    Issue.record("not seen")
                    return
                }
                #expect(added.address == InternetAddress(10, 1, 0, 6))
                #expect(added.interfaceIndex == a)
                #expect(recorder.state.primaryAddress(of: a)?.address == added.address)
                // The renewal of a lifetime is no news.
                try Laboratory.ip(
                    "address replace 10.1.0.6/24 dev a valid_lft 950 preferred_lft 950")
                #expect(recorder.settle() == [])
                let lifetime = recorder.state.primaryAddress(of: a)?.lifetime
                #expect((lifetime?.validSeconds ?? 0) > 900)

                try Laboratory.ip("address del 10.1.0.6/24 dev a")
                let removed = recorder.settle()
                #expect(removed.count == 1)
                guard case .addressRemoved(let gone)? = removed.first else {
                    Issue.record("\(removed)")
                    return
                }
                #expect(gone.address == InternetAddress(10, 1, 0, 6))
                #expect(recorder.state.addresses(of: a) == [])
            }
        }
    }

    @Test func `an IPv6 address is seen at the start, when it comes and when its link goes down`()
        async
    {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let linkLocal = InternetAddress.v6(high: 0xfe80_0000_0000_0000, low: 7)
                let global = InternetAddress.v6(high: 0x2001_0db8_0000_0000, low: 5)
                try Laboratory.ip("address add fe80::7/64 dev a nodad")
                let recorder = try Recorder()
                let a = Laboratory.interfaceIndex("a")
                #expect(recorder.state.linkLocalAddress(of: a)?.address == linkLocal)
                #expect(recorder.state.linkLocalAddress(of: a, excluding: [linkLocal]) == nil)
                #expect(recorder.state.primaryAddress(of: a) == nil)
                try Laboratory.ip("address add 2001:db8::5/64 dev a nodad")
                let added = recorder.settle { recorder.state.addresses(of: a).count == 2 }
                    .compactMap { event in
                        if case .addressAdded(let address) = event { address.address } else { nil }
                    }
                #expect(added == [global])
                #expect(
                    recorder.state.primaryAddress(of: a, family: .v6, excluding: [linkLocal])?
                        .address == global)
                // The kernel takes IPv6 addresses off a link that goes down, and says so.
                try Laboratory.ip("link set dev a down")
                let removed = recorder.settle { recorder.state.addresses(of: a) == [] }.compactMap {
                    event in
                    if case .addressRemoved(let address) = event { address.address } else { nil }
                }
                #expect(Set(removed) == [linkLocal, global])
            }
        }
    }

    @Test func `a link that is deleted takes its addresses along`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Laboratory.ip("address add 10.1.0.6/24 dev a")
                let recorder = try Recorder()
                let (a, b) = (Laboratory.interfaceIndex("a"), Laboratory.interfaceIndex("b"))
                try Laboratory.ip("link del dev a")
                let events = recorder.settle()
                let address = events.firstIndex {
                    if case .addressRemoved = $0 { true } else { false }
                }
                let link = events.firstIndex(of: .linkRemoved(index: a, name: "a"))
                #expect(address != nil)
                #expect(link != nil)
                #expect((address ?? 1) < (link ?? 0))
                #expect(events.contains(.linkRemoved(index: b, name: "b")))
                #expect(recorder.state.links.values.map(\.name) == ["lo"])
                #expect(recorder.state.addresses(of: a) == [])
            }
        }
    }

    @Test func `a port that leaves its bridge is no link that is gone`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Laboratory.ip("link add name br type bridge")
                try Laboratory.ip("link set dev a master br")
                let recorder = try Recorder()
                let a = Laboratory.interfaceIndex("a")
                #expect(recorder.state.links[a]?.masterIndex == Laboratory.interfaceIndex("br"))
                try Laboratory.ip("link set dev a nomaster")
                let events = recorder.settle()
                #expect(lastStates(events)["a"] != nil)
                #expect(!events.contains(.linkRemoved(index: a, name: "a")))
                #expect(recorder.state.links[a]?.masterIndex == nil)
            }
        }
    }

    @Test func `a new name is a change of the same link`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let recorder = try Recorder()
                let a = Laboratory.interfaceIndex("a")
                try Laboratory.ip("link set dev a name renamed")
                _ = recorder.settle()
                #expect(recorder.state.links[a]?.name == "renamed")
                #expect(recorder.state.link(named: "a") == nil)
                #expect(recorder.state.link(named: "renamed")?.index == a)
            }
        }
    }

    @Test func `after an overrun the state is right and the events lead to it`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                let a = Laboratory.interfaceIndex("a")
                func address(_ number: Int) -> InterfaceAddress {
                    InterfaceAddress(
                        .v4(0x0a01_0000 + UInt32(number)), prefixLength: 32, interfaceIndex: a)
                }
                for result in try manager.add((0..<50).map(address)) { _ = try result.get() }
                let recorder = try Recorder(receiveBufferBytes: 4096)
                var replayed = recorder.state
                #expect(replayed.addresses(of: a).count == 50)

                // Far more than the buffer holds; of the first, only the beginning is queued, and
                // would bring back what is gone again at the end.
                for round in 0..<20 {
                    let numbers = (100 + round * 50)..<(150 + round * 50)
                    for result in try manager.add(numbers.map(address)) { _ = try result.get() }
                    for result in try manager.remove(numbers.map(address)) { _ = try result.get() }
                }
                for result in try manager.remove((0..<40).map(address)) { _ = try result.get() }
                for result in try manager.add((40..<60).map(address)) { _ = result }
                try Laboratory.ip("link set dev b down")
                try Laboratory.ip("link add name extra type bridge")

                let events = recorder.settle {
                    recorder.state.link(named: "a")?.isRunning == false
                }
                for event in events { replay(event, on: &replayed) }
                #expect((recorder.monitor?.overrunCount ?? 0) > 0)
                #expect(
                    Set(recorder.state.addresses(of: a).map(\.address))
                        == Set((40..<60).map { .v4(0x0a01_0000 + $0) }))
                #expect(recorder.state.link(named: "b")?.isUp == false)
                #expect(recorder.state.link(named: "a")?.isRunning == false)
                #expect(recorder.state.link(named: "extra") != nil)
                #expect(replayed.links == recorder.state.links)
                #expect(
                    Set(replayed.addresses(of: a)) == Set(recorder.state.addresses(of: a)))

                // It goes on as before.
                try Laboratory.ip("address add 10.9.9.9/32 dev a")
                let later = recorder.settle()
                #expect(later.count == 1)
                #expect(recorder.state.addresses(of: a).count == 21)
            }
        }
    }

    @Test func `a handler may stop the monitor`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let loop = try EventLoop()
                var count = 0
                var monitor: NetworkMonitor?
                monitor = try NetworkMonitor(on: loop) { _ in
                    count += 1
                    monitor?.stop()
                }
                try Laboratory.ip("address add 10.1.0.6/24 dev a")
                try Laboratory.ip("address add 10.1.0.7/24 dev a")
                for _ in 0..<3 { loop.turn(longestWait: .milliseconds(20)) }
                #expect(count == 1)
                // Nor does it go on reading what nobody is told of.
                let a = Laboratory.interfaceIndex("a")
                #expect(monitor?.state.addresses(of: a).count == 1)
                monitor = nil
            }
        }
    }
}

private func lastStates(_ events: [NetworkEvent]) -> [String: Link] {
    var states: [String: Link] = [:]
    for case .linkChanged(let link) in events { states[link.name] = link }
    return states
}

private func replay(_ event: NetworkEvent, on state: inout NetworkState) {
    switch event {
    case .linkChanged(let link): _ = state.apply(.link(link))
    case .linkRemoved(let index, _): _ = state.apply(.linkRemoved(index: index))
    case .addressAdded(let address): _ = state.apply(.address(address))
    case .addressRemoved(let address): _ = state.apply(.addressRemoved(address))
    case .impaired, .recovered: Issue.record("\(event)")
    }
}
