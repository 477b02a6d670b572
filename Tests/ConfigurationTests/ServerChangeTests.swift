import NodeConfiguration
import TLSOptions
import Testing

/// haproxy's numbers: the own ones, and the next that is free for each other server.
private func numbers(_ own: [Int?]) -> [Int] {
    var taken = Set(own.compactMap(\.self))
    var next = 0
    return own.map { number in
        next += 1
        if let number { return number }
        while !taken.insert(next).inserted { next += 1 }
        return next
    }
}

private func model(_ text: String) throws -> Model {
    let loaded = load(text)
    return try #require(loaded.model, "\(loaded.diagnostics)")
}

/// Servers that come and go while the program runs, as the model has it.
@Suite struct `Servers that come and go` {
    private let file = """
        global
            ssl-default-server-options ssl-min-ver TLSv1.2
            ssl-default-server-ciphers HIGH
            ssl-server-verify none
        defaults
            timeout client 1m
            timeout server 1m
            timeout connect 5s
            default-server weight 50 check
            source 192.0.2.200
            option srvtcpka
            srvtcpka-idle 10s
        listen web
            bind 192.0.2.1:80
            server a 192.0.2.11:80
            server b 192.0.2.12:80 guid one
            server c 192.0.2.13:80 no-check

        """

    /// - Returns: The warnings.
    @discardableResult
    private func add(_ line: String, to model: inout Model, pool: Int = 0) throws -> [String] {
        let words = line.split(separator: " ").map(String.init)
        return try model.addServer(
            words[0], Array(words.dropFirst()), toBackendAt: pool, numberedBy: numbers
        ).map(\.description)
    }

    private func complaint(_ line: String, _ model: Model, pool: Int = 0) -> String? {
        var model = model
        let former = model
        do {
            try add(line, to: &model, pool: pool)
            return nil
        } catch {
            #expect(model == former, "\(line)")
            return "\(error)"
        }
    }

    @Test func `one that comes has what the sections say of all, and nothing of default-server`()
        throws
    {
        var model = try model(file)
        let others = model.backends[0].servers
        #expect(try add("d 192.0.2.14:80", to: &model) == [])
        #expect(Array(model.backends[0].servers.dropLast()) == others)
        let server = try #require(model.backends[0].servers.last)
        #expect(server.name == "d" && server.port == 80 && server.isDisabled)
        #expect(server.weight == 1 && server.check == nil && server.number == nil)
        #expect(server.connection.source == others[0].connection.source)
        #expect(server.connection.source.address != nil)
        #expect(server.connection.keepAlive == others[0].connection.keepAlive)
        #expect(server.connection.keepAlive?.idle == .seconds(10))

        try add(
            "e 192.0.2.15:80 ssl enabled check inter 7s weight 9 source 192.0.2.201", to: &model)
        let secured = try #require(model.backends[0].servers.last)
        #expect(
            secured.tls?.parameters.minimumVersion == .tlsv12
                && secured.tls?.parameters.ciphers == "HIGH")
        #expect(secured.tls?.verification == CheckTLS.Verification.none)
        #expect(secured.check?.interval == .seconds(7) && secured.weight == 9)
        #expect(!secured.isDisabled)
        #expect("\(secured.connection.source.address as Any)".contains("192.0.2.201"))
    }

    @Test func `the numbers of the others stay, and the next one has the lowest that is free`()
        throws
    {
        var model = try model(file)
        func known() -> [String] {
            let servers = model.backends[0].servers
            return zip(servers, numbers(servers.map(\.number))).map { "\($0.name)\($1)" }
        }
        #expect(known() == ["a1", "b2", "c3"])
        try model.removeServer(at: 0, ofBackendAt: 0, numberedBy: numbers)
        #expect(known() == ["b2", "c3"])
        try add("d 192.0.2.14:80 id 7", to: &model)
        #expect(known() == ["b2", "c3", "d7"])
        try add("e 192.0.2.14:80", to: &model)
        try add("f 192.0.2.14:80", to: &model)
        #expect(known() == ["b2", "c3", "d7", "e1", "f4"])
        #expect(complaint("g 192.0.2.14:80 id 3", model) == "the id 3 is that of 'c'")
        try model.removeServer(at: 1, ofBackendAt: 0, numberedBy: numbers)
        #expect(known() == ["b2", "d7", "e1", "f4"])
    }

    @Test func `of so many servers none comes any more`() throws {
        var full = try model(file)
        full.backends[0].servers = Array(repeating: full.backends[0].servers[0], count: 65_534)
        #expect(
            complaint("d 192.0.2.14:80", full)
                == "with it there were 65535 servers; all backends together may have 65534")
        full.backends[0].servers.removeLast()
        #expect(complaint("d 192.0.2.14:80", full) == nil)
    }

    @Test func `what is idle or doubtful is said`() throws {
        var model = try model(file.replacing("ssl-server-verify none", with: ""))
        #expect(
            try add("d 192.0.2.14:80 inter 1s", to: &model) == [
                "web/d: warning: 'inter' has no effect without 'check'"
            ])
        let warnings = try add("e 192.0.2.14:80 ssl", to: &model)
        #expect(warnings.count == 1)
        #expect(warnings[0].hasPrefix("web/e: warning: server 'e': any certificate of a trusted"))
    }

    @Test(arguments: [
        ("a 192.0.2.14:80", "a server of web has this name already"),
        ("d", "'server' needs ADDRESS:PORT after the name"),
        ("d/e 192.0.2.14:80", "the name 'd/e' may only have letters, digits,"),
        ("d 192.0.2.14:80000", "80000"),
        ("d app.example:80", "'app.example': must be an IP address or a Unix socket; names are"),
        ("d 192.0.2.14:80 wieght 3", "unknown server option 'wieght'; did you mean 'weight'?"),
        ("d 192.0.2.14:80 weight 257", "weight 257: must be 0 to 256"),
        ("d 192.0.2.14:80 weight", "'weight' needs a number"),
        ("d 192.0.2.14:80 cookie x", "'cookie' is known but not implemented; leave it out"),
        ("d 192.0.2.14:80 namespace x check", "'namespace' is known but not implemented"),
        ("d 192.0.2.14:80 id 2", "the id 2 is that of 'b'"),
        ("d 192.0.2.14:80 guid one", "the guid 'one' is another one's already"),
        ("d 192.0.2.14:80 track nobody", "track 'web/nobody': no server has this name"),
        ("d 192.0.2.14:80 track c", "track 'web/c': the server is neither checked nor asked"),
        ("d 192.0.2.14:+1 check", "it has no port of its own, so a check needs 'port N'"),
        ("d 192.0.2.14:80 ssl ca-file /nowhere", "ca-file '/nowhere': no such file"),
        ("d 192.0.2.14:80 observe layer4", "'observe' needs 'check'"),
    ])
    func `what cannot come is refused, and nothing has changed`(
        line: String, reason: String
    )
        throws
    {
        let complaint = try #require(self.complaint(line, model(file)))
        #expect(complaint.contains(reason), "\(complaint)")
        #expect(complaint.contains("did you mean") == reason.contains("did you mean"))
    }

    @Test(arguments: [
        ("balance roundrobin", true), ("balance leastconn", true), ("balance first", true),
        ("balance random", true), ("balance maglev", true), ("balance static-rr", false),
        ("balance source", false), ("balance source\nhash-type consistent", true),
        ("balance hash src", false), ("balance hash src\nhash-type consistent", true),
    ])
    func `an algorithm takes servers or does not, as in haproxy`(
        words: String, takes: Bool
    )
        throws
    {
        let model = try model(proxy(words))
        let complaint = self.complaint("d 192.0.2.14:80", model)
        #expect((complaint == nil) == takes)
        guard let complaint else { return }
        let remedy = words.contains("static") ? "'balance roundrobin'" : "'hash-type consistent'"
        #expect(complaint.contains("web is balanced by") && complaint.contains(remedy))
    }

    @Test
    func `a section of datagrams takes none of TLS or PROXY headers, and a check none at all`()
        throws
    {
        let model = try model(
            "defaults\ntimeout client 1m\ntimeout server 1m\nlisten dns\nmode udp\n"
                + "bind 192.0.2.1:53\nserver a 192.0.2.11:53\ncheck gate\ntarget 192.0.2.9:80\n")
        for (words, reason) in [
            ("ssl verify none", "DTLS is not spoken"), ("send-proxy", "sends no PROXY header"),
        ] {
            let complaint = self.complaint("b 192.0.2.12:53 \(words)", model)
            #expect(complaint?.contains(reason) == true, "\(complaint ?? "")")
        }
        #expect(complaint("b 192.0.2.12:53", model) == nil)
        #expect(
            complaint("b 192.0.2.12:53", model, pool: 1)
                == "gate is a check, which has one target")
        #expect(throws: ServerChangeError.self) {
            var model = model
            try model.removeServer(at: 0, ofBackendAt: 1, numberedBy: numbers)
        }
    }

    @Test(arguments: [
        ("server t 192.0.2.9:80 track web/x", "'track' of web/t"),
        ("use-server x if { src 192.0.2.7 }", "'use-server' of web"),
        ("tcp-request connection reject if { srv_is_up(web/x) }", "a rule of web"),
        ("tcp-request content reject if { srv_conn(web/x) gt 3 }", "a rule of web"),
        (
            "backend more\nserver t 192.0.2.9:80\nuse-server t if { srv_is_up(web/x) }",
            "a rule of more"
        ),
    ])
    func `what something names does not go`(line: String, user: String) throws {
        var model = try model(proxy("server x 192.0.2.12:80 check\n\(line)"))
        let former = model
        let error = try #require(throws: ServerChangeError.self) {
            try model.removeServer(at: 1, ofBackendAt: 0, numberedBy: numbers)
        }
        #expect(error.description == "\(user) names it, and has to go first")
        #expect(model == former)
        try model.removeServer(at: 0, ofBackendAt: 0, numberedBy: numbers)
        #expect(model.backends[0].servers.first?.name == "x")
    }

    @Test func `a file of certificates is read, and one that others have is not changed`() throws {
        let files = try TLSFiles()
        var model = try model(file)
        try add("d 192.0.2.14:80 ssl ca-file \(files.authority)", to: &model)
        #expect(model.authorities[files.authority]?.isEmpty == false)
        try add("e 192.0.2.14:80 ssl ca-file \(files.authority)", to: &model)
        try files.write("authority.pem", files.text("authority.pem") + "\n")
        let complaint = try #require(
            self.complaint("f 192.0.2.14:80 ssl ca-file \(files.authority)", model))
        #expect(complaint.hasSuffix("for other servers too: reload first"))
    }
}
