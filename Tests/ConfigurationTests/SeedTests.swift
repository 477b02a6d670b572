import NodeConfiguration
import Testing
import VRRPCore

private let answered = """
    : note: vrrp_script 'chk_haproxy': 'killall -0 haproxy' is answered by this node's own \
    balancer; --literal-scripts runs it as written
    """

@Suite struct `The seed's files` {
    private static let command = ["killall", "-0", "haproxy"]

    /// What both files of one node come to, written out.
    private static func model(
        priority: UInt8, startsActive: Bool, script: TrackScript.Source
    ) throws -> Model {
        var router = VirtualRouterSettings(
            name: "VI_1", interface: "eth1", vrid: try #require(VRID(51)),
            priority: Priority(rawValue: priority))
        router.startsActive = startsActive
        router.advertisementInterval = AdvertisementInterval(.oneSecond, version: .v2)
        router.addresses = [VirtualAddress(address: IPv4Address(172, 17, 0, 5), prefixLength: 32)]
        router.trackedScripts = [TrackedScript(name: "chk_haproxy")]
        var check = TrackScript(name: "chk_haproxy", source: script)
        check.interval = .seconds(2)
        check.weight = 2
        var page = StatisticsPage(name: "stats")
        page.identity = SectionIdentity(position: 1)
        page.endpoints = [Endpoint(address: IPv4Address(10, 0, 0, 6), port: 80)]
        page.path = "/stats"
        page.realm = "HAProxy Statistics"
        page.users = [.init(name: "utilisateur", password: "motdepasse")]
        var model = Model()
        model.virtualRouters = [router]
        model.scripts = [check]
        model.statisticsPages = [page]
        model.frontends = [frontend("http", port: 80), frontend("https", port: 443)]
        model.backends = [
            backend("http", .source, port: 8080), backend("https", .roundrobin, port: 4443),
        ]
        return model
    }

    private static func frontend(_ name: String, port: UInt16) -> Frontend {
        var frontend = Frontend(name: name, backendName: name)
        frontend.identity = SectionIdentity(position: name == "http" ? 2 : 3)
        frontend.endpoints = [Endpoint(address: IPv4Address(172, 17, 0, 5), port: port)]
        frontend.connectionLimit = 10_000
        frontend.clientTimeout = .seconds(60)
        frontend.omitsEmptyConnectionsFromLog = true
        frontend.log.usesGlobalTargets = true
        return frontend
    }

    private static func backend(
        _ name: String, _ algorithm: BalanceAlgorithm, port: UInt16
    ) -> Backend {
        var backend = Backend(name: name)
        backend.identity = SectionIdentity(position: name == "http" ? 2 : 3)
        backend.algorithm = algorithm
        backend.connectTimeout = .seconds(5)
        backend.serverTimeout = .seconds(60)
        backend.retries = 3
        backend.redispatches = true
        backend.servers = [("web01", UInt8(6)), ("web02", 7)].map { name, host in
            var server = Server(name: name, address: IPv4Address(10, 0, 0, host), port: port)
            server.connectionLimit = 5_000
            server.check = CheckSettings()
            return server
        }
        return backend
    }

    @Test func `both files of the first node say one thing: who answers the script`() throws {
        let loaded = ConfigurationLoader().load([
            try Fixture.keepalivedMaster.file, try Fixture.haproxy.file,
        ])
        #expect(loaded.diagnostics.map(\.description) == ["keepalived-master.conf:1:13" + answered])
        #expect(
            loaded.model
                == (try Self.model(
                    priority: 101, startsActive: true,
                    script: .ownBalancer(replacing: Self.command))))
    }

    @Test func `both files of the second node, the balancer's first`() throws {
        let loaded = ConfigurationLoader().load([
            try Fixture.haproxy.file, try Fixture.keepalivedBackup.file,
        ])
        #expect(loaded.diagnostics.map(\.description) == ["keepalived-backup.conf:1:13" + answered])
        #expect(
            loaded.model
                == (try Self.model(
                    priority: 100, startsActive: false,
                    script: .ownBalancer(replacing: Self.command))))
    }

    @Test func `no-break spaces in place of all spaces change nothing`() throws {
        for fixture in Fixture.allCases {
            #expect(
                ConfigurationLoader().load([try fixture.withNoBreakSpaces])
                    == ConfigurationLoader().load([try fixture.file]))
        }
    }

    @Test func `a byte order mark and CRLF change nothing`() throws {
        for fixture in Fixture.allCases {
            let file = try fixture.file
            var bytes: [UInt8] = [0xEF, 0xBB, 0xBF]
            for byte in file.bytes { bytes += byte == 0x0A ? [0x0D, 0x0A] : [byte] }
            #expect(
                ConfigurationLoader().load([InputFile(name: file.name, bytes: bytes)])
                    == ConfigurationLoader().load([file]))
        }
    }

    @Test func `literal scripts stay as written`() throws {
        let loaded = ConfigurationLoader(literalScripts: true).load([
            try Fixture.keepalivedMaster.file, try Fixture.haproxy.file,
        ])
        #expect(loaded.diagnostics.isEmpty)
        #expect(loaded.model?.scripts.map(\.source) == [.command(Self.command)])
    }

    @Test func `without a haproxy file the script is run as written`() throws {
        let loaded = ConfigurationLoader().load([try Fixture.keepalivedMaster.file])
        #expect(loaded.diagnostics.isEmpty)
        #expect(loaded.model?.scripts.map(\.source) == [.command(Self.command)])
    }

    @Test func `a model survives the way to another process`() throws {
        let loaded = ConfigurationLoader().load([
            try Fixture.keepalivedMaster.file, try Fixture.haproxy.file,
        ])
        let model = try #require(loaded.model)
        #expect(try Model(decoding: try model.encoded()) == model)
        #expect(throws: ModelCodingError.self) { try Model(decoding: Array("{}".utf8)) }
    }

    /// The copies here and the seed that the project was given, where that lies beside it.
    @Test func `the fixtures are the seed's files`() throws {
        let root = "/" + "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
        for fixture in Fixture.allCases {
            guard let seed = try? InputFile(reading: "\(root)/../shared/seed/\(fixture.rawValue)")
            else { return }
            #expect(try fixture.file.bytes == seed.bytes)
            let loaded = ConfigurationLoader().load([seed])
            #expect(loaded.diagnostics.isEmpty)
        }
    }
}

@Suite struct `Scripts that ask for haproxy` {
    @Test(arguments: [
        "killall -0 haproxy", "/usr/bin/killall -0 haproxy", "pidof haproxy", "/bin/pidof haproxy",
        "pgrep haproxy", "pgrep -x haproxy",
    ])
    func `are answered by the balancer`(command: String) throws {
        #expect(try source(of: command) == .ownBalancer(replacing: words(command)))
    }

    @Test(arguments: [
        "killall haproxy", "killall -0 nginx", "pidof -s haproxy", "pgrep -x nginx", "haproxy",
        "pidof haproxy nginx",
    ])
    func `no other command is`(command: String) throws {
        #expect(try source(of: command) == .command(words(command)))
    }

    private func words(_ command: String) -> [String] {
        command.split(separator: " ").map(String.init)
    }

    private func source(of command: String) throws -> TrackScript.Source? {
        let script = "vrrp_script s {\n script \"\(command)\"\n}\n"
        let loaded = ConfigurationLoader().load([
            InputFile(name: "k", bytes: Array(script.utf8)), try Fixture.haproxy.file,
        ])
        return loaded.model?.scripts.first?.source
    }
}
