import Testing
import VRRPTestKit

@testable import NodeConfiguration

@Suite struct `Conversion to native YAML` {
    @Test func `the two files of the first node, as a person would have written them`() throws {
        let conversion = ConfigurationLoader().convert([
            try Fixture.keepalivedMaster.file, try Fixture.haproxy.file,
        ])
        #expect(conversion.difference == nil)
        #expect(
            conversion.text == """
                # From 'keepalived-master.conf', 'haproxy.cfg'

                vrrp_script chk_haproxy:
                  script: "killall -0 haproxy"
                  interval: 2
                  weight: 2

                vrrp_instance VI_1:
                  interface: eth1
                  state: MASTER
                  virtual_router_id: 51
                  priority: 101
                  virtual_ipaddress:
                    - 172.17.0.5
                  track_script:
                    - chk_haproxy

                defaults:
                  log: global
                  option: dontlognull
                  balance: leastconn
                  clitimeout: 60000
                  srvtimeout: 60000
                  contimeout: 5000
                  retries: 3
                  option redispatch:

                listen stats 10.0.0.6:80:
                  mode: http
                  stats:
                    - enable
                    - uri /stats
                    - realm HAProxy Statistics
                    - auth utilisateur:motdepasse

                listen http 172.17.0.5:80:
                  mode: tcp
                  balance: source
                  maxconn: 10000
                  server:
                    web01: 10.0.0.6:8080 maxconn 5000 check
                    web02: 10.0.0.7:8080 maxconn 5000 check

                listen https 172.17.0.5:443:
                  mode: tcp
                  balance: roundrobin
                  maxconn: 10000
                  server:
                    web01: 10.0.0.6:4443 maxconn 5000 check
                    web02: 10.0.0.7:4443 maxconn 5000 check

                """)
    }

    @Test func `rules keep their order, and lines that YAML would take otherwise are quoted`()
        throws
    {
        let conversion = convert(
            """
            global
              log 127.0.0.1:514 local0
            defaults
              timeout client 1m
              timeout server 1m
              timeout connect 5s
            frontend web
              bind *:443 name all
              bind [::1]:80 name six
              tcp-request inspect-delay 5s
              acl inside src 10.0.0.0/8
              tcp-request session set-var(sess.x) str("a b")
              tcp-request content reject if !inside { req.len gt 10 }
              tcp-request content accept if WAIT_END
              tcp-request content reject if { rand(9) 0 } { var(sess.x) -m str "a b" }
              acl named req.ssl_sni -m reg ^a\\.b$
              use_backend pool if named
              default_backend pool
              log-format "%ci:%cp [%t] \\"%ft\\""
            backend pool
              option tcp-check
              tcp-check send-binary 50494e47
              tcp-check expect string "+PONG: yes"
              option persist
              force-persist if { src 192.0.2.7 } || { be_conn gt 5 }
              server a 192.0.2.1:80 check non-stick
            """)
        #expect(
            conversion.text == """
                # From 'f'

                global:
                  log: 127.0.0.1:514 local0

                defaults:
                  timeout:
                    client: 1m
                    server: 1m
                    connect: 5s

                frontend web:
                  bind:
                    "*:443": name all
                    "[::1]:80": name six
                  tcp-request: inspect-delay 5s
                  acl: inside src 10.0.0.0/8
                  tcp-request session: set-var(sess.x) "str(a b)"
                  tcp-request content:
                    - reject if !inside { req.len gt 10 }
                    - accept if WAIT_END
                    - reject if { rand(9) 0 } { var(sess.x) -m str "a b" }
                  acl named: req.ssl_sni -m reg ^a\\.b$
                  use_backend: pool if named
                  default_backend: pool
                  log-format: "%ci:%cp [%t] \\"%ft\\""

                backend pool:
                  option: tcp-check
                  tcp-check:
                    send-binary: 50494e47
                    expect: string "+PONG:\\ yes"
                  option persist:
                  force-persist: if { src 192.0.2.7 } || { be_conn gt 5 }
                  server: a 192.0.2.1:80 check non-stick

                """)
        #expect(conversion.difference == nil)
    }

    @Test func `every configuration of the repository, and the seed beside it`() throws {
        let root = "/" + "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
        var count = 0
        for set in [
            ["Examples/seed/keepalived-master.conf", "Examples/seed/haproxy.cfg"],
            ["Examples/seed/keepalived-backup.conf", "Examples/seed/haproxy-lb2.cfg"],
            ["Examples/health/keepalived-lb1.conf", "Examples/health/haproxy.cfg"],
            ["Examples/health/keepalived-lb2.conf", "Examples/health/haproxy.cfg"],
            ["Lab/haproxy-2.6.cfg"],
            ["Tests/ConfigurationTests/Fixtures/keepalived-master.conf"],
            ["Tests/ConfigurationTests/Fixtures/keepalived-backup.conf"],
            ["Tests/ConfigurationTests/Fixtures/haproxy.cfg"],
            ["../shared/seed/keepalived-master.conf", "../shared/seed/haproxy.cfg"],
            ["../shared/seed/keepalived-backup.conf"],
        ] {
            let files = set.compactMap { try? InputFile(reading: "\(root)/\($0)") }
            guard files.count == set.count else {
                #expect(set[0].hasPrefix("../shared"), "\(set) is not there")
                continue
            }
            let conversion = ConfigurationLoader().convert(files)
            let text = try #require(conversion.text, "\(set)")
            #expect(conversion.difference == nil, "\(set)")
            let again = ConfigurationLoader().load([InputFile(name: "y", bytes: Array(text.utf8))])
            #expect(again.model == conversion.loaded.model, "\(set)")
            // What is YAML already comes out as it went in.
            let twice = ConfigurationLoader().convert([
                InputFile(name: "y", bytes: Array(text.utf8))
            ])
            #expect(twice.text?.body == text.body, "\(set)")
            count += 1
        }
        #expect(count >= 8)
    }

    @Test func `what defaults of one file say does not reach the sections of another`() throws {
        let first = "defaults\n timeout client 7s\nlisten a :81\n server s 192.0.2.1:1\n"
        let second = "global\n maxconn 9\nlisten b :82\n server s 192.0.2.1:1\n"
        let conversion = ConfigurationLoader().convert([
            InputFile(name: "a", bytes: Array(first.utf8)),
            InputFile(name: "b", bytes: Array(second.utf8)),
        ])
        #expect(conversion.difference == nil)
        #expect(conversion.loaded.model?.frontends.map(\.clientTimeout) == [.seconds(7), nil])
        #expect(
            conversion.text?.body == """
                defaults:
                  timeout: client 7s

                listen a :81:
                  server: s 192.0.2.1:1

                global:
                  maxconn: 9

                ---
                defaults:

                listen b :82:
                  server: s 192.0.2.1:1

                """)
    }

    @Test func `includes, names and conditions are written as they hold for this node`() {
        var loader = ConfigurationLoader()
        loader.identity = "lb1"
        let text = """
            $PRIO=150
            vrrp_instance VI_1 {
            interface eth1
            virtual_router_id 51
            @lb1 priority $PRIO
            @lb2 priority 100
            virtual_ipaddress {
            172.17.0.5/24 dev eth1
            }
            authentication {
            auth_type PASS
            auth_pass s3:cr-t
            }
            nopreempt
            }
            """
        let conversion = loader.convert([InputFile(name: "k", bytes: Array(text.utf8))])
        #expect(
            conversion.text?.body == """
                vrrp_instance VI_1:
                  interface: eth1
                  virtual_router_id: 51
                  priority: 150
                  virtual_ipaddress:
                    - 172.17.0.5/24 dev eth1
                  authentication:
                    auth_type: PASS
                    auth_pass: s3:cr-t
                  nopreempt:

                """)
        #expect(conversion.difference == nil)
    }

    @Test func `a line that no YAML can hold is an error with its place, and nothing is written`() {
        let text = instance("notify_master \"/bin/a \u{1}\" \"root\"\n")
        let conversion = ConfigurationLoader().convert([
            InputFile(name: "f", bytes: Array(text.utf8))
        ])
        #expect(conversion.text == nil)
        #expect(
            conversion.loaded.diagnostics.last?.description
                == "f:5:1: error: 'notify_master': native YAML has no way to write the words of this line; one has a character that no text can have"
        )
        #expect(conversion.loaded.model == nil)
    }

    @Test func `files with errors are told of, not written`() {
        let conversion = convert("listen a :80\n balance sorce\n")
        #expect(conversion.text == nil)
        #expect(
            conversion.loaded.diagnostics.map(\.description).contains(
                "f:2:10: error: unknown balance algorithm 'sorce'; did you mean 'source'?"))
    }

    @Test func `a difference of two models is told by its name`() throws {
        let model = try #require(load(instance("priority 5")).model)
        var other = model
        #expect(model.firstDifference(from: other, at: "model") == nil)
        other.virtualRouters[0].announcements.repeatDelay = .seconds(6)
        #expect(
            model.firstDifference(from: other, at: "model")
                == "model.virtualRouters[0].announcements.repeatDelay")
        other = model
        other.stickTables = [StickTableSettings(name: "t", size: 1)]
        #expect(model.firstDifference(from: other, at: "model") == "model.stickTables")
    }

    private func convert(_ text: String) -> Conversion {
        ConfigurationLoader().convert([InputFile(name: "f", bytes: Array(text.utf8))])
    }
}

extension String {
    /// What follows the comment that names the sources.
    fileprivate var body: Substring { split(separator: "\n\n", maxSplits: 1)[1] }
}

/// Lines of words that no person would write come out of the YAML as they went in.
@Suite struct `Words as YAML` {
    private static let parts = [
        "a", "B9", "é", " ", "\t", "\n", "\"", "'", "\\", "#", ":", "!", "$", "{", "}", "[", "]",
        ",", "-", "?", "*", "&", "%", "@", "|", ">", "~", "null", "n", "x41", "---", "😀", "`", "=",
    ]

    private static func word(_ random: inout SeededGenerator) -> Word {
        var text = ""
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            text += parts.randomElement(using: &random) ?? ""
        }
        return Word(text: text, position: .start, isQuoted: Bool.random(using: &random))
    }

    private static func directive(_ keyword: String, _ random: inout SeededGenerator) -> Directive {
        var line = Directive(words: [Word(text: keyword, position: .start)])
        for _ in 0..<Int.random(in: 0...4, using: &random) { line.words.append(word(&random)) }
        return line
    }

    /// What lines mean: whether a word stands in quotes counts only where these may change it.
    private static func meaning(_ lines: [Directive]) -> [String] {
        lines.flatMap { line in
            let words = line.words.map { word in
                let isText = word.isQuoted && !Word(text: word.text, position: .start).mayBeQuoted
                return (isText ? "quoted " : "") + word.text
            }
            let inner = line.block.map { ["{"] + meaning($0.directives) + ["}"] } ?? []
            return ["\(words)"] + inner
        }
    }

    @Test func `make keys that YAML can tell from one another, and read on one line`() throws {
        func word(_ text: String, isQuoted: Bool = false) -> Word {
            Word(text: text, position: .start, isQuoted: isQuoted)
        }
        #expect(
            NativeText.key([word("a b", isQuoted: true)]) == NativeText.key([word("a"), word("b")]))
        #expect(NativeText.key([word("a")]) != NativeText.key([word("b")]))
        #expect(NativeText.key([word("\u{FFFC}")]) == nil)
        let longest = String(repeating: "k", count: 1024)
        #expect(NativeText.key([word(longest + "k")]) == nil)
        let key = try #require(NativeText.key([word(longest)]))
        let (lines, _) = NativeReader.read(
            try SourceText(decoding: Array("listen a:\n  \(key.text): b".utf8)))
        #expect(lines.haproxy.last?.words.map(\.text) == [longest, "b"])
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `come back as the same lines`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var written = 0
        for round in 0..<150 {
            let attempt: Comment = "seed \(seed), round \(round)"
            var source = SourceLines(file: "f")
            source.haproxy = [
                Directive(words: ["listen", "l"].map { Word(text: $0, position: .start) })
            ]
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let keyword = ["bind", "server", "acl", "option"].randomElement(using: &random)
                source.haproxy.append(Self.directive(keyword ?? "", &random))
            }
            var instance = Self.directive("vrrp_instance", &random)
            instance.block = Block(opening: .start)
            for keyword in ["priority", "script", "priority"] {
                instance.block?.directives.append(Self.directive(keyword, &random))
            }
            var list = Directive(words: [Word(text: "track_script", position: .start)])
            list.block = Block(opening: .start)
            for _ in 0..<2 {
                list.block?.directives.append(Directive(words: [Self.word(&random)]))
            }
            instance.block?.directives.append(list)
            source.keepalived = PlacedLines(directives: [instance], files: ["f"])
            let (text, errors) = NativeWriter.write([source])
            guard errors.isEmpty else { continue }
            written += 1
            let (lines, remarks) = NativeReader.read(try SourceText(decoding: Array(text.utf8)))
            #expect(remarks.isEmpty, attempt)
            #expect(
                Self.meaning(lines.keepalived) == Self.meaning([instance]), "\(attempt)\n\(text)")
            #expect(
                Self.meaning(lines.haproxy) == Self.meaning(source.haproxy), "\(attempt)\n\(text)")
        }
        // Few words are such that there is no way to write them.
        #expect(written > 75)
    }
}
