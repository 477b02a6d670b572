import NodeConfiguration

/// Reading a keepalived and a haproxy file into one model.
struct ConfigurationReading {
    let plan: Plan
    let report: Report

    func run() throws {
        let keepalived = InputFile(name: "keepalived.conf", bytes: Array(keepalivedFile.utf8))
        let haproxy = InputFile(name: "haproxy.cfg", bytes: Array(haproxyFile.utf8))
        report.add(
            "configuration: from text to the model",
            try [
                row(
                    "both files, \(keepalived.bytes.count + haproxy.bytes.count) bytes",
                    [keepalived, haproxy]),
                row("1,000 servers in 100 pools", [large()]),
            ])
    }

    private func row(_ work: String, _ files: [InputFile]) throws -> Row {
        let loader = ConfigurationLoader()
        if let first = loader.load(files).diagnostics.first(where: { $0.severity == .error }) {
            throw ConfigurationRefused(diagnostic: "\(first)")
        }
        let (time, check) = plan.time(unit: .microseconds) { count in
            var sum: UInt64 = 0
            for _ in 0..<count {
                let model = loader.load(files).model
                let servers = model?.backends.reduce(0) { $0 + $1.servers.count } ?? 0
                sum = fold(sum, UInt64(servers + (model?.virtualRouters.count ?? 0)))
            }
            return sum
        }
        return Row(benchmark: "configuration", work: work, summaries: [time], check: check)
    }

    private func large() -> InputFile {
        var text = haproxyDefaults
        for pool in 0..<100 {
            text += "listen pool\(pool) 127.0.0.1:\(10_000 + pool)\n    mode tcp\n"
            for server in 0..<10 {
                text += "    server s\(server) 10.0.\(pool).\(server + 1):80 weight 10 check\n"
            }
        }
        return InputFile(name: "large.cfg", bytes: Array(text.utf8))
    }
}

private struct ConfigurationRefused: Error, CustomStringConvertible {
    let diagnostic: String
    var description: String { "the benchmark's own configuration is refused: \(diagnostic)" }
}

private let haproxyDefaults = """
    defaults
        timeout connect 5s
        timeout client 60s
        timeout server 60s

    """

private let keepalivedFile = """
    vrrp_script chk_haproxy {           # Requires keepalived-1.1.13
            script "killall -0 haproxy"     # cheaper than pidof
            interval 2                      # check every 2 seconds
            weight 2                        # add 2 points of prio if OK
    }

    vrrp_instance VI_1 {
            interface eth1
            state MASTER
            virtual_router_id 51
            priority 101                    # 101 on master, 100 on backup
            virtual_ipaddress {
                    172.17.0.5              # virtual IP
            }
            track_script {
                    chk_haproxy
            }
    }

    """

private let haproxyFile = """
    defaults
            log global
            option dontlognull
            balance leastconn
            clitimeout 60000
            srvtimeout 60000
            contimeout 5000
            retries 3
            option redispatch

    listen stats 10.0.0.6:80
            mode http
            stats enable
            stats uri /stats
            stats realm HAProxy Statistics
            stats auth utilisateur:motdepasse

    listen http 172.17.0.5:80
            mode tcp
            balance source
            maxconn 10000
            server web01 10.0.0.6:8080 maxconn 5000 check
            server web02 10.0.0.7:8080 maxconn 5000 check

     listen https 172.17.0.5:443
            mode tcp
            balance roundrobin
            maxconn 10000
            server web01 10.0.0.6:4443 maxconn 5000 check
            server web02 10.0.0.7:4443 maxconn 5000 check

    """
