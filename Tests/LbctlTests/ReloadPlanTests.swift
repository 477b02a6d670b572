#if Program
import Failover
import NodeConfiguration
import Testing

@testable import lbctl

@Suite struct `What a reload is said to change` {
    private func model(_ text: String) throws -> Model {
        let loaded = ConfigurationLoader().load([
            InputFile(name: "f", bytes: Array("defaults\n timeout connect 1s\n\(text)".utf8))
        ])
        return try #require(loaded.model, "\(loaded.diagnostics)")
    }

    private func summary(_ old: String, _ new: String) throws -> String {
        let plan = ReloadPlan(from: try model(old), to: try model(new))
        return ReloadSummary([], plan.steps).description
    }

    private static let web = "listen web 127.0.0.1:80\n server a 127.0.0.1:1\n"

    private static let cases: [(new: String, told: String)] = [
        (web, "nothing changed"),
        ("\(web) server b 127.0.0.1:2\n", "added: server web/b"),
        ("listen web 127.0.0.1:80\n", "removed: server web/a"),
        (web.replacing("127.0.0.1:1", with: "127.0.0.1:9"), "changed: server web/a"),
        ("\(web) bind 127.0.0.1:81\n", "added: listener web/127.0.0.1:81"),
        (web.replacing(":80\n", with: ":80 maxconn 7\n"), "changed: listener web/127.0.0.1:80"),
        ("\(web) timeout client 1s\n", "changed: frontend web"),
        ("\(web) timeout server 1s\n", "changed: backend web"),
        ("\(web) maxconn 7\n balance leastconn\n", "changed: listen web"),
        (
            web.replacing("listen web", with: "listen other"),
            "added: listen other; removed: listen web"
        ),
        // A section that comes before another one is no change of that.
        ("listen first 127.0.0.1:79\n\(web)", "added: listen first"),
        ("global\n maxconn 7\n\(web)", "changed: global settings"),
        ("global\n hard-stop-after 7s\n\(web)", "changed: hard-stop-after"),
        (
            "backend t\n stick-table type ip size 9\n\(web)",
            "added: backend t, table t"
        ),
    ]

    @Test(arguments: cases)
    func `what differs is told by name`(new: String, told: String) throws {
        #expect(try summary(Self.web, new) == "configuration in force; \(told)")
    }

    @Test func `no change is silent, and no number of them makes a long line`() throws {
        let first = Self.web + "listen more 127.0.0.1:82\n"
        let second = "listen more 127.0.0.1:82\n" + Self.web
        #expect(
            try summary(first, second)
                == "configuration in force; changed: order of sections and servers")
        let many = (1...42).map { " server s\($0) 127.0.0.1:\($0)\n" }.joined()
        #expect(
            try summary(Self.web, Self.web + many)
                == "configuration in force; added: server web/s1, server web/s2, server web/s3, server"
                + " web/s4, server web/s5 and 37 more")
        let long = String(repeating: "x", count: 900)
        let line = try summary(Self.web, Self.web + " server \(long) 127.0.0.1:2\n")
        #expect(line == "configuration in force; added: server web/" + long.prefix(89))
    }

    @Test func `two listeners on one address are told apart by their interfaces`() throws {
        let both =
            Self.web.replacing(":80\n", with: ":80 interface lo\n")
            + " bind 127.0.0.1:80 interface eth9\n"
        let fewer = Self.web.replacing(":80\n", with: ":80 interface lo\n")
        #expect(
            try summary(both, fewer)
                == "configuration in force; removed: listener web/127.0.0.1:80 on eth9")
    }

    @Test func `what the election changes comes first`() throws {
        func election(_ priority: Int) throws -> FailoverConfiguration {
            let text = """
                vrrp_instance V {
                    interface lo
                    virtual_router_id 1
                    priority \(priority)
                    virtual_ipaddress { 192.0.2.1 }
                }

                """
            let file = InputFile(name: "k", bytes: Array(text.utf8))
            let loaded = ConfigurationLoader().load([file])
            return FailoverConfiguration(try #require(loaded.model))
        }
        let plan = ReloadPlan(from: try model(""), to: try model(Self.web))
        let steps = FailoverPlan(starting: try election(100)).steps
        #expect(
            ReloadSummary(steps, plan.steps).description
                == "configuration in force; added: virtual router V, listen web")
    }
}
#endif
