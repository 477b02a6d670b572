import Balancer
import LinuxIO

/// What is asked of a balancer, and how.
struct Trial: Sendable {
    var name: String
    var algorithm = PoolPlan.Algorithm.roundrobin
    var byteCount = 100
    /// Connections at once.
    var width = 1
    var serverLimit: Int?
    var rounds = 1000
    var reactors = 1
    /// What the client says first.
    var preface: [UInt8] = []
    var isIPv6 = false
    var isDatagram = false
    /// Whether the clients begin to read only once all have connected, so that their room runs out.
    var readsLate = false
    /// Whether the first server is one that refuses.
    var hasRefusing = false
    var adjust: @Sendable (inout BalancerPlan) -> Void = { _ in }
}

private let header = Array("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n".utf8)

/// A client's first TLS message that asks for `a.example`.
private let hello: [UInt8] = {
    let name = Array("a.example".utf8)
    let list = [0, 0, UInt8(name.count)] + name
    let names = [0, 0, 0, UInt8(list.count + 2), 0, UInt8(list.count)] + list
    let body =
        [3, 3] + Array(repeating: 7, count: 32) + [0, 0, 2, 0x13, 1, 1, 0, 0, UInt8(names.count)]
        + names
    return [22, 3, 1, 0, UInt8(body.count + 4), 1, 0, 0, UInt8(body.count)] + body
}()

private func sendsHeader(_ header: ConnectionPlan.Header) -> @Sendable (inout BalancerPlan) -> Void
{
    { plan in
        for index in plan.pools[0].servers.indices {
            plan.pools[0].servers[index].connection.header = header
        }
    }
}

@Sendable private func inspects(_ plan: inout BalancerPlan) {
    let asked = Question.serverName([TextPattern(.exact, "a.example")])
    plan.frontends[0].rules.pools = [PoolRule(0, if: Condition([[.init([asked])]]))]
    plan.frontends[0].rules.inspectDelay = .seconds(5)
}

@Sendable private func asksForAll(_ plan: inout BalancerPlan) {
    inspects(&plan)
    let asked: [Question] = [
        .payload(offset: 0, length: 0, [TextPattern(.part, "nowhere")]),
        .payload(offset: 0, length: 2, [TextPattern(.exact, bytes: [0x16, 9])]),
        .server(.connections, poolIndex: 0, serverName: "s0", [1000...Int.max]),
        .server(.sessionRate, poolIndex: 0, serverName: "s0", [1_000_000...Int.max]),
        .pool(.connections, poolIndex: 0, [1000...Int.max]),
        .connectionCount(frontendName: "f", [1000...Int.max]),
        .listenerConnections([1000...Int.max]), .random(below: 9, [9...9]),
    ]
    plan.frontends[0].rules.content = asked.map { Rule(.reject, if: Condition([[.init([$0])]])) }
    // The hello comes at once, and whole.
    plan.frontends[0].rules.inspectDelay = .milliseconds(1)
    plan.frontends[0].logging?.tellsNames = true
}

/// A table too small for what it counts, a full one that is asked, and clients with a server, some of them
/// by a condition.
@Sendable private func counts(_ plan: inout BalancerPlan) {
    plan.tables = (0..<3).map { StickTablePlan(name: "t\($0)", size: 2) }
    plan.tables[1].counters = [
        StickCounter(.connections), StickCounter(.connectionRate, over: .seconds(10)),
        StickCounter(.bytesOut),
    ]
    func isCounted(_ quantity: StickQuantity, _ subject: StickQuestion.Subject) -> Condition {
        let question = StickQuestion(quantity, of: subject, in: 1)
        return Condition([[.init([.counter(question, [0...0])])]])
    }
    plan.frontends[0].rules.connection = [
        Rule(.track(Tracking(0, by: .source, in: 1))),
        Rule(.track(Tracking(1, by: .destinationPort, in: 0))),
        Rule(.reject, if: isCounted(.connectionRate, .tracked(0))),
        Rule(.reject, if: isCounted(.connections, .key(.source))),
    ]
    plan.pools[0].stickRules = [StickRule(in: 2), StickRule(in: 0, by: .destinationPort)]
    plan.pools[0].stickRules[1].condition = isCounted(.connections, .key(.source))
}

/// Tables whose keys are what a client says, and one that is asked for another one's key.
@Sendable private func countsByName(_ plan: inout BalancerPlan) {
    plan.tables = (0..<3).map { StickTablePlan(name: "t\($0)", size: 2) }
    plan.tables[0].keys = .text(31)
    plan.tables[1].keys = .bytes(32)
    plan.tables[2].keys = .text(9)
    plan.tables[1].counters = [StickCounter(.connectionTotal)]
    plan.frontends[0].rules.connection = [Rule(.track(Tracking(2, by: .source, in: 0)))]
    let elsewhere = StickQuestion(.connectionTotal, of: .tracked(0), in: 1)
    plan.frontends[0].rules.content = [
        Rule(.track(Tracking(0, by: .serverName, in: 0))),
        Rule(.track(Tracking(1, by: .payload(offset: 0, length: 40), in: 1))),
        Rule(.reject, if: Condition([[.init([.counter(elsewhere, [1...Int.max])])]])),
    ]
    plan.frontends[0].rules.inspectDelay = .seconds(5)
    plan.pools[0].stickRules = [StickRule(in: 2, by: .serverName)]
}

/// Variables of every kind, asked in every way.
@Sendable private func remembers(_ plan: inout BalancerPlan) {
    plan.variables = (0..<4).map { VariablePlan(name: "sess.\($0)") }
    plan.variables.append(VariablePlan(name: "proc.x", isOfProcess: true))
    plan.frontends[0].rules.connection = [
        Rule(.setVariable(0, .key(.source))), Rule(.setVariable(1, .number(7))),
        Rule(.setVariable(4, .text(Array("a text".utf8)))),
    ]
    let asked: [Question] = [
        .variable(0, .texts([TextPattern(.part, "nowhere")])), .variable(1, .numbers([8...9])),
        .variable(3, .texts([TextPattern(.exact, "b.example")])),
        .variable(4, .addresses(PrefixTable([.init(IPEndpoint(ipv4: 0, port: 0), length: 32)]))),
    ]
    plan.frontends[0].rules.content =
        [Rule(.setVariable(2, .variable(0))), Rule(.setVariable(3, .key(.serverName)))]
        + asked.map { Rule(.reject, if: Condition([[.init([$0])]])) } + [Rule(.unsetVariable(1))]
    plan.frontends[0].rules.inspectDelay = .milliseconds(1)
}

/// Everything that follows a connection: an identifier that servers are told, captures, and a level.
@Sendable private func follows(_ plan: inout BalancerPlan) {
    sendsHeader(.versionTwo([.identifier]))(&plan)
    plan.variables = [VariablePlan(name: "sess.x")]
    plan.frontends[0].logging?.tellsIdentifier = true
    plan.frontends[0].logging?.tellsRequestNumber = true
    plan.frontends[0].logging?.tellsCaptures = true
    plan.frontends[0].identifierFormat = IdentifierFormat([
        .text(Array("an identifier of some length: ".utf8)),
        .address(.source, isHexadecimal: true), .port(.source), .address(.destination),
        .port(.destination, isHexadecimal: true), .timestamp(), .milliseconds(), .requestNumber(),
        .processID(isHexadecimal: true), .uuid,
    ])
    plan.frontends[0].captureLengths = [9, 64, 3, 20]
    plan.frontends[0].rules.session = [Rule(.setVariable(0, .number(7)))]
    plan.frontends[0].rules.content = [
        Rule(.capture(.key(.source), 0)), Rule(.capture(.key(.cased(.serverName, .upper)), 1)),
        Rule(.capture(.variable(0), 2)), Rule(.capture(.key(.payload(offset: 0, length: 9)), 3)),
        Rule(.setLogLevel(3)),
    ]
    plan.frontends[0].rules.inspectDelay = .seconds(5)
}

/// Clients that are kept at a server that is down.
@Sendable private func forces(_ plan: inout BalancerPlan) {
    plan.pools[0].servers[1].administrativeState = .maintenance
    plan.pools[0].forcingRules = [ForcingRule(isForced: true, if: .always)]
    plan.pools[0].serverRules = [ServerRule("s1", if: .always)]
}

/// The pool of the name that a client asks for, which no entry of a table has.
@Sendable private func leadsByName(_ plan: inout BalancerPlan) {
    let patterns = [TextPattern(.exact, "a"), .init(.beginning, "b"), .init(.part, "c")]
    var table = PoolTable(.cased(.serverName, .lower), patterns.map { ($0, nil) })
    table.other = 0
    plan.frontends[0].rules.pools = [PoolRule(.table(table))]
    plan.frontends[0].rules.refusesOthers = true
    plan.frontends[0].rules.inspectDelay = .seconds(5)
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
    Trial(name: "IPv6", isIPv6: true),
    Trial(name: "accept-proxy", preface: header) {
        $0.frontends[0].listeners = [ListenerPlan(acceptsProxyHeader: true)]
        $0.frontends[0].sessionRateLimitPerSource = 1_000_000
    },
    Trial(name: "TLS inspection", preface: hello, adjust: inspects),
    Trial(name: "payloads and names", rounds: 200, preface: hello, adjust: asksForAll),
    Trial(name: "pools by name", preface: hello, adjust: leadsByName),
    Trial(name: "variables", width: 4, rounds: 250, preface: hello, adjust: remembers),
    Trial(name: "followed", width: 4, rounds: 250, preface: hello, adjust: follows),
    Trial(name: "forced to a server", adjust: forces),
    Trial(name: "ports of a range") { plan in
        for index in plan.pools[0].servers.indices {
            plan.pools[0].servers[index].connection.source = .ports(20_000...21_000, of: nil)
        }
    },
    Trial(name: "stick tables", width: 4, rounds: 250, adjust: counts),
    Trial(
        name: "stick tables by name", width: 4, rounds: 250, preface: hello, adjust: countsByName),
    Trial(name: "send-proxy", adjust: sendsHeader(.versionOne)),
    Trial(
        name: "send-proxy-v2", preface: hello,
        adjust: sendsHeader(.versionTwo([.checksum, .authority, .identifier]))),
    Trial(name: "retries", hasRefusing: true) {
        $0.pools[0].redispatches = true
        $0.pools[0].retries = 1
    },
    Trial(
        name: "clients that take nothing", byteCount: 4 << 20, width: 60, rounds: 3,
        readsLate: true),
    Trial(name: "full frontend", width: 8, rounds: 250) { $0.frontends[0].connectionLimit = 2 },
    Trial(name: "two reactors", width: 8, serverLimit: 2, rounds: 250, reactors: 2) {
        $0.frontends[0].connectionLimit = 7
    },
    Trial(name: "flows of datagrams", width: 16, rounds: 100, isDatagram: true),
]
