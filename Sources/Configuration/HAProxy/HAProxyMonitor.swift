/// `monitor-uri` and `monitor fail`: whether the node serves, for whoever leads clients to it.
extension HAProxySection {
    /// haproxy's configuration manual, section 4.2.
    static let monitorKeywords: [String: Rule<HAProxySection>] = [
        "monitor-uri": .line { section, arguments throws(Remark) in
            let path = try arguments.next("a path such as /healthz")
            guard path.text.hasPrefix("/") else {
                throw .error(
                    "monitor-uri \(path.text.quoted): must begin with '/'", at: path.position)
            }
            section.settings.page.monitorPath = path.text
        },
        "monitor": .each { section, arguments throws(Remark) in
            try section.addMonitorFailure(&arguments)
        },
    ]

    /// Reads `monitor fail if|unless …`.
    private mutating func addMonitorFailure(_ arguments: inout Arguments) throws(Remark) {
        let word = try arguments.next("'fail'")
        guard word.text == "fail", arguments.upcoming != nil else {
            throw .error(
                "'monitor' must be 'monitor fail if CONDITION', as in 'monitor fail if { nbsrv(web) lt 1 }'",
                at: word.position)
        }
        let condition = try routing.condition(&arguments)
        // To pass over one would say that a node serves which does not.
        let questions = condition.alternatives.joined().flatMap(\.questions)
        guard questions.allSatisfy(\.isInStatus) else {
            throw .error(
                "'monitor fail' can ask for what the node's status tells: nbsrv, be_conn, be_sess_rate,"
                    + " queue and avg_queue of a backend, srv_is_up, srv_conn, srv_sess_rate and srv_queue"
                    + " of a server, fe_conn and fe_sess_rate of a frontend that is named; as in 'monitor"
                    + " fail if { nbsrv(web) lt 1 }'", at: word.position)
        }
        monitorFailures.append(condition)
    }

    /// Says that a path for monitors is ignored where no request is read.
    func warnAboutMonitor(_ remarks: inout [Remark]) {
        guard kind != .backend else { return }
        guard settings.mode != .http else {
            if let position = written["monitor"], settings.page.monitorPath == nil {
                remarks.append(
                    .warning(
                        "'monitor' has no effect without 'monitor-uri PATH'", at: position))
            }
            return
        }
        for keyword in ["monitor-uri", "monitor"] {
            guard let position = written[keyword] else { continue }
            remarks.append(
                .warning(
                    "\(keyword.quoted) has no effect: no request is read here; give it a frontend of its"
                        + " own with 'mode http'", at: position))
        }
    }
}

extension ConnectionQuestion {
    /// Whether the node's status tells the answer.
    fileprivate var isInStatus: Bool {
        switch self {
        case .constant, .serverIsUp, .server, .connectionCount(_?, _), .sessionRate(_?, _): true
        case .pool(let quantity, _, _): quantity != .freePlaces && quantity != .freeConnections
        default: false
        }
    }
}
