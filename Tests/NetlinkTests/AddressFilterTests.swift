import Foundation
import LinuxIO
import Reactor
import Testing

@testable import Netlink

/// A filter whose results are kept.
private final class Recorder {
    let loop: EventLoop
    var results: [Result<Set<InternetAddress>, AddressFilterError>] = []
    private(set) var filter: AddressFilter?

    init(program: String = "nft", timeout: Duration = .seconds(5)) throws {
        loop = try EventLoop()
        filter = AddressFilter(on: loop, program: program, timeout: timeout) {
            [unowned self] in results.append($0)
        }
    }

    /// Puts addresses into force and gives away what came of it.
    func set(
        _ addresses: Set<InternetAddress>...
    ) -> [Result<Set<InternetAddress>, AddressFilterError>] {
        for wanted in addresses { filter?.set(wanted) }
        let deadline = MonotonicInstant.now + .seconds(10)
        while filter?.isIdle == false && .now < deadline {
            loop.turn(longestWait: .milliseconds(50))
        }
        defer { results = [] }
        return results
    }
}

private let virtual4 = InternetAddress(10, 1, 0, 5)
private let virtual6 = InternetAddress.v6(high: 0x2001_0db8_0000_0000, low: 5)

/// What `nft -j` lists in the table `lbctl`: the elements of its sets by their names.
private func elements() throws -> [String: Set<String>] {
    struct Ruleset: Decodable {
        struct Entry: Decodable { var set: NamedSet? }
        struct NamedSet: Decodable {
            var name: String
            var table: String
            var elem: [String]?
        }
        var nftables: [Entry]
    }
    let output = try Laboratory.run(["nft", "-j", "list", "ruleset"])
    let sets = try JSONDecoder().decode(Ruleset.self, from: output).nftables.compactMap(\.set)
    return Dictionary(
        uniqueKeysWithValues: sets.filter { $0.table == "lbctl" }
            .map { ($0.name, Set($0.elem ?? [])) })
}

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `Addresses that take nothing` {
    @Test func `the table holds the last addresses that were said, and goes with the last`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let recorder = try Recorder()
                #expect(recorder.set([virtual4, virtual6]) == [.success([virtual4, virtual6])])
                #expect(
                    try elements() == ["addresses4": ["10.1.0.5"], "addresses6": ["2001:db8::5"]])
                let other = InternetAddress(10, 1, 0, 7)
                #expect(recorder.set([virtual4, other]) == [.success([virtual4, other])])
                #expect(
                    try elements() == ["addresses4": ["10.1.0.5", "10.1.0.7"], "addresses6": []])
                #expect(recorder.filter?.addresses == [virtual4, other])
                #expect(recorder.set([]) == [.success([])])
                #expect(try elements() == [:])
                let tables = try Laboratory.run(["nft", "list", "tables"])
                #expect(tables.isEmpty)
            }
        }
    }

    @Test func `leftovers are replaced, foreign tables stay, and a broken table is made whole`()
        async
    {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Laboratory.run(["nft", "add table inet lbctl; add table inet filter"])
                try Laboratory.run([
                    "nft", "add set inet lbctl addresses4 { type ipv6_addr; }",
                ])
                let recorder = try Recorder()
                #expect(recorder.set([virtual4]) == [.success([virtual4])])
                #expect(try elements() == ["addresses4": ["10.1.0.5"], "addresses6": []])
                try Laboratory.run(["nft", "flush ruleset; add table inet filter"])
                #expect(recorder.set([virtual4]) == [.success([virtual4])])
                #expect(try elements() == ["addresses4": ["10.1.0.5"], "addresses6": []])
                #expect(recorder.set([]) == [.success([])])
                let tables = try Laboratory.run(["nft", "list", "tables"])
                #expect(String(decoding: tables, as: UTF8.self) == "table inet filter\n")
            }
        }
    }

    @Test func `of changes that follow each other fast, the last one is in force`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let recorder = try Recorder()
                let many = Set((0..<1000).map { InternetAddress.v4(0x0a01_0000 + $0) })
                #expect(
                    recorder.set([virtual4], [virtual6], many) == [
                        .success([virtual4]), .success(many),
                    ])
                #expect(try elements()["addresses4"]?.count == 1000)
                // More than an argument of a program can hold.
                let most = Set((0..<12_000).map { InternetAddress.v4(0x0a01_0000 + $0) })
                #expect(recorder.set(most) == [.success(most)])
                #expect(try elements()["addresses4"]?.count == 12_000)
            }
        }
    }

    @Test func `a program that is missing, refuses or hangs is told of`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let missing = try Recorder(program: "/nonexistent/nft")
                #expect(
                    missing.set([virtual4]) == [
                        .failure(
                            .notStarted(
                                SystemError(
                                    call: "exec", errno: .noSuchFile, subject: "/nonexistent/nft")))
                    ])
                let refusing = try Recorder(program: "ls")
                let refusal = refusing.set([virtual4])
                #expect(refusal.count == 1)
                guard case .failure(.refused(let words))? = refusal.first else {
                    Issue.record("\(refusal)")
                    return
                }
                #expect(words.contains("cannot access"))
                #expect(refusing.filter?.addresses == [])
                let hanging = try Recorder(program: "tail", timeout: .milliseconds(50))
                #expect(hanging.set([virtual4]) == [.failure(.timedOut)])
                #expect(setuid(65534) == 0)
                let unprivileged = try Recorder()
                guard case .failure(.refused)? = unprivileged.set([virtual4]).first else {
                    Issue.record("not refused")
                    return
                }
            }
        }
    }
}

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `Packets for an address that takes nothing` {
    /// From 02:00:00:00:00:09 to 02:00:00:00:00:0a.
    private static let ethernet: [UInt8] = [0x02, 0, 0, 0, 0, 0x0a, 0x02, 0, 0, 0, 0, 9]
    private static let address6: [UInt8] = [
        0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]
    private static let echo4: [UInt8] =
        ethernet + [
            0x08, 0x00,
            0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0x66, 0xd2, 10, 1, 0, 9, 10, 1, 0, 5,
            8, 0, 0xf7, 0xfd, 0, 1, 0, 1,
        ]
    private static let echo6: [UInt8] =
        ethernet + [0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 58, 255] + address6 + [9] + address6 + [5]
        + [128, 0, 0x24, 0x3b, 0, 1, 0, 1]
    private static let solicitation: [UInt8] =
        ethernet + [0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255] + address6 + [9] + address6 + [5]
        + [135, 0, 0xec, 0x5c, 0, 0, 0, 0] + address6 + [5, 1, 1, 0x02, 0, 0, 0, 0, 9]
    /// Protocol 112 with four bytes, as a unicast peer sends it.
    private static let protocol112: [UInt8] =
        ethernet + [
            0x08, 0x00,
            0x45, 0, 0, 24, 0, 0, 0, 0, 255, 112, 0xa7, 0x66, 10, 1, 0, 9, 10, 1, 0, 5,
            1, 2, 3, 4,
        ]

    /// Which of the four packets the host takes: the first three by an answer that comes out, the
    /// last by a socket that gets it.
    private static func taken() throws -> [String] {
        let receiver = socket(AF_INET, Int32(SOCK_RAW.rawValue), 112)
        defer { close(receiver) }
        let b = Laboratory.interfaceIndex("b")
        let announcer = try ARPAnnouncer()
        var taken: [String] = []
        for (name, frame, protocolNumber, offset, type) in [
            ("echo 4", echo4, 0x0800, 34, 0), ("echo 6", echo6, 0x86dd, 54, 129),
            ("solicitation", solicitation, 0x86dd, 54, 136),
        ] as [(String, [UInt8], UInt16, Int, UInt8)] {
            let listener = Listener(protocol: protocolNumber)
            #expect(announcer.sendFrame(frame.span, interfaceIndex: b) == .moved(frame.count))
            let answers = listener.frames().filter { $0.count > offset && $0[offset] == type }
            if !answers.isEmpty { taken.append(name) }
        }
        #expect(announcer.sendFrame(protocol112.span, interfaceIndex: b) == .moved(38))
        var waited = pollfd(fd: receiver, events: Int16(POLLIN), revents: 0)
        if poll(&waited, 1, 200) > 0 { taken.append("protocol 112") }
        return taken
    }

    @Test func `what others ask of it is dropped, and what holding it needs goes through`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let recorder = try Recorder()
                try Laboratory.ip("address add 10.1.0.5/24 dev a")
                try Laboratory.ip("address add 2001:db8::5/64 dev a nodad")
                for peer in ["10.1.0.9", "2001:db8::9"] {
                    try Laboratory.ip("neighbour add \(peer) lladdr 02:00:00:00:00:09 dev a")
                }
                #expect(try Self.taken() == ["echo 4", "echo 6", "solicitation", "protocol 112"])
                #expect(recorder.set([virtual4, virtual6]) == [.success([virtual4, virtual6])])
                #expect(try Self.taken() == ["solicitation", "protocol 112"])
                // Only the addresses that were said.
                let foreign = InternetAddress(10, 1, 0, 6)
                #expect(recorder.set([foreign]) == [.success([foreign])])
                #expect(try Self.taken() == ["echo 4", "echo 6", "solicitation", "protocol 112"])
            }
        }
    }
}
