#if Program
internal import Balancer
internal import Failover
internal import NodeConfiguration

/// What the facts of a host mean for a configuration.
struct Diagnosis {
    let model: Model
    let facts: HostFacts

    /// The gravest first.
    var findings: [Finding] {
        let election =
            model.virtualRouters.isEmpty
            ? [] : rights + model.virtualRouters.flatMap(findings) + leftovers + rivals + peers
        let balancer = model.hasBalancer ? listeners + limits + names : []
        return (program + election + balancer + kernel + files).sortedBySeverity
    }

    /// Whether this program holds the host's addresses and ports at present, as far as is known.
    var isRunning: Bool { facts.program != .nobody || facts.survey.lockHolders != nil }

    private var program: [Finding] {
        var found: [Finding] = []
        switch facts.program {
        case .answers(let process):
            found.append(.ok("lbctl", "runs here (pid \(process)), with what it holds"))
        case .unknown(let why):
            found.append(.warn("lbctl", "it is not known whether it runs: \(why)"))
        case .nobody:
            if let holders = facts.survey.lockHolders, !model.virtualRouters.isEmpty {
                let who = holders.map { "pid \($0)" }.joined(separator: ", ")
                found.append(
                    .fail(
                        "lbctl",
                        "another one\(who.isEmpty ? "" : " (\(who))") has the virtual routers"
                            + " of this host", "stop it, or name its control socket by --control"))
            }
            if let refusal = facts.controlRefusal {
                found.append(.fail("control socket", refusal, "'--control' chooses another path"))
            }
        }
        if let refusal = facts.accountRefusal { found.append(.fail("privileges", refusal)) }
        return found
    }

    private var kernel: [Finding] {
        var found: [Finding] = []
        if let (major, minor) = facts.kernel, (major, minor) < (5, 15) {
            found.append(
                .warn("kernel", "Linux \(major).\(minor) is not tested", "5.15 or later is"))
        }
        if !model.virtualRouters.isEmpty {
            found.append(
                facts.survey.knowsAddressTags
                    ? .ok("address tag (IFA_PROTO)", "in use")
                    : .warn(
                        "address tag (IFA_PROTO)",
                        "unknown to this kernel: after a crash, addresses are recognised only where"
                            + " the configuration still names them", "Linux 5.18 has it"))
        }
        if model.hasBalancer {
            found.append(
                facts.restrictsLocalPorts
                    ? .ok("choice of source ports (IP_LOCAL_PORT_RANGE)", "in use")
                    : .warn(
                        "choice of source ports (IP_LOCAL_PORT_RANGE)",
                        "unknown to this kernel, which then searches for a port itself: a tenth of"
                            + " a short connection's cost", "Linux 6.3 has it"))
        }
        found.append(
            facts.realTimeRefusal.map {
                .warn(
                    "real time", "not allowed (\($0)): other programs can delay an advertisement",
                    "run as root, or with CAP_SYS_NICE or LimitRTPRIO=1 of systemd")
            } ?? .ok("real time", "allowed"))
        found.append(
            facts.lockingRefusal.map {
                .warn(
                    "locked memory", "not allowed (\($0)): a shortage can delay an advertisement",
                    "run as root, or with CAP_IPC_LOCK or LimitMEMLOCK=infinity of systemd")
            } ?? .ok("locked memory", "allowed"))
        if facts.hasFilterProgram == false {
            found.append(
                .warn(
                    "nft", "not there: 'no_accept' has no effect without it",
                    "'apt-get install nftables'"))
        }
        return found
    }

    private var files: [Finding] {
        var found: [Finding] = facts.programs.filter { !$0.isThere }.map { program in
            let text = "'\(program.path)' is not there, or cannot be run"
            return program.isTracked
                ? .fail(program.use, text, "its router would count it as failed")
                : .warn(program.use, text, "it would not be called")
        }
        let present = facts.programs.filter(\.isThere).count
        if present > 0 {
            found.append(.ok("programs", "\(present) of \(facts.programs.count) there"))
        }
        found += facts.absentLogSockets.map {
            .warn(
                "log", "no daemon takes lines at \($0): they are lost",
                "start one, or log elsewhere")
        }
        found += certificates
        if facts.fileWarningCount > 0 {
            let count = facts.fileWarningCount
            found.append(
                .warn(
                    "files", "\(count) warning\(count == 1 ? "" : "s")", "'lbctl check' shows them")
            )
        }
        return found
    }

    private var certificates: [Finding] {
        guard let first = facts.certificates.values.min() else { return [] }
        let found = facts.certificates.sorted { $0.key < $1.key }.compactMap { path, left in
            CertificateTime.complaint(left).map { text in
                let remedy = "renew it, and 'lbctl reload'"
                return left < .zero
                    ? Finding.fail("certificate", "'\(path)' \(text)", remedy)
                    : .warn("certificate", "'\(path)' \(text)", remedy)
            }
        }
        let days = first.components.seconds / 86_400
        let count = facts.certificates.count
        return found.isEmpty
            ? [.ok("certificates", "\(count), good for \(days) days at least")] : found
    }

    private var names: [Finding] {
        facts.names.sorted { $0.key < $1.key }.map { name, isKnown in
            switch isKnown {
            case true?: .ok("server \(name)", "has an address")
            case false?:
                .warn(
                    "server \(name)", "this host's resolver does not know it",
                    "'getent ahosts \(name)' asks again")
            case nil:
                .warn(
                    "server \(name)", "no answer from this host's resolver in 5 s",
                    "'getent ahosts \(name)' asks again")
            }
        }
    }

    private var limits: [Finding] {
        var found: [Finding] = []
        let limit = facts.hardOpenFileLimit
        let possible = BalancerPlan(model).possibleConnections(with: limit)
        if let wanted = model.global.connectionLimit, possible < wanted {
            found.append(
                .warn(
                    "maxconn \(wanted)",
                    "the limit on open files here, \(limit), is enough for \(possible) connections",
                    "raise it ('ulimit -Hn', LimitNOFILE= of systemd)"))
        } else {
            found.append(
                .ok("open files", "the limit, \(limit), is enough for \(possible) connections"))
        }
        if let wanted = model.global.connectionLimit {
            for backend in model.backends where !backend.servers.isEmpty {
                let ports =
                    Set(backend.servers.map { "\($0.address):\($0.port)" }).count
                    * facts.localPortCount
                let hasRange = backend.servers.contains { $0.connection.source.ports != nil }
                guard ports < wanted, !hasRange, !backend.isDatagram else { continue }
                found.append(
                    .warn(
                        "backend \(backend.name)",
                        "the source ports here are enough for \(ports) connections to its servers,"
                            + " and maxconn is \(wanted)",
                        "'sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"', or more servers"))
            }
        }
        if let pages = facts.pipePages {
            found.append(
                .ok(
                    "pipes",
                    "\(pages / 256) streams at once have 1 MiB each as the balancer's user"
                        + " (fs.pipe-user-pages-soft \(pages)); further ones have less"))
        }
        return found
    }
}
#endif
