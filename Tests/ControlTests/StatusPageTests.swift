#if Program
import Control
import Testing

@Suite struct `Status page` {
    private func page(_ status: NodeStatus, refresh: Int? = nil) throws -> String {
        try StatusPage().render(status, path: "/stats", refreshInterval: refresh)
    }

    @Test func `shows the virtual routers before the proxies`() throws {
        let html = try page(sampleNode())
        let router = try #require(
            html.firstRange(of: "<h3>VI_1 <span class=\"state up\">MASTER</span>"))
        let proxy = try #require(html.firstRange(of: "<h2>http "))
        #expect(router.lowerBound < proxy.lowerBound)
        #expect(html.contains("<code>172.17.0.5/24</code>"))
        #expect(html.contains("<dd>103 (base 101)</dd>"))
        #expect(html.contains("chk_haproxy"))
        #expect(html.contains("Rejected: ttl"))
    }

    @Test func `a row's class is its state`() throws {
        let html = try page(sampleNode())
        #expect(html.contains("<tr class=\"goingDown\">"))
        #expect(html.contains("<tr class=\"unchecked\">"))
        #expect(html.contains("<tr class=\"up total\">"))
        #expect(html.contains("title=\"7,890,123 bytes\">7.8 MB</td>"))
        #expect(html.contains("title=\"Connection refused\">L4CON in 1 ms</td>"))
    }

    @Test func `how long connections took stands below their pool`() throws {
        var status = sampleNode()
        #expect(try !page(status).contains("of the connections"))
        let index = try #require(status.proxies.firstIndex { $0.backend != nil })
        var connecting = TimeDistribution(counts: [3, 1])
        (connecting.median, connecting.ninetyNinth) = (0, 1)
        var lasting = TimeDistribution(counts: [0, 0, 3, 1])
        (lasting.median, lasting.ninetyNinth) = (3, 2_047)
        status.proxies[index].backend?.connectTimes = connecting
        status.proxies[index].backend?.sessionTimes = lasting
        #expect(
            try page(status).contains(
                "<small>Half and 99 % of the connections were connected within 0 and 1 ms,"
                    + " lasted at most 3 and 2,047 ms</small>"))
    }

    @Test func `refers to nothing outside itself`() throws {
        let html = try page(sampleNode())
        #expect(!html.contains("http://"))
        #expect(!html.contains("https://"))
        #expect(!html.contains("<script"))
        #expect(html.contains("href=\"/stats;csv\""))
    }

    @Test func `asks to be loaded again only where configured`() throws {
        #expect(!(try page(sampleNode())).contains("http-equiv=\"refresh\""))
        #expect(
            try page(sampleNode(), refresh: 5).contains(
                "<meta http-equiv=\"refresh\" content=\"5\">"))
    }

    @Test func `a peer that is refused is there with the reason`() throws {
        var status = sampleNode()
        var peer = PeerStatus(address: "172.17.0.8", lastHeardAgo: 90, accepted: 0)
        peer.refused = ["password": 12]
        peer.refusal = "wrong password"
        status.virtualRouters[0].peers = [peer]
        let html = try page(status)
        #expect(
            html.contains(
                "<li><span class=\"state down\">172.17.0.8</span> <small>heard, refused: wrong password (0.0 s ago, accepted 0, refused 12: password 12)</small></li>"
            ))
    }

    @Test func `names, details and addresses cannot become markup`() throws {
        let evil = "\"\u{301}'><script>alert(1)</script>&"
        var status = sampleNode()
        status.node = evil
        status.program.version = evil
        status.balancer.lastExit = evil
        status.virtualRouters[0].name = evil
        status.virtualRouters[0].stateWord = evil
        status.virtualRouters[0].addresses = [evil]
        status.virtualRouters[0].counters.rejected = [evil: 1]
        status.virtualRouters[0].trackers[0].name = evil
        var peer = PeerStatus(address: evil, lastHeardAgo: 0, accepted: 0)
        peer.refusal = evil
        status.virtualRouters[0].peers = [peer]
        status.virtualRouters[0].trackers[0].detail = evil
        status.proxies[1].name = evil
        status.proxies[1].frontend?.addresses = [evil]
        status.proxies[1].backend?.algorithm = evil
        status.proxies[1].servers[0].name = evil
        status.proxies[1].servers[0].address = evil
        status.proxies[1].servers[0].status = evil
        status.proxies[1].servers[0].check?.detail = evil
        let html = try StatusPage().render(status, path: "/" + evil)
        #expect(!html.unicodeScalars.contains("\u{301}") || !html.contains("<script"))
        let scalars = Array(html.unicodeScalars)
        for index in scalars.indices where scalars[index] == "\u{301}" {
            #expect(scalars[index - 1] == ";", "the quotation mark before it must be an entity")
        }
        #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;"))
    }

    @Test func `a node without anything says so`() throws {
        let status = NodeStatus(
            node: "lb2", program: ProgramStatus(version: "0.1.0", processID: 7, uptime: 3),
            time: 0)
        #expect(try page(status).contains("Nothing is configured."))
    }
}
#endif
