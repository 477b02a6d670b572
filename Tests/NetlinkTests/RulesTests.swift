import Foundation
import LinuxIO
import Netlink
import Testing

extension Laboratory {
    /// One entry of `ip -json -details rule`.
    struct ShownRule: Decodable, Equatable {
        var priority: Int
        var src: String
        var srclen: Int?
        var dst: String?
        var dstlen: Int?
        var fwmark: String?
        var fwmask: String?
        var iif: String?
        var oif: String?
        var table: String?
        var action: String?
        var `protocol`: String
    }

    /// What iproute2 says about the rules of a version, without the kernel's own three.
    static func rules(version: Int = 4) throws -> [ShownRule] {
        let output = try ip("-\(version) -json -details rule show")
        return try JSONDecoder().decode([ShownRule].self, from: output)
            .filter { $0.protocol != "kernel" }
    }
}

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `Rules in the kernel` {
    @Test func `a rule is added with all that was said about it`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let rules = try Rules()
                var rule = Rule(.v4, priority: 500, .lookUp(RouteTable(rawValue: 300)))
                rule.from = InternetPrefix(InternetAddress(10, 9, 0, 0), length: 16)
                rule.to = InternetPrefix(InternetAddress(10, 5, 0, 7))
                rule.incomingInterface = "a"
                rule.outgoingInterface = "b"
                rule.mark = .init(5, mask: 0xff)
                #expect(try rules.add(rule) == .added)
                #expect(
                    try Laboratory.rules() == [
                        Laboratory.ShownRule(
                            priority: 500, src: "10.9.0.0", srclen: 16, dst: "10.5.0.7",
                            fwmark: "0x5", fwmask: "0xff", iif: "a", oif: "b", table: "300",
                            protocol: "108")
                    ])
                #expect(try rules.list(.v4).filter { $0.protocolTag == .lbctl } == [rule])
                #expect(try rules.add(rule) == .alreadyPresent)
                #expect(try rules.remove(rule) == .removed)
                #expect(try rules.remove(rule) == .alreadyAbsent)
                #expect(try Laboratory.rules() == [])
            }
        }
    }

    @Test func `IPv6, and actions other than a table`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let rules = try Rules()
                var rule = Rule(.v6, priority: 500, .prohibit)
                rule.from = InternetPrefix(.v6(high: 0x2001_0db8_0000_0000, low: 5))
                rule.mark = .init(7)
                #expect(try rules.add(rule) == .added)
                #expect(
                    try Laboratory.rules(version: 6) == [
                        Laboratory.ShownRule(
                            priority: 500, src: "2001:db8::5", fwmark: "0x7", action: "prohibit",
                            protocol: "108")
                    ])
                #expect(try Laboratory.rules() == [])
                #expect(try rules.list(.v6).filter { $0.protocolTag == .lbctl } == [rule])
                #expect(try rules.remove(rule) == .removed)
                #expect(try Laboratory.rules(version: 6) == [])
            }
        }
    }

    @Test func `removing takes exactly the rule that was named`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let rules = try Rules()
                // To the kernel, a request to remove the wide rule fits all of these.
                var narrow = Rule(.v4, priority: 500, .lookUp(RouteTable(rawValue: 300)))
                narrow.from = InternetPrefix(InternetAddress(10, 9, 0, 0), length: 16)
                var wide = narrow
                wide.from = .all(.v4)
                try Laboratory.ip("rule add from 10.8.0.0/16 table 300 pref 500")
                for rule in [narrow, wide] { #expect(try rules.add(rule) == .added) }
                #expect(try rules.remove(wide) == .removed)
                #expect(Set(try Laboratory.rules().map(\.src)) == ["10.8.0.0", "10.9.0.0"])
                #expect(try rules.remove(wide) == .alreadyAbsent)
                #expect(try Laboratory.rules().count == 2)
            }
        }
    }

    @Test func `leftovers of both versions go and foreign rules stay`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let rules = try Rules()
                try Laboratory.ip("rule add from 10.8.0.0/16 table 300 pref 500")
                try Laboratory.ip("rule add from 10.9.0.0/16 table 300 pref 501 protocol 108")
                try Laboratory.ip("rule add not from 10.9.0.0/16 blackhole pref 502 protocol 108")
                try Laboratory.ip("-6 rule add from 2001:db8::5 table 300 pref 503 protocol 108")
                let removed = try rules.removeLeftovers(tag: .lbctl)
                #expect(removed.map(\.priority) == [501, 502, 503])
                #expect(removed.map(\.isInverted) == [false, true, false])
                #expect(try Laboratory.rules().map(\.src) == ["10.8.0.0"])
                #expect(try Laboratory.rules(version: 6) == [])
            }
        }
    }
}
