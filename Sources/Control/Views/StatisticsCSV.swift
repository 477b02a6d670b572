/// The node's counters as comma-separated values, column for column as haproxy gives them.
///
/// Scripts read haproxy's columns by position, so all of them stand here, empty where they do not
/// apply to a TCP balancer. haproxy 3.x management guide, section 9.1.
public enum StatisticsCSV {
    /// The names of the columns, in haproxy's order.
    public static let columns: [String] =
        """
        pxname svname qcur qmax scur smax slim stot bin bout dreq dresp ereq econ eresp wretr \
        wredis status weight act bck chkfail chkdown lastchg downtime qlimit pid iid sid throttle \
        lbtot tracked type rate rate_lim rate_max check_status check_code check_duration hrsp_1xx \
        hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other hanafail req_rate req_rate_max req_tot \
        cli_abrt srv_abrt comp_in comp_out comp_byp comp_rsp lastsess last_chk last_agt qtime \
        ctime rtime ttime agent_status agent_code agent_duration check_desc agent_desc check_rise \
        check_fall check_health agent_rise agent_fall agent_health addr cookie mode algo conn_rate \
        conn_rate_max conn_tot intercepted dcon dses wrew connect reuse cache_lookups cache_hits \
        srv_icur src_ilim qtime_max ctime_max rtime_max ttime_max eint idle_conn_cur \
        safe_conn_cur used_conn_cur need_conn_est uweight agg_server_status \
        agg_server_check_status agg_check_status srid sess_other h1sess h2sess h3sess req_other \
        h1req h2req h3req proto priv_idle_cur reqbin reqbout resbin resbout cache_hint_hits
        """
        .split(separator: " ").map(String.init)

    /// Writes the table: a header line, then per proxy its frontend, servers and pool.
    ///
    /// - Parameter status: What to write.
    /// - Returns: Lines that end in `,` and a line feed, as haproxy's do. The column `-` closes each
    ///   of them; behind it haproxy has figures of its own modules.
    public static func render(_ status: NodeStatus) -> String {
        var text = "# " + columns.joined(separator: ",") + ",-,\n"
        for (index, proxy) in status.proxies.enumerated() {
            for row in rows(of: proxy, number: proxy.number ?? index + 1) {
                for column in columns {
                    text += quoted(row[column] ?? "")
                    text += ","
                }
                text += "-,\n"
            }
        }
        return text
    }

    private typealias Row = [String: String]

    private static func rows(of proxy: ProxyStatus, number: Int) -> [Row] {
        var rows: [Row] = []
        if let frontend = proxy.frontend {
            rows.append(row(of: frontend))
            for (index, listener) in frontend.shownListeners.enumerated() {
                let number = listener.number ?? index + 1
                rows.append(row(of: listener).merging(["sid": "\(number)"]) { $1 })
            }
        }
        for (index, server) in proxy.servers.enumerated() {
            let number = server.number ?? index + 1
            rows.append(row(of: server).merging(["sid": "\(number)"]) { $1 })
        }
        if let backend = proxy.backend { rows.append(row(of: backend)) }
        let common = ["pxname": proxy.name, "mode": proxy.mode, "pid": "1", "iid": "\(number)"]
        return rows.map { row in
            // A pool and a server have a number of their own; a frontend's is 0.
            row.merging(common) { own, _ in own }
        }
    }

    private static func row(of frontend: FrontendStatus) -> Row {
        var row = traffic(frontend.traffic)
        row["svname"] = "FRONTEND"
        row["type"] = "0"
        row["sid"] = "0"
        row["status"] = frontend.status
        row["dreq"] = "\(frontend.deniedRequests)"
        row["dresp"] = "0"
        row["ereq"] = "\(frontend.requestErrors)"
        row["rate_lim"] = "\(frontend.traffic.rateLimit ?? 0)"
        row["dcon"] = "\(frontend.deniedConnections)"
        row["dses"] = "\(frontend.deniedSessions)"
        row["conn_rate"] = "\(frontend.connectionRate)"
        row["conn_rate_max"] = "\(frontend.connectionRateMax)"
        row["conn_tot"] = "\(frontend.connectionsTotal)"
        return row
    }

    private static func row(of listener: ListenerStatus) -> Row {
        var row = traffic(listener.traffic)
        row["svname"] = listener.name
        row["type"] = "3"
        row["status"] = listener.status
        row["slim"] = "\(listener.traffic.sessionLimit ?? 0)"
        for column in ["dreq", "dresp", "ereq", "dcon", "dses", "wrew"] { row[column] = "0" }
        row["rate"] = nil
        row["rate_max"] = nil
        row["addr"] = listener.address
        return row
    }

    private static func row(of backend: BackendStatus) -> Row {
        var row = traffic(backend.traffic).merging(service(backend.service)) { $1 }
        row["svname"] = "BACKEND"
        row["type"] = "1"
        row["sid"] = "0"
        row["status"] = backend.status
        row["dreq"] = "0"
        row["weight"] = "\(backend.weight)"
        row["uweight"] = "\(backend.weight)"
        row["act"] = "\(backend.activeServers)"
        row["bck"] = "\(backend.backupServers)"
        row["algo"] = backend.algorithm
        // Nobody counts how often and how long a pool was down.
        for column in ["chkdown", "lastchg", "downtime"] { row[column] = nil }
        return row
    }

    private static func row(of server: ServerStatus) -> Row {
        var row = traffic(server.traffic).merging(service(server.service)) { $1 }
        row["svname"] = server.name
        row["type"] = "2"
        row["status"] = server.status
        row["weight"] = "\(server.weight)"
        row["uweight"] = "\(server.weight)"
        row["act"] = server.isBackup ? "0" : "1"
        row["bck"] = server.isBackup ? "1" : "0"
        row["addr"] = server.address
        row["throttle"] = server.warmth.map { "\($0)" }
        row["qlimit"] = server.service.queueLimit.map { "\($0)" }
        row["tracked"] = server.tracked
        if let agent = server.agent { row.merge(cells(ofAgent: agent)) { $1 } }
        guard let check = server.check else {
            row["chkdown"] = nil
            row["downtime"] = nil
            return row
        }
        // haproxy's mark of a check that is under way: the status is the last one's.
        row["check_status"] = check.isRunning ? "* \(check.code)" : check.code
        row["check_code"] = check.statusCode.map { "\($0)" }
        row["check_duration"] = check.duration.map { "\($0)" }
        row["chkfail"] = "\(check.failures)"
        row["last_chk"] = check.detail
        row["check_desc"] = check.meaning
        row["check_rise"] = "\(check.rise)"
        row["check_fall"] = "\(check.fall)"
        row["check_health"] = "\(check.health)"
        return row
    }

    private static func cells(ofAgent agent: CheckStatus) -> Row {
        var row = [
            "agent_status": agent.isRunning ? "* \(agent.code)" : agent.code,
            "last_agt": agent.detail, "agent_desc": agent.meaning, "agent_rise": "\(agent.rise)",
            "agent_fall": "\(agent.fall)", "agent_health": "\(agent.health)",
        ]
        row["agent_code"] = agent.statusCode.map { "\($0)" }
        row["agent_duration"] = agent.duration.map { "\($0)" }
        return row
    }

    private static func traffic(_ counters: TrafficCounters) -> Row {
        var row = [
            "scur": "\(counters.sessions)", "smax": "\(counters.sessionsMax)",
            "stot": "\(counters.sessionsTotal)", "bin": "\(counters.bytesIn)",
            "bout": "\(counters.bytesOut)", "rate": "\(counters.rate)",
            "rate_max": "\(counters.rateMax)", "eint": "0",
        ]
        row["slim"] = counters.sessionLimit.map { "\($0)" }
        return row
    }

    private static func service(_ counters: ServiceCounters) -> Row {
        [
            "qcur": "\(counters.queued)", "qmax": "\(counters.queuedMax)",
            "econ": "\(counters.connectErrors)", "dresp": "0", "eresp": "0",
            "wretr": "\(counters.retries)", "wredis": "\(counters.redispatches)",
            "lbtot": "\(counters.chosen)", "cli_abrt": "\(counters.clientAborts)",
            "srv_abrt": "\(counters.serverAborts)", "chkdown": "\(counters.downTransitions)",
            "lastchg": "\(counters.sinceLastChange)", "downtime": "\(counters.downtime)",
            "lastsess": "\(counters.sinceLastSession ?? -1)", "qtime": "\(counters.queueTime)",
            "ctime": "\(counters.connectTime)", "rtime": "0", "ttime": "\(counters.totalTime)",
        ]
    }

    /// A field with its quotes where it needs them.
    ///
    /// RFC 4180 §2.
    private static func quoted(_ field: String) -> String {
        let needsQuotes = field.utf8.contains { [0x2C, 0x22, 0x0A, 0x0D].contains($0) }
        guard needsQuotes else { return field }
        var text = "\""
        for scalar in field.unicodeScalars {
            if scalar == "\"" { text.unicodeScalars.append(scalar) }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }
}
