// A daemon of somebody else's: decides who is active, looks at this host's network, and relays a
// connection, each with one library of lbctl and nothing of the others.

import Balancer
import LinuxIO
import Netlink
import VRRPCore

// VRRPCore: the election is a value. It is told what happens and when, and says what to do.
guard let vrid = VRID(51), let priority = Priority(101), let own = IPv4Address("192.0.2.6"),
    let shared = IPv4Address("192.0.2.5")
else { preconditionFailure("literals are in range") }
var router = VirtualRouter(
    configuration: .init(
        vrid: vrid, priority: priority,
        interval: AdvertisementInterval(.oneSecond, version: .v3),
        primaryAddress: own, addresses: VirtualAddressList(shared)))
var now = Instant(nanoseconds: 0)
_ = router.handle(.startup, at: now)
while router.role != .active, let wake = router.nextWake {
    now = wake
    let actions = router.handle(.wake, at: now)
    print("VRRPCore: after \(now - Instant(nanoseconds: 0)) of silence: \(actions)")
}

// Netlink: links and addresses as the kernel has them.
let links = try Links()
let manager = try AddressManager()
for link in try links.list() {
    let held = try manager.list(interfaceIndex: link.index)
    print("Netlink: \(link.name), \(link.isUp ? "up" : "down"): \(held.map(\.address))")
}

// Balancer: relays 127.0.0.1 to a server, which here is a socket of this program that listens.
func retried<Value>(_ attempt: () -> Value?) -> Value {
    while true {
        if let value = attempt() { return value }
        Thread.sleep(for: .milliseconds(1))
    }
}
guard let loopback = StreamAddress("127.0.0.1:0") else { preconditionFailure("an address") }
let server = try Socket.listening(on: loopback, options: ListeningOptions(backlog: 8))
let front = try Socket.listening(on: loopback, options: ListeningOptions(backlog: 8))
let serverAddress = try Socket.localAddress(of: server.rawValue)
let frontAddress = try Socket.localAddress(of: front.rawValue)
let plan = BalancerPlan(
    reactorCount: 1,
    frontends: [FrontendPlan(name: "front", poolIndex: 0)],
    pools: [PoolPlan(name: "pool", servers: [ServerPlan(name: "own", address: serverAddress)])])
let balancer = try Balancer(plan: plan, listeners: [[front.rawValue]])
try balancer.start()
let client = try Socket.tcp()
_ = StreamSocket.connect(client.rawValue, to: frontAddress.raw)
_ = retried {
    DescriptorPassing.send(Array("hello".utf8), to: client.rawValue) == .moved(5) ? 5 : nil
}
var peer = RawPeerAddress()
let relayed = retried {
    let number = StreamSocket.accept(from: server.rawValue, peer: &peer)
    return number < 0 ? nil : Int32(number)
}
var bytes: [UInt8] = []
_ = retried { UnixSocket.read(from: relayed, into: &bytes) == .moved(5) ? 5 : nil }
print("Balancer: '\(String(decoding: bytes, as: UTF8.self))' came through \(frontAddress)")
balancer.stop()
print("Balancer: stopped, \(balancer.snapshot().currentSessions) connections open")
