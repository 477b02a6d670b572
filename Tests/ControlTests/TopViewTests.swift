import Testing

@testable import Control

@Suite struct `A node as a screen` {
    private let size = TopView.Size(columns: 96, rows: 14)

    /// Two looks, two seconds apart.
    private func looks() -> (before: NodeStatus, now: NodeStatus) {
        let before = sampleNode()
        var now = before
        now.time += 2
        now.program.uptime += 2
        now.proxies[1].frontend?.traffic.sessionsTotal += 61
        now.proxies[1].frontend?.traffic.bytesIn += 3_000
        now.proxies[1].frontend?.traffic.bytesOut += 5_000_000
        now.proxies[1].servers[0].traffic.sessionsTotal += 1
        now.proxies[1].servers[0].service.connectErrors += 20
        now.proxies[1].servers[1].traffic.bytesOut += 900
        now.proxies[0].frontend?.traffic.sessionsTotal += 200
        return (before, now)
    }

    private func screen(
        _ view: inout TopView, _ size: TopView.Size? = nil, colored: Bool = false
    ) -> [String] {
        let (before, now) = looks()
        return view.render(
            now, since: before, interval: .seconds(2), size: size ?? self.size, colored: colored)
    }

    @Test func `what happens in a second stands beside what is, the busiest first`() {
        var view = TopView()
        #expect(
            screen(&view) == [
                "lb1: up 1d 2h, balancer running, 2026-03-01 12:34:58 UTC",
                "7 sessions, 131 new/s, in 1.5 kB/s, out 2.5 MB/s",
                "",
                "VIRTUAL ROUTER  STATE   SINCE  PRIORITY        VRID  INTERFACE  ADDRESSES",
                "VI_1            MASTER  1m 2s  103 (base 101)    51  eth1       172.17.0.5/24",
                "",
                "PROXY  SERVER    STATE     SESSIONS  MAX  QUEUE  NEW/S    IN/S   OUT/S  ERRORS  ERR/S",
                "http   FRONTEND  OPEN       7/10000    9      -     31  1.5 kB  2.5 MB       1      0",
                "http   web02     no check         0    0      0      0     0 B   450 B       0      0",
                "http   web01     UP 2/3      4/5000    0      1    0.5     0 B     0 B      31     10",
                "http   BACKEND   UP               0    0      2      0     0 B     0 B       0      0",
                "stats  FRONTEND  OPEN             0    0      -    100     0 B     0 B       0      0",
                "",
                "q quit  s sort (traffic)  up down PgUp PgDn Home End scroll",
            ])
    }

    @Test func `of one look alone no rate is known`() {
        var view = TopView()
        let lines = view.render(sampleNode(), since: nil, interval: .zero, size: size)
        #expect(lines[1] == "7 sessions")
        #expect(
            lines[8]
                == "http   FRONTEND  OPEN       7/10000    9      -      -     -      -       1      -"
        )
    }

    @Test func `it is sorted by what is wanted`() {
        func first(_ order: TopView.Order) -> [String] {
            var view = TopView()
            view.order = order
            return screen(&view)[7...11].map { line in
                line.split(separator: " ").prefix(2).joined(separator: "/")
            }
        }
        #expect(
            first(.traffic) == [
                "http/FRONTEND", "http/web02", "http/web01", "http/BACKEND", "stats/FRONTEND",
            ])
        #expect(
            first(.rate) == [
                "stats/FRONTEND", "http/FRONTEND", "http/web01", "http/web02", "http/BACKEND",
            ])
        #expect(
            first(.sessions) == [
                "http/FRONTEND", "http/web01", "http/web02", "http/BACKEND", "stats/FRONTEND",
            ])
        #expect(first(.errors) == first(.sessions))
        #expect(first(.file).first == "stats/FRONTEND")
        #expect(TopView.Order.file.next == .traffic)
    }

    @Test func `a small screen scrolls to the end and no further, under the headings`() {
        var view = TopView()
        let small = TopView.Size(columns: 40, rows: 8)
        let top = screen(&view, small)
        #expect(top.count == 8)
        #expect(top.allSatisfy { $0.count <= 40 })
        #expect(top[3].hasPrefix("VIRTUAL ROUTER"))
        view.offset = .max
        let end = screen(&view, small)
        #expect(view.offset == 5)
        #expect(end[3].hasPrefix("PROXY  SERVER"))
        #expect(end[6].hasPrefix("stats  FRONTEND"))
        view.offset = -3
        #expect(screen(&view, small) == top)
        #expect(view.offset == 0)
        for rows in 0...4 {
            #expect(screen(&view, TopView.Size(columns: 0, rows: rows)).count == rows)
        }
    }

    @Test func `a long name is shortened before what is known of it is cut off`() {
        var view = TopView()
        var (before, now) = looks()
        now.proxies[1].servers[0].name = String(repeating: "web-in-rack-12.", count: 5)
        before.proxies = now.proxies
        let lines = view.render(
            now, since: before, interval: .seconds(1), size: TopView.Size(columns: 50, rows: 16))
        #expect(lines.contains("http   web-in-rack-1…  UP 2/3      4/5000    0    "))
        let wide = view.render(
            now, since: before, interval: .seconds(1), size: TopView.Size(columns: 160, rows: 16))
        #expect(wide.contains { $0.contains("12.web-in-rack-12.  UP 2/3") })
    }

    @Test func `colours and names do not change where anything stands`() {
        var view = TopView()
        let plain = screen(&view)
        let colored = screen(&view, colored: true)
        #expect(colored != plain)
        #expect(
            colored.map { $0.replacing(/\u{1B}\[[0-9]*m/, with: "") } == plain)
        var (before, now) = looks()
        now.node = "a\u{1B}[2J"
        now.proxies[1].name = "b\u{1B}[2J"
        before.proxies = []
        view.complaint = "c\u{1B}[2J"
        let lines = view.render(now, since: before, interval: .zero, size: size)
        #expect(!lines.joined().contains("\u{1B}"))
        #expect(lines[2] == "c�[2J")
    }

    @Test func `counters that began anew have no rate below nothing`() {
        var (before, now) = looks()
        now.proxies[1].frontend?.traffic.sessionsTotal = 0
        before.proxies[1].frontend?.traffic.bytesIn = .max
        now.proxies[1].frontend?.traffic.bytesOut = .max
        var view = TopView()
        let lines = view.render(now, since: before, interval: .nanoseconds(1), size: size)
        #expect(lines[1].contains(" in 0 B/s, out 9000 PB/s"), "\(lines[1])")
    }
}
