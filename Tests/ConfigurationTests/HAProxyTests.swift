import NodeConfiguration
import Testing
import VRRPCore

@Suite struct `haproxy's language` {
    @Test(arguments: [
        (
            "balance sorce",
            "f:7:9: error: unknown balance algorithm 'sorce'; did you mean 'source'?"
        ),
        (
            "acl no be_conn(web) -m found",
            "f:7:8: error: -m found: 'be_conn(web)' is a number, which is compared with others, such as 'ge 1'"
        ),
        ("option", "f:7:1: error: 'option' needs a further word, the option"),
        (
            "balanse source",
            "f:7:1: error: unknown keyword 'balanse' in this section; did you mean 'balance'?"
        ),
        (
            "frontent x",
            "f:7:1: error: unknown keyword 'frontent' in this section; did you mean 'frontend'?"
        ),
        ("mode htpt", "f:7:6: error: unknown mode 'htpt'; did you mean 'http'?"),
        (
            "mode http",
            "f:7:6: error: 'web' is in mode http, which is not offered: lbctl balances TCP; write 'mode tcp', or 'stats enable' or 'monitor-uri' alone for a page"
        ),
        ("timeout clent 5s", "f:7:9: error: unknown timeout 'clent'; did you mean 'client'?"),
        (
            "timeout client 5x",
            "f:7:16: error: timeout client '5x': must be a whole number with us, ms, s, m, h or d, such as 500ms or 10s"
        ),
        (
            "timeout client 25d",
            "f:7:16: error: timeout client 25d: must be at most 24 days (2147483647 ms)"
        ),
        (
            "timeout client 99999999999999999999",
            "f:7:16: error: timeout client '99999999999999999999': must be a whole number with us, ms, s, m, h or d, such as 500ms or 10s"
        ),
        (
            "option redispach",
            "f:7:8: error: unknown option 'redispach'; did you mean 'redispatch'?"
        ),
        ("no balance", "f:7:4: error: unknown keyword 'balance' after 'no'"),
        ("stats uri stats", "f:7:11: error: stats uri 'stats': must begin with '/'"),
        ("stats auth secret", "f:7:12: error: 'stats auth' needs NAME:PASSWORD"),
        ("bind :0", "f:7:6: error: port 0: must be 1 to 65535"),
        ("bind :81,:65536", "f:7:10: error: port 65536: must be 1 to 65535"),
        ("bind :90-80", "f:7:6: error: ports 90-80: the first is above the last"),
        (
            "bind 192.0.2.1",
            "f:7:6: error: '192.0.2.1' has no port: must be ADDRESS:PORT, such as 192.0.2.1:80"
        ),
        (
            "bind [2001:db8:]:80",
            "f:7:6: error: '2001:db8:' is no IPv6 address; one looks like 2001:db8::1"
        ),
        (
            "bind lb.example.org:80",
            "f:7:6: error: bind address 'lb.example.org': names are for servers; write the IP address"
        ),
        (
            "bind fd@2",
            "f:7:6: error: 'fd@2': must be fd@ and the number of an open descriptor, 3 or more"
        ),
        (
            "bind :81 ssl crt x",
            "f:7:18: error: crt 'x': no such file"
        ),
        (
            "log 192.0.2.999:514 local0",
            "f:7:5: error: '192.0.2.999' is no IPv4 address; one looks like 192.0.2.1"
        ),
        (
            "log udp@[2001:db8:]:514 local0",
            "f:7:5: error: '2001:db8:' is no IPv6 address; one looks like 2001:db8::1"
        ),
        (
            "tcp-request connection reject if { fe_req_rate gt 9 }",
            "f:7:36: error: the criterion 'fe_req_rate' is known but not implemented yet"
        ),
        (
            "use_backend web if { srv_weight(web/a) gt 9 }",
            "f:7:22: error: the criterion 'srv_weight(web/a)' is known but not implemented yet"
        ),
        (
            "acl a path_beg /x",
            "f:7:7: error: the criterion 'path_beg' asks about HTTP, which lbctl does not read"
        ),
        (
            "acl a sc2_http_err_rate gt 1",
            "f:7:7: error: the criterion 'sc2_http_err_rate' asks about HTTP, which lbctl does not read"
        ),
        (
            "acl a ssl_fc_unique_id x",
            "f:7:7: error: the criterion 'ssl_fc_unique_id' is not offered; of clients' TLS there are ssl_fc_sni, ssl_fc_alpn, ssl_fc_protocol, ssl_fc_cipher, ssl_fc_session_id, ssl_c_s_dn, ssl_c_i_dn, ssl_c_serial, ssl_c_sha1, ssl_c_notbefore, ssl_c_notafter, ssl_c_key_alg, ssl_c_sig_alg, ssl_f_s_dn, ssl_f_i_dn, ssl_f_serial, ssl_f_sha1, ssl_f_notbefore, ssl_f_notafter, ssl_f_key_alg, ssl_f_sig_alg, ssl_fc, ssl_fc_has_sni, ssl_fc_has_crt, ssl_c_used, ssl_fc_is_resumed, ssl_c_verify, ssl_c_err, ssl_c_ca_err, ssl_c_ca_err_depth"
        ),
        (
            "acl a ssl_bc_cipher a",
            "f:7:7: error: the criterion 'ssl_bc_cipher' asks about TLS to servers, which no rule looks at"
        ),
        (
            "acl a res.ssl_hello_type 2",
            "f:7:7: error: the criterion 'res.ssl_hello_type' asks what servers say, which no rule looks at"
        ),
        (
            "acl a req.ssl_sni,field(1,.) x",
            "f:7:7: error: the criterion 'req.ssl_sni,field(1,.)' has the converter 'field', which is not offered; there are lower and upper"
        ),
        (
            "acl a req.payload(0,1), -m found",
            "f:7:7: error: the criterion 'req.payload(0,1),' ends with a comma; a converter stands without spaces, as in req.ssl_sni,lower"
        ),
        (
            "acl a fe_ses_rate gt 9",
            "f:7:7: error: the criterion 'fe_ses_rate' is not offered; did you mean 'fe_sess_rate'?"
        ),
        (
            "tcp-request content reject if HTTP",
            "f:7:31: error: the predefined acl 'HTTP' asks about HTTP, which lbctl does not read"
        ),
        (
            "tcp-request content reject if !METH_GET",
            "f:7:31: error: the predefined acl 'METH_GET' asks about HTTP, which lbctl does not read"
        ),
        (
            "balance rr",
            "f:7:9: error: unknown balance algorithm 'rr'; there are roundrobin, static-rr, leastconn, first, source, hash, random, rdp-cookie and maglev"
        ),
        ("bind :81 nam x", "f:7:10: error: unknown bind option 'nam'; did you mean 'name'?"),
        ("bind 192.0.2.1:80", "f:7:6: error: a listener on 192.0.2.1:80 is already defined at f:5"),
        ("server a 192.0.2.12:80", "f:7:8: error: server 'a' is already on line 6"),
        (
            "server b web_1..example:80",
            "f:7:10: error: 'web_1..example' is no name of a server; one looks like web01.example.org"
        ),
        (
            "server b 192.0.2.256:80",
            "f:7:10: error: '192.0.2.256' is no IPv4 address; one looks like 192.0.2.1"
        ),
        (
            "server b 192.0.2.1:+65536",
            "f:7:10: error: port offset 65536: must be 0 to 65535"
        ),
        ("server b 192.0.2.1:+-1", "f:7:10: error: port offset -1: must be 0 to 65535"),
        (
            "server b 192.0.2.1 check",
            "f:7:8: error: server 'b': it has no port of its own, so a check needs 'port N'"
        ),
        (
            "source 192.0.2.999",
            "f:7:8: error: '192.0.2.999' is no IPv4 address; one looks like 192.0.2.1"
        ),
        (
            "source eth0",
            "f:7:8: error: source address 'eth0': names are for servers; write the IP address"
        ),
        ("server b", "f:7:1: error: 'server' needs ADDRESS:PORT after the name"),
        (
            "server b 192.0.2.1:80 chek",
            "f:7:23: error: unknown server option 'chek'; did you mean 'check'?"
        ),
        ("server b 192.0.2.1:80 weight 257", "f:7:30: error: weight 257: must be 0 to 256"),
        ("server b 192.0.2.1:80 inter 0", "f:7:29: error: inter 0: must be more than 0"),
        ("retries -1", "f:7:9: error: retries -1: must be 0 to 100"),
        (
            "default_backend nowhere",
            "f:7:17: error: default_backend 'nowhere': no backend has this name"
        ),
        (".if defined(X)", "f:7:1: error: this .if has no .endif after it"),
    ])
    func `an error says where, what and what would be right`(line: String, message: String) {
        let loaded = load(proxy(line))
        let errors = loaded.diagnostics.filter { $0.severity == .error }
        #expect(errors.map(\.description) == [message])
        #expect(loaded.model == nil)
    }

    @Test(arguments: [
        (
            "balance url_param(3)",
            "f:7:9: warning: 'balance url_param(3)' is known but not implemented yet; it is ignored: the algorithm before it stays, roundrobin if there is none"
        ),
        (
            "tcp-request content set-var-fmt(txn.a) src",
            "f:7:21: warning: the action 'set-var-fmt' is known but not implemented yet; it is ignored"
        ),
        (
            "use_backend web if { req.ssl_sni a }",
            "f:7:20: warning: a rule looks at what the client says, but there is no 'tcp-request inspect-delay': clients are waited for 5s at most"
        ),
        (
            "no option independent-streams\noption independent-streams",
            "f:8:8: warning: 'option independent-streams' has no effect: who hears something is not idle, and who takes nothing has a time of his own"
        ),
        (
            "option http-proxy",
            "f:7:8: warning: 'option http-proxy' has no effect: no HTTP is read here"
        ),
        (
            "bind :81 tcp-ss 1 name a",
            "f:7:10: warning: 'tcp-ss' has no effect: nothing here looks at a client's first packet"
        ),
        (
            "bind :81 label x backlog 5",
            "f:7:10: warning: 'label' has no effect: nothing asks for a listening socket by such a name"
        ),
        (
            "bind :81 guid-prefix x backlog 5",
            "f:7:10: warning: 'guid-prefix' has no effect: nothing asks for a listening socket by such a name"
        ),
        (
            "bind :81 nice -5 backlog 5",
            "f:7:10: warning: 'nice' has no effect: the reactors serve all connections alike"
        ),
        (
            "bind :81 shards by-thread backlog 5",
            "f:7:10: warning: 'shards' has no effect: all reactors accept at every listening socket"
        ),
        (
            "bind :81 thread 1/1-2 backlog 5",
            "f:7:10: warning: 'thread' has no effect: all reactors accept at every listening socket"
        ),
        (
            "server b 192.0.2.1:80 tfo",
            "f:7:23: warning: 'tfo' is known but not implemented yet; it is ignored: the first bytes follow the handshake: a failed one could not be retried"
        ),
        (
            "ring p\n format iso",
            "f:7:1: warning: section 'ring' is known but not implemented yet; it is ignored"
        ),
        (
            "stats enable",
            "f:5:8: warning: the 'stats' keywords of 'web' are ignored: a statistics page needs 'mode http'"
        ),
        (
            "log log.example.org:514 local0",
            "f:7:5: warning: 'log log.example.org:514' is known but not implemented yet: only an IP address, a socket's path, stdout and stderr can take lines; none go there"
        ),
        (
            "log tcp@[2001:db8::1]:514 local0",
            "f:7:5: warning: 'log tcp@[2001:db8::1]:514' is known but not implemented yet: only an IP address, a socket's path, stdout and stderr can take lines; none go there"
        ),
        (
            "log ring@buffer local0",
            "f:7:5: warning: 'log ring@buffer' is known but not implemented yet: only an IP address, a socket's path, stdout and stderr can take lines; none go there"
        ),
    ])
    func `a warning leaves the file usable`(line: String, message: String) {
        let loaded = load(proxy(line))
        #expect(loaded.diagnostics.first?.description == message)
        #expect(loaded.model != nil)
    }

    @Test func `what a section has once is said to be replaced, by the last one`() {
        let loaded = load(
            proxy(
                "balance source\nbalance leastconn\ntimeout client 1s\nmaxconn 5\nbalance first\n"
                    + "timeout client 2s\nmaxconn 6\nserver b 192.0.2.2:1\nserver c 192.0.2.3:1"))
        #expect(
            loaded.diagnostics.map(\.description) == [
                "f:8:1: warning: 'balance' replaces the one of line 7",
                "f:11:1: warning: 'balance' replaces the one of line 7",
                "f:12:1: warning: 'timeout client' replaces the one of line 9",
                "f:13:1: warning: 'maxconn' replaces the one of line 10",
            ])
        #expect(loaded.model?.backends.first?.algorithm == .first)
    }

    @Test func `names are unique, except a frontend's and a backend's`() {
        let section = "defaults\ntimeout client 1s\ntimeout server 1s\ntimeout connect 1s\n"
        #expect(
            diagnose(
                section
                    + "frontend a\nbind :1\ndefault_backend a\nbackend a\nserver s 192.0.2.1:1\n"
            ).isEmpty)
        #expect(
            diagnose(
                section + "listen a :1\nserver s 192.0.2.1:1\nbackend a\nserver s 192.0.2.1:1\n"
            ) == ["f:7:9: error: a listen, backend or check section 'a' is already defined at f:5"])
    }

    @Test func `a section whose server line is wrong is not said to have none`() {
        let text = "defaults\nmode tcp\nbackend b\nserver s 127.0.0.1:80 chekc"
        #expect(diagnose(text).filter { $0.contains("has no server") } == [])
        #expect(diagnose(text).contains { $0.contains("chekc") })
    }

    @Test func `a balance without a word is haproxy's`() {
        let loaded = load(proxy("balance source\nbalance"))
        #expect(
            loaded.diagnostics.map(\.description)
                == ["f:8:1: warning: 'balance' replaces the one of line 7"])
        #expect(loaded.model?.backends[0].algorithm == .roundrobin)
    }

    @Test func `a page that nobody would see is told with what it lacks`() {
        #expect(
            diagnose("frontend f\nbind *:80\ntimeout client 1s\nstats enable").first
                == "f:1:10: error: frontend 'f' has no backend; add 'mode http', if it is to show the"
                + " statistics page")
    }

    @Test func `what is about the files as a whole has no line`() {
        let whole = Diagnostic(.warning, file: "a, b", line: 0, message: "x")
        #expect(whole.description == "a, b: warning: x")
    }

    @Test func `nothing follows from a line that is wrong`() {
        #expect(
            diagnose(
                proxy(
                    """
                    stick-table type ip size 9
                    stick on sorce
                    acl a req.ssl_verr 3
                    tcp-request content reject if a
                    """)
            ).map { $0.split(separator: ":")[1] } == ["8", "9"])
    }

    @Test func `an option that takes the place of another is named`() {
        #expect(
            diagnose(
                proxy(
                    "option httpchk GET /up\nhttp-check expect status 200\noption ssl-hello-chk"))
                == [
                    "f:8:1: warning: 'http-check' has no effect in 'web': 'option ssl-hello-chk' in line 9 takes the place of 'option httpchk' in line 7"
                ])
        #expect(
            diagnose(proxy("http-check expect status 200\noption ssl-hello-chk")) == [
                "f:7:1: warning: 'http-check' has no effect in 'web' without 'option httpchk'"
            ])
    }

    @Test func `what a file says seven times is told once`() {
        let lines = (1...7).map { "errorfile 50\($0) /e" }.joined(separator: "\n")
        let loaded = load(proxy(lines + "\noption http-proxy"))
        #expect(loaded.diagnostics.count == 8)
        #expect(
            loaded.diagnostics.condensed.map(\.description) == [
                "f:7:1: warning: 'errorfile' has no effect: no HTTP is read here (also lines 8, 9, 10 and 3 more)",
                "f:14:8: warning: 'option http-proxy' has no effect: no HTTP is read here",
            ])
        let two = (1...2).map {
            Diagnostic($0 == 1 ? .error : .warning, file: "f", line: $0, message: "x")
        }
        #expect((two + two).condensed.map(\.line) == [1, 2, 1])
    }

    @Test func `sections that cannot work`() {
        let text = """
            global
            nbthread 0
            defaults
            timeout client 1s
            timeout server 1s
            timeout connect 1s
            frontend f
            bind *:80
            server s 192.0.2.1:80
            balance source
            listen l
            server s 192.0.2.1:80
            backend b
            bind :1
            listen
            listen we!b :1
            """
        #expect(
            diagnose(text) == [
                "f:2:10: error: nbthread 0: must be 1 to 64",
                "f:7:10: error: frontend 'f' has no backend; add 'default_backend NAME'",
                "f:9:1: error: 'server' is not allowed in a frontend section",
                "f:10:1: warning: 'balance' has no effect in a frontend section",
                "f:11:8: error: 'l' listens nowhere; add 'bind ADDRESS:PORT'",
                "f:13:9: warning: 'b' has no server; its connections are closed at once",
                "f:14:1: error: 'bind' is not allowed in a backend section",
                "f:15:1: error: 'listen' needs a name",
                "f:16:8: error: the name 'we!b' may only have letters, digits, '-', '_', '.' and ':'",
            ])
        #expect(
            diagnose("mode tcp\nlisten a :1\n", as: .haproxy).first
                == "f:1:1: error: 'mode' stands before any section; one begins with global, defaults, listen, frontend or backend"
        )
    }

    @Test func `a header with too many words, or from nowhere`() {
        let text = """
            global x
            defaults a b
            listen c from d
            listen e from alfa
            defaults alpha
            backend g :80
            listen h :81 from
            listen i localhost:82
            """
        let errors = load(text).diagnostics.filter { $0.severity == .error }
        #expect(
            errors.map(\.description) == [
                "f:1:8: error: 'x' is more than 'global' takes",
                "f:2:12: error: 'b' is more than 'defaults' takes",
                "f:3:8: error: 'c' listens nowhere; add 'bind ADDRESS:PORT'",
                "f:3:15: error: no defaults section is named 'd'",
                "f:4:8: error: 'e' listens nowhere; add 'bind ADDRESS:PORT'",
                "f:4:15: error: no defaults section is named 'alfa'",
                "f:6:11: error: ':80' is more than 'backend' takes",
                "f:7:14: error: unknown bind option 'from'",
                "f:8:10: error: bind address 'localhost': names are for servers; write the IP address",
            ])
    }

    @Test func `missing timeouts are told as haproxy tells them`() {
        #expect(
            diagnose("listen a :1\nserver s 192.0.2.1:1\ntimeout connect 0\n") == [
                "f:1:8: warning: 'a' has no 'timeout client', no 'timeout server': a peer that says nothing holds its connection for ever"
            ])
    }

    @Test func `mode http from defaults is told at the section`() {
        #expect(
            diagnose("defaults\nmode http\nlisten a :1\nserver s 192.0.2.1:1\n").first
                == "f:3:8: error: 'a' is in mode http (from line 2), which is not offered: lbctl balances TCP; write 'mode tcp', or 'stats enable' or 'monitor-uri' alone for a page"
        )
    }

    @Test func `everything that is read`() throws {
        let text = """
            global
                nbthread 2
                maxconn 5000
                log /dev/log
            defaults plain
                timeout client 1500
                timeout server 2m
                timeout connect 3s
                timeout queue 100us
                timeout check 1s
                option redispatch
                default-server inter 1s rise 5
                retries 7
            frontend in
                bind 192.0.2.1:80,:81 name x
                bind *:90-91
                maxconn 9
                no option dontlognull
                default_backend "out"
            backend out
                balance leastconn
                no option redispatch
                server a 192.0.2.11:80 check port 81 addr 192.0.2.12 fastinter 1 downinter 2h fall 9
                default-server check
                server b 192.0.2.13:80 weight 0 backup disabled no-check maxconn 3
                server c ipv4@192.0.2.14:80 inter 5
            defaults
                timeout client 0
                disabled
            listen other from plain
                bind :92
                server d 192.0.2.15:1
            """
        let loaded = load(text)
        #expect(loaded.diagnostics.isEmpty)
        let model = try #require(loaded.model)
        #expect(model.global.reactorCount == 2)
        #expect(model.global.connectionLimit == 5_000)
        #expect(model.global.logsToSyslog)
        var frontend = Frontend(name: "in", backendName: "out")
        frontend.identity = SectionIdentity(position: 1)
        frontend.endpoints = [
            Endpoint(address: IPv4Address(192, 0, 2, 1), port: 80),
            Endpoint(address: nil, port: 81),
            Endpoint(address: nil, port: 90), Endpoint(address: nil, port: 91),
        ]
        frontend.listeners[0].name = "x"
        frontend.listeners[1].name = "x"
        frontend.connectionLimit = 9
        frontend.clientTimeout = .milliseconds(1500)
        #expect(model.frontends.first == frontend)
        var backend = Backend(name: "out")
        backend.identity = SectionIdentity(position: 2)
        backend.algorithm = .leastconn
        backend.connectTimeout = .seconds(3)
        backend.serverTimeout = .seconds(120)
        backend.queueTimeout = .microseconds(100)
        backend.checkTimeout = .seconds(1)
        backend.retries = 7
        var a = Server(name: "a", address: IPv4Address(192, 0, 2, 11), port: 80)
        var check = CheckSettings()
        check.interval = .seconds(1)
        check.rise = 5
        a.check = check
        a.check?.port = 81
        a.check?.address = .v4(IPv4Address(192, 0, 2, 12))
        a.check?.fastInterval = .milliseconds(1)
        a.check?.downInterval = .seconds(7_200)
        a.check?.fall = 9
        var b = Server(name: "b", address: IPv4Address(192, 0, 2, 13), port: 80)
        b.weight = 0
        b.isBackup = true
        b.isDisabled = true
        b.connectionLimit = 3
        var c = Server(name: "c", address: IPv4Address(192, 0, 2, 14), port: 80)
        check.interval = .milliseconds(5)
        c.check = check
        backend.servers = [a, b, c]
        #expect(model.backends.first == backend)
        #expect(model.frontends.last?.isDisabled == false)
        #expect(model.backends.last?.redispatches == true)
    }

    @Test func `quotes, escapes and a disabled page`() throws {
        let text = """
            listen s :80
            mode http
            stats realm My\\ "page # 1" 'x' y # comment
            stats refresh 10
            stats hide-version
            listen t :80
            mode http
            stats enable
            disabled
            """
        let loaded = load(text)
        #expect(loaded.diagnostics.isEmpty)
        let page = try #require(loaded.model?.statisticsPages.first)
        #expect(page.realm == "My page # 1 x y")
        #expect(page.refreshInterval == .seconds(10))
        for (written, seconds) in [("10", 10), ("2500ms", 2), ("1ms", 1), ("0", nil)] {
            let text = text.replacing("refresh 10", with: "refresh \(written)")
            #expect(load(text).model?.statisticsPages.first?.refreshSeconds == seconds)
        }
        #expect(page.path == "/haproxy?stats")
        #expect(loaded.model?.statisticsPages.count == 1)
    }

    /// haproxy 2.6, "Quoting and escaping"; what it says of the words was heard in its own messages.
    @Test(arguments: [
        (#"a\$\{b\}\!"#, #"a\$\{b\}\!"#), (##"a\ b\#\"\'\\"##, ##"a b#"'\"##),
        (#""a\$b\{\!""#, #"a$b\{\!"#), (#"'a\$b\''"#, nil),
    ])
    func `a backslash takes the meaning from what has one`(written: String, meant: String?) {
        let realm = load("listen s :80\nmode http\nstats enable\nstats realm \(written)\n")
            .model?.statisticsPages.first?.realm
        #expect(realm == meant)
    }
}
