import NodeConfiguration
import Testing

@Suite struct `Check words that come to nothing` {
    private static let only = "; its checks only connect"

    @Test(arguments: [
        ("http-check expect status 200", "http-check", "httpchk", only),
        ("http-check comment a\nhttp-check disable-on-404", "http-check", "httpchk", only),
        ("tcp-check connect", "tcp-check", "tcp-check", only),
        ("external-check command /bin/true", "external-check", "external-check", only),
        ("external-check path /bin", "external-check", "external-check", only),
        ("option tcp-check\nhttp-check send-state", "http-check", "httpchk", ""),
        ("option redis-check\ntcp-check expect string a", "tcp-check", "tcp-check", ""),
        (
            "http-check expect status 200\noption httpchk\nno option httpchk", "http-check",
            "httpchk", only
        ),
    ])
    func `rules without their option are named where they begin`(
        lines: String, words: String, option: String, consequence: String
    ) {
        // The first rule's own line, with an option before it or not.
        let place = lines.hasPrefix("option") ? 2 : 1
        #expect(
            diagnose(proxy("server b 192.0.2.12:80 check\n\(lines)")) == [
                "f:\(place + 7):1: warning: '\(words)' has no effect in 'web' without 'option"
                    + " \(option)'\(consequence)"
            ])
        #expect(
            diagnose("check c\ntarget 192.0.2.9:80\n\(lines)") == [
                "f:\(place + 2):1: warning: '\(words)' has no effect in 'c' without 'option"
                    + " \(option)'\(consequence)"
            ])
    }

    private func inheriting(_ lines: String) -> [String] {
        diagnose(
            """
            defaults
            timeout client 1m
            timeout server 1m
            timeout connect 5s
            http-check expect status 200
            tcp-check expect string a
            listen web 192.0.2.1:80
            \(lines)
            """)
    }

    @Test func `rules of defaults are judged by the section that has them`() {
        let warnings = [("http-check", "httpchk", 5), ("tcp-check", "tcp-check", 6)].map {
            "f:\($0.2):1: warning: '\($0.0)' has no effect in 'web' without 'option \($0.1)'"
                + Self.only
        }
        #expect(inheriting("server a 192.0.2.11:80 check") == warnings)
        #expect(inheriting("server a 192.0.2.11:80") == [])
        #expect(inheriting("option httpchk\nserver a 192.0.2.11:80 check") == [])
        #expect(inheriting("option redis-check\nserver a 192.0.2.11:80 check") == [])
        // Its own rule is what it says, with the option of the other kind or without.
        #expect(
            inheriting("option httpchk\ntcp-check connect\nserver a 192.0.2.11:80 check") == [
                "f:9:1: warning: 'tcp-check' has no effect in 'web' without 'option tcp-check'"
            ])
    }

    @Test(arguments: [
        ("option httpchk GET /", "option httpchk"), ("option tcp-check", "option tcp-check"),
        ("option redis-check", "option redis-check"), ("option icmp-check", "option icmp-check"),
        ("option log-health-checks", "option log-health-checks"),
        ("no option log-health-checks", "option log-health-checks"),
        ("timeout check 1s", "timeout check"), ("timeout queue 1s", "timeout queue"),
        ("http-check expect status 200", "http-check"), ("tcp-check connect", "tcp-check"),
        ("external-check command /bin/true", "external-check"),
        ("notify_up /bin/true", "notify_up"), ("notify_down /bin/true", "notify_down"),
    ])
    func `a frontend checks nobody`(line: String, words: String) {
        let column = line.hasPrefix("no ") ? 4 : 1
        #expect(
            diagnose("\(proxy(""))\nfrontend in\nbind 192.0.2.1:81\ndefault_backend web\n\(line)")
                == [
                    "f:11:\(column): warning: '\(words)' has no effect in a frontend section"
                ])
    }

    @Test(arguments: [
        "timeout queue 1s", "timeout server 1s", "timeout client 1s", "balance leastconn",
    ])
    func `a check section serves nobody`(line: String) {
        let words = line.split(separator: " ")
        let name = line.hasPrefix("timeout") ? "timeout \(words[1])" : String(words[0])
        #expect(
            diagnose("check c\ntarget 192.0.2.9:80\n\(line)") == [
                "f:3:1: warning: '\(name)' has no effect in a check section"
            ])
    }

    @Test(arguments: [
        "on-marked-down shutdown-sessions", "observe layer4", "weight 5", "backup",
        "slowstart 5s", "maxconn 9", "agent-check agent-port 9",
    ])
    func `a check section's target has no clients`(words: String) {
        let found = diagnose("check c\ntarget 192.0.2.9:80\ndefault-server rise 1 \(words)")
        let name = words.split(separator: " ")[0]
        #expect(
            found.first == "f:3:23: warning: '\(name)' has no effect in a check section")
        #expect(found.count == (words.hasPrefix("agent") ? 2 : 1))
    }

    @Test(arguments: [
        ("", "check error-limit 3", 35, "error-limit", "without 'observe'"),
        ("", "check on-error mark-down", 35, "on-error", "without 'observe'"),
        ("", "agent-port 9", 29, "agent-port", "without 'agent-check'"),
        ("", "agent-inter 2s", 29, "agent-inter", "without 'agent-check'"),
        ("", "inter 2s", 29, "inter", "without 'check'"),
        ("", "check-ssl", 29, "check-ssl", "without 'check'"),
        ("", "check check-sni x.org", 35, "check-sni", "without TLS; it begins with 'check-ssl'"),
        (
            "", "check verify none", 35, "verify",
            "without TLS; it begins with 'ssl' or 'check-ssl'"
        ),
        (
            "", "check no-check-ssl check-certificate-days 9", 48, "check-certificate-days",
            "without TLS; it begins with 'check-ssl'"
        ),
        ("option udp-check", "check check-ssl", 35, "check-ssl", "beside 'option udp-check'"),
        (
            "option dns-check x.org", "check check-send-proxy", 35, "check-send-proxy",
            "beside 'option dns-check'"
        ),
        ("option icmp-check", "check port 81", 35, "port", "beside 'option icmp-check'"),
        ("option file-check /x", "check addr 192.0.2.3", 35, "addr", "beside 'option file-check'"),
    ])
    func `a server's words without what they belong to`(
        option: String, words: String, column: Int, name: String, reason: String
    ) {
        #expect(
            diagnose(proxy("\(option)\nserver bcdefg 192.0.2.12:80 \(words)")) == [
                "f:8:\(column): warning: '\(name)' has no effect \(reason)"
            ])
    }

    @Test func `a word that serves one server of a section is not idle`() {
        #expect(
            diagnose(
                proxy(
                    """
                    option tcp-check
                    tcp-check connect ssl
                    default-server inter 1s error-limit 3 verify none
                    server b 192.0.2.12:80 check observe layer4
                    server c 192.0.2.13:80
                    """)) == [])
        #expect(
            diagnose(proxy("default-server on-error mark-down\nserver b 192.0.2.12:80 check")) == [
                "f:7:16: warning: 'on-error' has no effect without 'observe'"
            ])
        // Those of `defaults` are for whichever section wants them.
        let handedOn = proxy("").replacing(
            "listen", with: "default-server inter 1s on-error mark-down\nlisten")
        #expect(diagnose(handedOn) == [])
    }

    @Test(arguments: [
        ("check-pool-conn-name a", "check-pool-conn-name"), ("check-sni-auto", "check-sni-auto"),
        ("no-check-sni-auto", "no-check-sni-auto"), ("check-reuse-pool", "check-reuse-pool"),
    ])
    func `words of later releases are known`(words: String, name: String) {
        #expect(
            diagnose(proxy("server b 192.0.2.12:80 check \(words)")) == [
                "f:7:30: warning: '\(name)' is known but not implemented yet; it is ignored"
            ])
    }
}
