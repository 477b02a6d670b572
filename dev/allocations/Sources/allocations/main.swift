import Balancer
import CAllocationCounter
import Glibc
import LinuxIO

// Thousands of connections through a balancer that has warmed up, of every algorithm and kind, with
// the log of connections on, with clients that queue and with streams: the relay's threads must
// allocate nothing. With the argument `--trace`, each allocation says where it was made; another
// argument names what to try.

if CommandLine.arguments.contains("--trace") { allocation_trace() }
let wanted = CommandLine.arguments.dropFirst().first { $0 != "--trace" }
var isClean = true
for trial in trials where wanted.map(trial.name.contains) ?? true {
    let server = trial.isDatagram ? try reflect() : try serve(trial.byteCount, isIPv6: trial.isIPv6)
    let (number, end) = trial.isDatagram ? try mailbox() : try listener(isIPv6: trial.isIPv6)
    var plan = BalancerPlan(
        reactorCount: trial.reactors, frontends: [FrontendPlan(name: "f", poolIndex: 0)])
    plan.frontends[0].clientTimeout = trial.isDatagram ? .milliseconds(50) : .seconds(20)
    plan.frontends[0].logging = ConnectionLogging(moment: .ending)
    plan.frontends[0].isDatagram = trial.isDatagram
    plan.pools = [PoolPlan(name: "p", algorithm: trial.algorithm, servers: [])]
    plan.pools[0].connectTimeout = .seconds(5)
    plan.pools[0].serverTimeout = trial.isDatagram ? .milliseconds(50) : .seconds(20)
    plan.pools[0].servers = (0..<3).map {
        ServerPlan(name: "s\($0)", at: server, connectionLimit: trial.serverLimit)
    }
    // A port that is taken, and where nobody listens.
    let taken = Int32(StreamSocket.open())
    let local = SocketAddress(address: 0x7f00_0001, port: 0)
    _ = StreamSocket.bind(taken, to: RawStreamAddress(.ipv4(local)))
    if trial.hasRefusing {
        let port = StreamSocket.localEndpoint(of: taken).port
        plan.pools[0].servers[0].address = .ipv4(SocketAddress(address: 0x7f00_0001, port: port))
    }
    trial.adjust(&plan)
    let balancer = try Balancer(plan: plan, listeners: [[number]])
    try balancer.start()
    // The places of connections, the lines and the pipes are made when they are first needed.
    // More flows at once than later: how many there are depends on how soon they end.
    var warmUp = trial
    if trial.isDatagram { warmUp.width *= 2 }
    _ = converse(with: end, warmUp, rounds: trial.readsLate ? 2 : max(20, trial.rounds / 10))
    // What the language's own tables are made of is made once, now and then later than that: whoever
    // allocates gets a second try.
    var (count, bytes) = (1, 0)
    for _ in 0..<2 where count > 0 {
        let before = allocation_count()
        bytes = converse(with: end, trial, rounds: trial.rounds)
        count = allocation_count() - before
    }
    let connections = trial.rounds * trial.width
    print("\(trial.name): \(count) allocations for \(connections) connections")
    // A datagram may be lost.
    let least = connections * trial.byteCount * (trial.isDatagram ? 99 : 100) / 100
    if bytes < least { print("  only \(bytes) bytes came") }
    if count > 0 || bytes < least { isClean = false }
    balancer.stop()
    close(number)
    close(taken)
}
exit(isClean ? 0 : 1)
