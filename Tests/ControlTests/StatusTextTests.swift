import Testing

@testable import Control

@Suite struct `Status as text` {
    @Test func `columns are aligned and everything is there`() {
        #expect(
            StatusText.render(sampleNode()) == """
                lb1: lbctl 0.1.0, process 41, up 1d 2h
                balancer: running, process 42, up 10m 0s, restarted once

                VIRTUAL ROUTER  STATE   SINCE  PRIORITY        VRID  INTERFACE  ADDRESSES
                VI_1            MASTER  1m 0s  103 (base 101)    51  eth1       172.17.0.5/24
                  VI_1: sent 1234, received 5, refused: ttl 3
                  VI_1 tracks chk_haproxy: good, weight 2: the balancer serves

                PROXY  SERVER    STATE     CHECK       WEIGHT  SESSIONS  TOTAL  QUEUE      IN     OUT  ERRORS
                stats  FRONTEND  OPEN      -                -         0      0      -     0 B     0 B       0
                http   FRONTEND  OPEN      -                -   7/10000   1000      -  123 kB  7.8 MB       1
                http   web01     UP 2/3    L4CON 1 ms       1    4/5000    600      1     0 B     0 B      11
                http   web02     no check  -                1         0      0      0     0 B     0 B       0
                http   BACKEND   UP        -                -         0    998      2     0 B     0 B       0

                """)
    }

    @Test func `what a section is described as stands below the table`() {
        var status = sampleNode()
        status.proxies[1].description = "the shop\u{1B}[2J"
        let text = StatusText.render(status)
        #expect(text.contains("\n  http: the shop�[2J\n"), "\(text)")
    }

    @Test func `every peer heard has a line, with the reason where it is refused`() {
        var status = sampleNode()
        var follower = PeerStatus(address: "172.17.0.7", lastHeardAgo: 1_250, accepted: 152)
        follower.advertisement = PeerStatus.Advertisement(
            priority: 100, version: 2, interval: 1_000)
        follower.mismatches = ["lists 10.9.0.1, this router 10.9.0.2"]
        var stranger = PeerStatus(address: "172.17.0.8\u{1B}[2J", lastHeardAgo: 90, accepted: 0)
        stranger.refused = ["password": 12, "hop-limit": 1]
        stranger.refusal = "wrong password"
        status.virtualRouters[0].peers = [follower, stranger]
        let text = StatusText.render(status)
        #expect(
            text.contains(
                "\n  VI_1: peer 172.17.0.7 priority 100, version 2, every 1000 ms, 1.2 s ago, accepted 152, refused 0; lists 10.9.0.1, this router 10.9.0.2\n"
            ), "\(text)")
        #expect(
            text.contains(
                "\n  VI_1: peer 172.17.0.8�[2J heard, refused: wrong password (0.0 s ago, accepted 0, refused 13: hop-limit 1, password 12)\n"
            ), "\(text)")
    }

    @Test func `what the elections share has lines only where there is something`() {
        var status = sampleNode()
        status.election = ElectionStatus()
        #expect(StatusText.render(status) == StatusText.render(sampleNode()))
        status.election?.strays = ["unknown-vrid": 3, "malformed": 1]
        status.election?.stalls = 2
        status.election?.longestLag = 250_999
        status.election?.lastStall = ElectionStatus.Stall(length: 12_345, ago: 65_000)
        status.election?.lostMails = 4
        let text = StatusText.render(status)
        #expect(
            text.contains(
                """
                  VRRP packets for no virtual router here: malformed 1, unknown-vrid 3
                  woken late 2 times, 250.9 ms at most, last 12.3 ms 1m 5s ago
                  mails not sent: 4

                """), "\(text)")
    }

    @Test func `a tracker of somebody else says whose it is`() {
        var status = sampleNode()
        status.virtualRouters[0].trackers[0].owner = "VI_2"
        #expect(StatusText.render(status).contains("VI_1 tracks chk_haproxy of VI_2: good"))
        status.virtualRouters[0].trackers[0].runTime = 12
        #expect(
            StatusText.render(status).contains(
                "VI_1 tracks chk_haproxy of VI_2: good in 12 ms, weight 2: the balancer serves\n"))
    }

    @Test func `what a check learned of role and certificate stands beside its result`() {
        var status = sampleNode()
        status.proxies[1].servers[0].check?.role = "replica"
        status.proxies[1].servers[0].check?.certificateDaysLeft = -3
        #expect(
            StatusText.render(status).contains("L4CON 1 ms, replica, certificate -3 d"),
            "\(StatusText.render(status))")
        #expect(String(decoding: status.json(), as: UTF8.self).contains(#""certificate_days":-3"#))
    }

    @Test func `colour is there only when asked for, and only in states`() {
        #expect(!StatusText.render(sampleNode()).contains("\u{1B}"))
        let colored = StatusText.render(sampleNode(), colored: true)
        #expect(colored.contains("\u{1B}[32mMASTER\u{1B}[0m  1m 0s"))
        #expect(colored.contains("\u{1B}[33mUP 2/3\u{1B}[0m    L4CON"))
    }

    @Test func `a name cannot move the cursor`() {
        var status = sampleNode()
        status.node = "lb1\u{1B}[2J"
        status.proxies[1].servers[0].name = "web\u{1B}]0;x\u{7}"
        #expect(!StatusText.render(status).contains("\u{1B}"))
        #expect(!StatusText.render(status).contains("\u{7}"))
    }

    @Test func `a node that does nothing says who it is`() {
        let status = NodeStatus(
            node: "lb2", program: ProgramStatus(version: "0.1.0", processID: 7, uptime: 3), time: 0)
        #expect(StatusText.render(status) == "lb2: lbctl 0.1.0, process 7, up 3s\n")
    }

    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (9_999, "9.9 kB"), (10_000, "10 kB"),
        (999_999, "999 kB"), (1_000_000, "1.0 MB"), (1_234_567_890, "1.2 GB"),
        (Int.max, "9223 PB"), (-1, "0 B"),
    ])
    func `bytes are short`(count: Int, text: String) {
        #expect(Readable.bytes(count) == text)
    }

    @Test(arguments: [
        (0, "1970-01-01 00:00:00"), (951_782_399, "2000-02-28 23:59:59"),
        (951_782_400, "2000-02-29 00:00:00"), (951_868_800, "2000-03-01 00:00:00"),
        (1_772_368_496, "2026-03-01 12:34:56"), (4_107_542_400, "2100-03-01 00:00:00"),
    ])
    func `a moment is a date`(seconds: Int, text: String) {
        #expect(Readable.date(secondsSince1970: seconds) == text)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")])
    func `digits stand in threes`(number: Int, text: String) {
        #expect(Readable.count(number) == text)
    }
}
