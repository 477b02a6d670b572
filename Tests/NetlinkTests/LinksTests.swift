import LinuxIO
import Netlink
import Testing

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `Links in the kernel` {
    @Test func `a link is found by name and by number with all that it has`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Laboratory.ip("link add name br type bridge")
                try Laboratory.ip("link set dev a mtu 1400 master br")
                let links = try Links()
                let a = try #require(try links.link(named: "a"))
                #expect(a.index == Laboratory.interfaceIndex("a"))
                #expect(a.name == "a")
                #expect(a.hardwareAddress?.description == "02:00:00:00:00:0a")
                #expect(a.mtu == 1400)
                #expect(a.masterIndex == Laboratory.interfaceIndex("br"))
                #expect(a.operationalState == .up)
                #expect(a.flags.isSuperset(of: [.up, .running, .lowerUp, .broadcast, .multicast]))
                #expect(a.flags.isDisjoint(with: [.loopback, .noARP, .pointToPoint]))
                #expect(a.isUp && a.isRunning)
                #expect(try links.link(index: a.index) == a)
                let lo = try #require(try links.link(named: "lo"))
                #expect(lo.flags.contains(.loopback))
                #expect(lo.masterIndex == nil)
                #expect(Set(try links.list().map(\.name)) == ["lo", "a", "b", "br"])
                #expect(try links.list().contains(a))
            }
        }
    }

    @Test func `a link that does not exist is nil and not an error`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let links = try Links()
                #expect(try links.link(named: "c") == nil)
                #expect(try links.link(named: "") == nil)
                #expect(try links.link(named: "sixteen-bytes-xx") == nil)
                #expect(try links.link(index: 4711) == nil)
                #expect(try links.link(index: 0) == nil)
                #expect(try links.link(index: -1) == nil)
            }
        }
    }

    @Test func `a link is set down and up, and its peer loses the carrier meanwhile`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let links = try Links()
                let a = Laboratory.interfaceIndex("a")
                try links.set(index: a, isUp: false)
                #expect(try links.link(named: "a")?.isUp == false)
                try Laboratory.wait { try links.link(named: "b")?.isRunning == false }
                let peer = try #require(try links.link(named: "b"))
                #expect(peer.isUp && !peer.isRunning)
                #expect(peer.operationalState == .lowerLayerDown)
                try links.set(index: a, isUp: true)
                try Laboratory.wait { try links.link(named: "a")?.isRunning == true }
                try Laboratory.wait { try links.link(named: "b")?.isRunning == true }
                let error = #expect(throws: NetlinkError.self) {
                    try links.set(index: 4711, isUp: true)
                }
                #expect(error?.operation == "set up")
                #expect(error?.subject == "interface 4711")
                #expect(error?.reason.errno == .noSuchDevice)
            }
        }
    }

    @Test func `a neighbour is listed and forgotten`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let (a, b) = (Laboratory.interfaceIndex("a"), Laboratory.interfaceIndex("b"))
                try Laboratory.ip("neighbour add 10.1.0.9 lladdr 02:00:00:00:00:99 dev a")
                try Laboratory.ip("neighbour add 10.1.0.8 lladdr 02:00:00:00:00:88 dev b")
                let neighbours = try Neighbours()
                let address = InternetAddress(10, 1, 0, 9)
                let entry = try #require(try neighbours.list(interfaceIndex: a).first)
                #expect(entry.interfaceIndex == a)
                #expect(entry.address == address)
                #expect(entry.hardwareAddress?.rawValue == 0x02_00_00_00_00_99)
                #expect(entry.state == .permanent)
                #expect(try neighbours.list().count == 2)
                #expect(try neighbours.remove(address, interfaceIndex: a) == .removed)
                #expect(try neighbours.remove(address, interfaceIndex: a) == .alreadyAbsent)
                #expect(try neighbours.list().map(\.interfaceIndex) == [b])
            }
        }
    }
}
