import Balancer
import CAllocationCounter
import Glibc
import LinuxIO

// Thousands of connections through a balancer that has warmed up, of every algorithm, with the log
// of connections on, with clients that queue and with streams: the relay's threads must allocate
// nothing. With the argument `--trace`, each allocation says where it was made.

func listener() throws -> (number: Int32, port: UInt16) {
    let socket = try Socket.listening(
        on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 1024)
    let port = try Socket.localAddress(of: socket.rawValue).port
    return (socket.release(), port)
}

/// Answers with as many bytes as asked for by name of port, and ends.
func serve(_ byteCount: Int) throws -> SocketAddress {
    let (number, port) = try listener()
    _ = fcntl(number, F_SETFL, 0)
    let bytes = [UInt8](repeating: 0x61, count: byteCount)
    try Thread(name: "server") {
        while true {
            let connection = accept(number, nil, nil)
            guard connection >= 0 else { return }
            var rest = bytes[...]
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes {
                    send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard sent > 0 else { break }
                rest = rest.dropFirst(sent)
            }
            close(connection)
        }
    }.detach()
    return SocketAddress(address: 0x7f00_0001, port: port)
}

/// Opens so many connections at a time, reads each to its end, and counts the bytes.
func converse(with port: UInt16, rounds: Int, atATime width: Int) -> Int {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var total = 0
    for _ in 0..<rounds {
        let sockets = (0..<width).map { _ in
            let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            let address = SocketAddress(address: 0x7f00_0001, port: port)
            _ = StreamSocket.connect(number, to: address.raw)
            return number
        }
        for number in sockets {
            while case let count = recv(number, &buffer, buffer.count, 0), count > 0 {
                total += count
            }
            close(number)
        }
    }
    return total
}

struct Trial {
    var name: String
    var algorithm = PoolPlan.Algorithm.roundrobin
    var byteCount = 100
    var width = 1
    var serverLimit: Int?
    var rounds = 2000
}

let trials = [
    Trial(name: "roundrobin"), Trial(name: "static-rr", algorithm: .staticRoundrobin),
    Trial(name: "leastconn", algorithm: .leastconn), Trial(name: "first", algorithm: .first),
    Trial(name: "source", algorithm: .source),
    Trial(name: "hash src_port", algorithm: .hash(.sourcePort)),
    Trial(name: "random(2)", algorithm: .random(draws: 2)),
    Trial(name: "maglev", algorithm: .maglev),
    Trial(name: "queued", width: 8, serverLimit: 2, rounds: 250),
    Trial(name: "streams", byteCount: 4 << 20, rounds: 20),
]

if CommandLine.arguments.contains("--trace") { allocation_trace() }
var isClean = true
for trial in trials {
    let server = try serve(trial.byteCount)
    let (number, port) = try listener()
    var plan = BalancerPlan(reactorCount: 1, frontends: [FrontendPlan(name: "f", poolIndex: 0)])
    plan.frontends[0].clientTimeout = .seconds(20)
    plan.frontends[0].logging = ConnectionLogging(moment: .ending)
    plan.pools = [PoolPlan(name: "p", algorithm: trial.algorithm, servers: [])]
    plan.pools[0].connectTimeout = .seconds(5)
    plan.pools[0].serverTimeout = .seconds(20)
    plan.pools[0].servers = (0..<3).map {
        ServerPlan(name: "s\($0)", address: server, connectionLimit: trial.serverLimit)
    }
    let balancer = try Balancer(plan: plan, listeners: [[number]])
    try balancer.start()
    // The places of connections, the lines and the pipes are made when they are first needed.
    _ = converse(with: port, rounds: max(20, trial.rounds / 10), atATime: trial.width)
    let before = allocation_count()
    let bytes = converse(with: port, rounds: trial.rounds, atATime: trial.width)
    let count = allocation_count() - before
    let connections = trial.rounds * trial.width
    print("\(trial.name): \(count) allocations for \(connections) connections")
    if count > 0 || bytes != connections * trial.byteCount { isClean = false }
    balancer.stop()
    close(number)
}
exit(isClean ? 0 : 1)
