import NodeConfiguration
import Testing

/// What says which connection a log line is about: `unique-id-format`, captures, `log-format-sd` and levels.
@Suite struct `Words that follow a connection through logs` {
    private func proxy(_ lines: String) -> String {
        """
        defaults
        mode tcp
        timeout client 1m
        timeout server 1m
        timeout connect 5s
        listen web
        bind 127.0.0.1:4444
        log 127.0.0.1:514 local0
        server a 192.0.2.11:80
        tcp-request inspect-delay 1s
        \(lines)
        """
    }

    private func messages(_ lines: String) -> [String] {
        load(proxy(lines)).diagnostics.map(\.description)
    }

    /// Lines, whether haproxy takes them, and what is said of them here where that is another thing.
    private static let verdicts: [(lines: String, isTaken: Bool, deviation: String?)] = [
        ("tcp-request content capture src len 9", true, nil),
        ("tcp-request content capture req.ssl_sni,lower len 64 if { src 192.0.2.1 }", true, nil),
        (
            "tcp-request content set-var(txn.a) src\ntcp-request content capture var(txn.a) len 9",
            true, nil
        ),
        ("tcp-request content capture int(7) len 1", true, nil),
        ("tcp-request content capture src len 0", false, nil),
        ("tcp-request content capture src", false, nil),
        ("tcp-request content capture src id 0", false, nil),
        ("tcp-request content capture", false, nil),
        ("tcp-request content capture src len 9 always", false, nil),
        ("tcp-request session capture src len 9", false, nil),
        ("tcp-request connection capture src len 9", false, nil),
        ("tcp-request content capture hdr(host) len 9", true, "no HTTP is read"),
        ("declare capture request len 3", true, nil),
        ("declare capture response len 3", true, nil),
        ("declare capture request len 0", false, nil), ("declare capture request", false, nil),
        ("declare capture nobody len 3", false, nil), ("declare nothing", false, nil),
        ("backend b\ntcp-request content capture src len 9", false, nil),
        ("backend b\ndeclare capture request len 9", false, nil),
        ("tcp-request content set-log-level err", true, nil),
        ("tcp-request content set-log-level silent if { src 192.0.2.1 }", true, nil),
        ("tcp-request content set-log-level loud", false, nil),
        ("tcp-request content set-log-level", false, nil),
        ("tcp-request session set-log-level err", false, nil),
        ("tcp-request connection set-log-level err", false, nil),
        ("backend b\ntcp-request content set-log-level err", true, nil),
        (#"unique-id-format %{+X}o\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid"#, true, nil),
        ("unique-id-format %[uuid()]", true, nil), ("unique-id-format %H-%f-%[src]-%ms", true, nil),
        ("unique-id-format", false, nil), ("unique-id-format %q", false, nil),
        ("unique-id-format %Tt", true, "it is another time at the end"),
        ("unique-id-format %ID", true, "haproxy ends with the first connection"),
        ("log-format %ID|%[unique-id]|%rt|%{+X}pid|%hr|%hrl|%hs", true, nil),
        ("declare capture request len 3\nlog-format %[capture.req.hdr(0)]", true, nil),
        ("log-format %[capture.req.hdr(x)]", false, nil),
        ("log-format %[capture.req.hdr]", false, nil),
        (#"log-format-sd %{+Q,+E}o\ [name@1\ client=%ci]"#, true, nil),
        ("log-format-sd", false, nil), ("log-format-sd %q", false, nil),
        ("error-log-format %rt|%ID", true, nil),
        ("log-format %[fc_pp_authority]%{+Q}[fc_pp_unique_id]", true, nil),
        ("tcp-request content capture fc_pp_authority,lower len 9", true, nil),
        ("tcp-request session reject if { fc_pp_authority -i -m end .org }", true, nil),
        ("tcp-request session reject if { fc_pp_unique_id() a }", true, "nothing stands in there"),
    ]

    @Test func `the same lines are taken as by haproxy, but where a reason is told`() throws {
        let files = try TLSFiles()
        for (lines, isTaken, deviation) in Self.verdicts {
            let text = proxy(lines)
            #expect(try files.isTakenByHAProxy(text) == isTaken, "\(lines)")
            let loaded = load(text)
            #expect(
                (loaded.model != nil) == (deviation == nil ? isTaken : !isTaken),
                "\(lines): \(loaded.diagnostics)")
        }
    }

    @Test func `captures, levels and forms reach the model`() throws {
        let loaded = load(
            proxy(
                #"""
                tcp-request content capture src len 6
                declare capture request len 3
                tcp-request content capture str(x) len 4 if { src_port 1 }
                tcp-request content set-log-level silent
                tcp-request content set-log-level debug
                unique-id-format "%{+X}ci-%rt"
                log-format-sd "[x@1 a=%{+Q,+E}[capture.req.hdr(1)]]"
                log-format " a  %hr   %hs b %{+X,+Q}cp %hrl"
                """#))
        #expect(loaded.diagnostics.isEmpty)
        let frontend = try #require(loaded.model?.frontends[0])
        #expect(frontend.rules.captureLengths == [6, 3, 4])
        #expect(
            frontend.rules.content.map(\.action) == [
                .capture(.key(.source), 0), .capture(.text("x"), 2), .setLogLevel(nil),
                .setLogLevel(7),
            ])
        #expect(
            frontend.log.identifierFormat == [
                .variable(.clientAddress, isQuoted: false, isHexadecimal: true), .text("-"),
                .variable(.requestNumber, isQuoted: false),
            ])
        #expect(
            frontend.log.structuredData == [
                .text("[x@1 a="), .capture(1, isQuoted: true, isEscaped: true), .text("]"),
            ])
        #expect(
            frontend.log.format == [
                .text("a "), .variable(.captures, isQuoted: false), .text(" b "),
                .variable(.clientPort, isQuoted: false, isHexadecimal: true), .text(" "),
                .variable(.captureList, isQuoted: false),
            ])
    }

    @Test func `a line knows what TLS asks for where a rule captures it`() {
        let form = "log-format %[req.ssl_sni]"
        #expect(messages("\(form)\ntcp-request content capture src len 9").count == 1)
        #expect(messages("\(form)\ntcp-request content capture req.ssl_sni,lower len 9").isEmpty)
    }

    @Test func `without captures nothing stands for them, not even a space`() throws {
        let log = try #require(
            load(proxy("log-format \"%hr a %hr %hrl b\"")).model?.frontends[0].log)
        #expect(log.format == [.text("a b")])
    }

    @Test(arguments: [
        (
            "tcp-request content capture src",
            "f:11:29: error: 'capture src' needs how many bytes are kept, such as len 64"
        ),
        (
            "tcp-request content capture src len 300",
            "f:11:37: warning: 'len 300': a capture keeps 255 bytes at most"
        ),
        (
            "declare capture request len 255\ndeclare capture request len 255\ndeclare capture request len 9",
            "f:13:29: error: the captures of a section need 522 bytes, one more each than they keep; there are 512"
        ),
        (
            "tcp-request session capture src len 9",
            "f:11:13: error: 'capture' is not allowed after 'tcp-request session'; use 'tcp-request content'"
        ),
        (
            "tcp-request content set-log-level loud",
            "f:11:35: error: unknown level 'loud'; there are silent, emerg, alert, crit, err, warning, notice, info, debug"
        ),
        (
            "unique-id-format %ci-%Tt",
            "f:11:18: error: unique-id-format: '%Tt' is not the same from the beginning of a connection to its end; there are %ci %cp %fi %fp %f %ft %Ts %ms %H %pid %rt %[uuid()]"
        ),
        (
            "declare capture request len 3\nlog-format %[capture.req.hdr(1)]",
            "f:6:8: warning: %[capture.req.hdr(1)] is never known in lines of 'web', which has 1 captures; add 'tcp-request content capture'"
        ),
        (
            "declare capture response len 3",
            "f:11:1: warning: 'declare capture response' has no effect: no response is looked at"
        ),
        (
            "backend b\nserver a 192.0.2.1:80\ntcp-request content capture src len 9",
            "f:13:21: error: 'capture' is not allowed in a backend section: the frontend says what its lines tell"
        ),
    ])
    func `what makes no sense is told where it stands`(lines: String, message: String) {
        #expect(messages(lines) == [message])
    }
}
