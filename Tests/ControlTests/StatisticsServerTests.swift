#if Program
import Control
import Glibc
import NIOCore
import Synchronization
import Testing

@Suite struct `Statistics server` {
    private func site(
        _ socket: BoundSocket, users: [StatisticsSite.User] = [utilisateur]
    )
        -> StatisticsSite
    {
        StatisticsSite(
            name: "stats", path: "/stats", realm: "HAProxy \"Statistics\"\r\n", users: users,
            descriptors: [socket.descriptor])
    }

    private func ask(
        _ socket: BoundSocket, _ target: String, method: String = "GET",
        headers: String = "Authorization: Basic dXRpbGlzYXRldXI6bW90ZGVwYXNzZQ==\r\n"
    ) async throws -> String {
        let port = socket.port
        return try await blocking {
            let client = try Client(port: port)
            client.send(
                "\(method) \(target) HTTP/1.1\r\nHost: lb\r\n\(headers)Connection: close\r\n\r\n"
            )
            return try #require(client.readToEnd())
        }
    }

    @Test func `gives the page to who has the password`() async throws {
        let socket = try BoundSocket()
        try await serving(site(socket)) {
            let answer = try await ask(socket, "/stats")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("Content-Type: text/html; charset=utf-8\r\n"))
            #expect(answer.contains("Content-Security-Policy: default-src 'none'"))
            #expect(answer.contains("Cache-Control: no-store\r\n"))
            #expect(answer.contains("VI_1"))
            #expect(answer.hasSuffix("</html>\n"))
        }
    }

    @Test(arguments: [
        "", "Authorization: Basic dXRpbGlzYXRldXI6ZmF1eA==\r\n", "Authorization: Basic ?\r\n",
    ])
    func `asks who has none, or a wrong one, for a password`(headers: String) async throws {
        let socket = try BoundSocket()
        try await serving(site(socket)) {
            for target in ["/stats", "/stats;csv", "/stats;json", "/stats;metrics"] {
                let answer = try await ask(socket, target, headers: headers)
                #expect(answer.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
                #expect(
                    answer.contains(
                        "WWW-Authenticate: Basic realm=\"HAProxy \\\"Statistics\\\"\", charset=\"UTF-8\"\r\n"
                    ))
                #expect(!answer.contains("VI_1") && !answer.contains("pxname"))
            }
        }
    }

    @Test func `who may not connect gets nothing, and is counted`() async throws {
        let socket = try BoundSocket()
        let port = socket.port
        let count = Atomic(0)
        try await serving(
            site(socket),
            admits: { site, client, server in
                #expect(site.name == "stats" && client.ipAddress == "127.0.0.1")
                #expect(server.port == port)
                return count.add(1, ordering: .relaxed).newValue > 1
            }
        ) {
            try await #expect(ask(socket, "/stats") == "")
            let csv = try await ask(socket, "/stats;csv")
            let row = try #require(csv.split(separator: "\n").first { $0.hasPrefix("stats,") })
            let fields = row.split(separator: ",", omittingEmptySubsequences: false)
            #expect(fields[7] == "1")
            // dcon.
            #expect(fields[81] == "1")
        }
    }

    @Test func `gives CSV and JSON under the page's path`() async throws {
        let socket = try BoundSocket()
        try await serving(site(socket)) {
            let csv = try await ask(socket, "/stats;csv")
            #expect(csv.contains("\r\n\r\n# pxname,svname,"))
            #expect(csv.contains("\nhttp,web01,1,8,4,"))
            let json = try await ask(socket, "/stats;json")
            #expect(json.contains("Content-Type: application/json\r\n"))
            #expect(json.contains("\r\n\r\n{\"balancer\":"))
        }
    }

    @Test
    func `gives metrics to everybody at paths of their own, and by password under the page's`()
        async throws
    {
        let socket = try BoundSocket()
        var site = site(socket)
        site.metricsPaths = ["/metrics"]
        let open = site
        try await serving(open) {
            for (target, headers) in [("/metrics", ""), ("/metrics?scope=server", "")] {
                let answer = try await ask(socket, target, headers: headers)
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(
                    answer.contains(
                        "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
                #expect(answer.contains("\nhaproxy_frontend_sessions_total{proxy=\"http\"} 1000\n"))
            }
            let answer = try await ask(socket, "/stats;metrics")
            #expect(answer.contains("\nhaproxy_frontend_sessions_total{proxy=\"http\"} 1000\n"))
            for target in ["/metrics/", "/metricsx", "/METRICS", "/"] {
                try await #expect(ask(socket, target, headers: "").hasPrefix("HTTP/1.1 404 "))
            }
            try await #expect(
                ask(socket, "/metrics", method: "POST", headers: "").hasPrefix("HTTP/1.1 405 "))
        }
        site.path = nil
        let alone = site
        try await serving(alone) {
            try await #expect(ask(socket, "/metrics").hasPrefix("HTTP/1.1 200 "))
            try await #expect(ask(socket, "/stats").hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test func `says whether the node serves to everybody, at one path`() async throws {
        let socket = try BoundSocket()
        var site = site(socket)
        site.monitor = Monitor(path: "/up")
        let ready = site
        try await serving(ready) {
            let answer = try await ask(socket, "/up", headers: "")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("<h1>200 OK</h1>\nService ready.\n</body></html>\n"))
            #expect(try await ask(socket, "/upx", headers: "").hasPrefix("HTTP/1.1 404 "))
            #expect(try await ask(socket, "/stats", headers: "").hasPrefix("HTTP/1.1 401 "))
        }
        let usable = try #require(sampleNode().proxies.last?.backend?.usableServers)
        func failure(_ pool: String, _ counts: ClosedRange<Int>) -> Monitor.Failure {
            .init(alternatives: [[.init(questions: [.pool(pool, .usableServers, [counts])])]])
        }
        for (failures, status) in [
            ([failure("http", -1...(usable - 1))], 200), ([failure("http", usable...usable)], 503),
            // Of a pool that is not known none is usable.
            ([failure("nix", 0...0)], 503),
            ([failure("http", -1...(usable - 1)), failure("nix", 1...1)], 200),
        ] {
            site.monitor?.failures = failures
            let asking = site
            try await serving(asking) {
                let answer = try await ask(socket, "/up", headers: "")
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(failures)")
            }
        }
    }

    @Test func `its own connections stand in its own row`() async throws {
        let socket = try BoundSocket()
        try await serving(site(socket)) {
            _ = try await ask(socket, "/stats")
            let csv = try await ask(socket, "/stats;csv")
            let row = try #require(csv.split(separator: "\n").first { $0.hasPrefix("stats,") })
            let fields = row.split(separator: ",", omittingEmptySubsequences: false)
            // The first one's end may be counted a moment after its client saw it.
            #expect(["1", "2"].contains(fields[4]))
            #expect(fields[7] == "2")
            #expect((Int(fields[8]) ?? 0) > 200)
            #expect((Int(fields[9]) ?? 0) > 5_000)
        }
    }

    @Test func `other paths are not found, other methods not allowed, HEAD has no body`()
        async throws
    {
        let socket = try BoundSocket()
        try await serving(site(socket)) {
            try await #expect(ask(socket, "/").hasPrefix("HTTP/1.1 404 Not Found\r\n"))
            try await #expect(ask(socket, "/statsx").hasPrefix("HTTP/1.1 404 "))
            let post = try await ask(socket, "/stats", method: "DELETE")
            #expect(post.hasPrefix("HTTP/1.1 405 Method Not Allowed\r\n"))
            #expect(post.contains("Allow: GET, HEAD\r\n"))
            let head = try await ask(socket, "/stats", method: "HEAD")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(head.contains("Content-Length: "))
            #expect(head.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `without users everybody may look`() async throws {
        let socket = try BoundSocket()
        try await serving(site(socket, users: [])) {
            try await #expect(ask(socket, "/stats", headers: "").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `a client that says nothing, or a byte now and then, is not kept`() async throws {
        let socket = try BoundSocket()
        var limits = StatisticsServer.Limits()
        limits.requestTime = .milliseconds(300)
        try await serving(site(socket), limits: limits) {
            let port = socket.port
            let took = try await blocking {
                let silent = try Client(port: port)
                let slow = try Client(port: port)
                let begin = ContinuousClock.now
                for byte in "GET /st" {
                    slow.send(String(byte))
                    usleep(50_000)
                }
                #expect(silent.readToEnd() == "")
                #expect(slow.readToEnd() == "")
                return begin.duration(to: .now)
            }
            #expect(took >= .milliseconds(250) && took < .seconds(3))
        }
    }

    @Test func `a request that is longer than the limit is cut off`() async throws {
        let socket = try BoundSocket()
        var limits = StatisticsServer.Limits()
        limits.requestBytes = 1_000
        try await serving(site(socket, users: []), limits: limits) {
            let fits = String(repeating: "x", count: 900)
            try await #expect(
                ask(socket, "/stats", headers: "X: \(fits)\r\n").hasPrefix("HTTP/1.1 200 "))
            let exceeds = String(repeating: "x", count: 1_000)
            try await #expect(ask(socket, "/stats", headers: "X: \(exceeds)\r\n") == "")
        }
    }

    @Test func `ending while clients arrive is not fatal`() async throws {
        let socket = try BoundSocket()
        for _ in 0..<20 {
            try await serving(site(socket)) {
                let port = socket.port
                try await blocking {
                    for _ in 0..<20 {
                        try Client(port: port).send("GET /stats HTTP/1.1\r\n\r\n")
                    }
                }
            }
        }
    }

    @Test func `further connections than the limit are closed, and there is room again after`()
        async throws
    {
        let socket = try BoundSocket()
        var limits = StatisticsServer.Limits()
        limits.connections = 2
        try await serving(site(socket), limits: limits) {
            let port = socket.port
            try await blocking {
                let holding = [try Client(port: port), try Client(port: port)]
                for client in holding {
                    client.send("GET / HTTP/1.1\r\nHost: lb\r\n\r\n")
                    #expect(client.readSome().hasPrefix("HTTP/1.1 404 "))
                }
                #expect(try Client(port: port).readToEnd() == "")
                withExtendedLifetime(holding) {}
            }
            try await Task.sleep(for: .milliseconds(200))
            try await #expect(ask(socket, "/stats").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `the socket stays with its owner, and can be served again`() async throws {
        let socket = try BoundSocket()
        for _ in 0..<2 {
            try await serving(site(socket)) {
                try await #expect(ask(socket, "/stats").hasPrefix("HTTP/1.1 200 "))
            }
        }
        #expect(fcntl(socket.descriptor, F_GETFD) >= 0)
    }

    @Test func `a descriptor that is no socket is not fatal`() async throws {
        let socket = try BoundSocket()
        var broken = site(socket)
        broken.descriptors = [-1, 0x7FFF, socket.descriptor]
        try await serving(broken) {
            try await #expect(ask(socket, "/stats").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `a status that takes long to put together holds up no tasks`() async throws {
        let socket = try BoundSocket()
        let slow: @Sendable () -> NodeStatus = {
            usleep(100_000)
            return sampleNode()
        }
        try await serving(site(socket), status: slow) {
            try await withThrowingTaskGroup(of: Void.self) { clients in
                // More than there are threads for tasks.
                for _ in 0..<16 {
                    clients.addTask {
                        try await #expect(ask(socket, "/stats;csv").hasPrefix("HTTP/1.1 200 "))
                    }
                }
                let began = ContinuousClock.now
                try await Task.sleep(for: .milliseconds(200))
                for _ in 0..<20 { await Task {}.value }
                #expect(ContinuousClock.now - began < .milliseconds(600))
                try await clients.waitForAll()
            }
        }
    }
}

private let utilisateur = StatisticsSite.User(name: "utilisateur", password: "motdepasse")
#endif
