import Testing

@testable import Control

@Suite struct `A request's target` {
    @Test(arguments: [
        ("/stats", StatisticsForm.page(refreshes: true)), ("/stats;csv", .csv),
        ("/stats;json", .json), ("/stats;metrics", .metrics), ("/stats;csv;norefresh", .csv),
        ("/stats;norefresh", .page(refreshes: false)), ("/stats;up", .page(refreshes: true)),
        ("/stats?x=;csv", .page(refreshes: true)), ("/statsx", nil), ("/stat", nil), ("/", nil),
        ("", nil), ("/STATS", nil), ("/x/stats", nil), ("/stats/", nil),
    ])
    func `is the page, another form of it, or not the page's`(
        target: String, form: StatisticsForm?
    ) {
        #expect(StatisticsForm(target: target, path: "/stats") == form)
    }

    @Test func `may have a query in the page's own path, as haproxy's default has`() {
        let path = "/haproxy?stats"
        #expect(StatisticsForm(target: "/haproxy?stats;csv", path: path) == .csv)
        #expect(StatisticsForm(target: "/haproxy?stats", path: path) == .page(refreshes: true))
        #expect(StatisticsForm(target: "/haproxy", path: path) == nil)
    }
}
