import Glibc
import LinuxIO
import Reactor
import Testing

@testable import Netlink

/// A monitor whose events are kept.
private final class Recorder {
    let loop: EventLoop
    var events: [NetworkEvent] = []
    private(set) var impairedCount = 0
    private(set) var recoveredCount = 0
    private(set) var monitor: NetworkMonitor?

    init(receiveBufferBytes: Int32 = NetworkMonitor.defaultReceiveBufferBytes) throws {
        loop = try EventLoop()
        monitor = try NetworkMonitor(on: loop, receiveBufferBytes: receiveBufferBytes) {
            [unowned self] event in
            events.append(event)
            if case .impaired = event { impairedCount += 1 }
            if event == .recovered { recoveredCount += 1 }
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

/// A blocking netlink socket of this process, such as a monitor lists with, that is broken for a
/// while.
private struct BrokenQuery {
    private let number: Int32
    private let whole: Int32

    /// Breaks the only such socket that there is.
    init() throws {
        let candidates = (3..<64).map(Int32.init).filter { number in
            var address = sockaddr()
            var length = socklen_t(MemoryLayout<sockaddr>.size)
            return getsockname(number, &address, &length) == 0 && address.sa_family == 16
                && fcntl(number, F_GETFL) & O_NONBLOCK == 0
        }
        guard candidates.count == 1 else {
            throw CommandFailure(message: "blocking netlink sockets: \(candidates)")
        }
        number = candidates[0]
        whole = dup(number)
        let other = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        #expect(dup2(other, number) == number)
        close(other)
    }

    func mend() {
        #expect(dup2(whole, number) == number)
        close(whole)
    }
}

/// Adds more addresses than a buffer of 4 KiB tells of.
private func overrun(_ interfaceIndex: Int32) throws {
    let addresses = (0..<200).map {
        InterfaceAddress(
            .v4(0x0a01_0000 + UInt32($0)), prefixLength: 32, interfaceIndex: interfaceIndex)
    }
    for result in try AddressManager().add(addresses) { _ = try result.get() }
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

    @Test func `each IPv6 address that goes is seen, also before the kernel has told that it came`()
        async
    {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let recorder = try Recorder()
                let manager = try AddressManager()
                let a = Laboratory.interfaceIndex("a")
                var wanted = Set<InternetAddress>()
                for low in 1...100 as ClosedRange<UInt64> {
                    let address = InternetAddress.v6(high: 0x2001_0db8_0000_0000, low: low)
                    let placed = InterfaceAddress(address, prefixLength: 64, interfaceIndex: a)
                    _ = try manager.add(placed)
                    #expect(try manager.remove(placed) == .removed)
                    wanted.insert(address)
                }
                let seen = recorder.settle().compactMap { event in
                    if case .addressRemoved(let gone) = event { gone.address } else { nil }
                }
                #expect(seen.count == 100)
                #expect(Set(seen) == wanted)
                #expect(recorder.state.addresses(of: a) == [])
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

    @Test func `after an overrun, IPv6 addresses are in the order in which they were`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let a = Laboratory.interfaceIndex("a")
                let recorder = try Recorder(receiveBufferBytes: 4096)
                let own = recorder.state.addresses(of: a).map(\.address)
                func local(_ low: UInt64) -> InternetAddress {
                    .v6(high: 0xfe80_0000_0000_0000, low: low)
                }
                for low in 1...3 as ClosedRange<UInt64> {
                    try Laboratory.ip("address add fe80::\(low)/64 dev a nodad")
                }
                let wanted = own + [local(1), local(2), local(3)]
                _ = recorder.settle { recorder.state.addresses(of: a).count == wanted.count }
                #expect(recorder.state.addresses(of: a).map(\.address) == wanted)
                try overrun(a)
                _ = recorder.settle { (recorder.monitor?.overrunCount ?? 0) > 0 }
                #expect(recorder.monitor?.overrunCount == 1)
                let found = recorder.state.addresses(of: a).map(\.address)
                #expect(found.filter { $0.family == .v6 } == wanted.filter { $0.family == .v6 })
            }
        }
    }

    @Test func `while it cannot list, it says so once, tries again, and says when it sees again`()
        async
    {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let a = Laboratory.interfaceIndex("a")
                let recorder = try Recorder(receiveBufferBytes: 4096)
                _ = recorder.settle()
                let broken = try BrokenQuery()
                try overrun(a)
                let impaired = recorder.settle { recorder.impairedCount > 0 }
                guard case .impaired? = impaired.last else {
                    Issue.record("\(impaired)")
                    return
                }
                // Three more attempts.
                let deadline = MonotonicInstant.now + .milliseconds(350)
                #expect(recorder.settle { .now >= deadline } == [])
                #expect(recorder.monitor?.overrunCount == 1)
                broken.mend()
                let recovered = recorder.settle { recorder.recoveredCount > 0 }
                #expect(recovered.last == .recovered)
                #expect(recorder.impairedCount == 1)
                #expect(recorder.recoveredCount == 1)
                #expect(recorder.state.addresses(of: a).count == 200)
                var reported = Set<InternetAddress>()
                for case .addressAdded(let address) in impaired + recovered {
                    reported.insert(address.address)
                }
                #expect(reported.count == 200)

                // It goes on as before.
                try Laboratory.ip("address add 10.9.9.9/32 dev a")
                #expect(recorder.settle().count == 1)
            }
        }
    }

    @Test func `a monitor that is stopped while it cannot see tries no more`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let a = Laboratory.interfaceIndex("a")
                let recorder = try Recorder(receiveBufferBytes: 4096)
                _ = recorder.settle()
                let broken = try BrokenQuery()
                try overrun(a)
                _ = recorder.settle { recorder.impairedCount > 0 }
                #expect(recorder.impairedCount == 1)
                let known = recorder.state
                recorder.monitor?.stop()
                broken.mend()
                let deadline = MonotonicInstant.now + .milliseconds(250)
                #expect(recorder.settle { .now >= deadline } == [])
                #expect(recorder.state == known)
                #expect(recorder.recoveredCount == 0)
            }
        }
    }

    @Test func `one turn takes in all that the kernel has told`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let loop = try EventLoop()
                let monitor = try NetworkMonitor(on: loop) { _ in }
                let a = Laboratory.interfaceIndex("a")
                try overrun(a)
                loop.turn(longestWait: .milliseconds(20))
                #expect(monitor.state.addresses(of: a).count == 200)
                #expect(monitor.overrunCount == 0)
            }
        }
    }

    @Test func `what comes together is followed by one pause, and what was missed is told of`()
        async
    {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let loop = try EventLoop()
                var (events, pauses): ([NetworkEvent], [Int]) = ([], [])
                let monitor = try NetworkMonitor(on: loop, receiveBufferBytes: 4096) {
                    events.append($0)
                } onPause: {
                    pauses.append(events.count)
                }
                for host in 6...7 { try Laboratory.ip("address add 10.1.0.\(host)/24 dev a") }
                loop.turn(longestWait: .milliseconds(20))
                #expect(pauses == [2])
                #expect(!events.contains(.resynchronized))
                // Nothing tells of these afterwards.
                let a = Laboratory.interfaceIndex("a")
                try overrun(a)
                let manager = try AddressManager()
                let added = try manager.list(interfaceIndex: a).filter { $0.prefixLength == 32 }
                #expect(added.count == 200)
                for result in try manager.remove(added) { _ = try result.get() }
                loop.turn(longestWait: .milliseconds(20))
                #expect(monitor.overrunCount == 1)
                #expect(Array(events.dropFirst(2)) == [.resynchronized])
                #expect(pauses == [2, 3])
                // What is asked for in between is told of as well.
                try Laboratory.ip("address del 10.1.0.7/24 dev a")
                monitor.readDry()
                #expect(pauses == [2, 3, 4])
                loop.turn(longestWait: .milliseconds(20))
                #expect(pauses == [2, 3, 4])
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
    case .resynchronized: break
    case .impaired, .recovered: Issue.record("\(event)")
    }
}
