import VRRPCore

/// The words of a section's servers about checks, and which of them come to nothing.
///
/// A word of `default-server` is idle where it is for every server that has it. Those of `defaults`
/// are not judged: they are for whichever section wants them.
struct HAProxyServerWords {
    private var servers: [HAProxyServerOptions] = []

    /// Takes in what a line says about a server, together with `default-server`.
    mutating func add(_ options: HAProxyServerOptions) {
        if !options.words.isEmpty { servers.append(options) }
    }

    /// The first word that says what is not implemented.
    var missing: Word? {
        servers.lazy.flatMap(\.words).first { HAProxyServerOptions.table.lacks($0) }
    }

    /// Says which words have no effect, by name.
    func warn(in backend: Backend, _ remarks: inout [Remark]) {
        var idle: [Position: Remark] = [:]
        var effective: Set<Position> = []
        for options in servers {
            for word in options.words {
                guard
                    let reason = word.text == "hash-key"
                        ? options.idlenessOfHashKey(in: backend)
                        : options.idleness(of: word.text, beside: backend.checks)
                else {
                    effective.insert(word.position)
                    continue
                }
                idle[word.position] = .warning(
                    "\(word.text.quoted) has no effect \(reason)", at: word.position)
            }
        }
        remarks += idle.filter { !effective.contains($0.key) }.values
    }
}

extension HAProxyServerOptions {
    /// What only a server that clients are sent to can have.
    private static let serving: Set<String> = [
        "agent-addr", "agent-check", "agent-inter", "agent-port", "agent-send", "backup",
        "error-limit", "maxconn", "maxqueue", "minconn", "observe", "on-error", "on-marked-down",
        "on-marked-up", "slowstart", "weight",
    ]
    private static let agent: Set<String> = [
        "agent-addr", "agent-inter", "agent-port", "agent-send",
    ]
    private static let observing: Set<String> = ["error-limit", "on-error"]
    /// What only checks go by.
    ///
    /// An agent has no part in it, but a reader of haproxy's manual may
    /// think so: `inter` is said to be its interval too.
    private static let checking: Set<String> = [
        "addr", "downinter", "fall", "fastinter", "init-state", "inter", "port", "rise",
    ]
    /// What only a check with a connection goes by.
    private static let connecting: Set<String> = [
        "check-alpn", "check-certificate-days", "check-send-proxy", "check-sni", "check-ssl",
    ]
    /// What only a TLS handshake of a check goes by.
    private static let handshake: Set<String> = [
        "check-alpn", "check-certificate-days", "check-sni",
    ]
    /// What every TLS handshake goes by.
    private static let eitherHandshake = HAProxyTLSVersions.words.union([
        "alpn", "ca-file", "crt", "verify", "verifyhost",
    ])

    /// Why a word of the line comes to nothing, or `nil` where it has an effect or says of itself
    /// that it has none.
    fileprivate func idleness(of word: String, beside checks: PoolCheckSettings) -> String? {
        let isOfConnections = HAProxyServerTLS.wordsOfConnections.contains(word)
        if checks.isOnlyCheck, isOfConnections || Self.serving.contains(word) {
            return "in a check section"
        }
        if isOfConnections { return tls.isUsed ? nil : "without 'ssl'" }
        if Self.eitherHandshake.contains(word) {
            if tls.isUsed, !checks.isOnlyCheck { return nil }
            let isChecked = isChecked || checks.isOnlyCheck
            let hasHandshake = isChecked && checks.method.hasHandshake(by: finishedCheck)
            return hasHandshake ? nil : "without TLS; it begins with 'ssl' or 'check-ssl'"
        }
        if Self.agent.contains(word), !health.asksAgent { return "without 'agent-check'" }
        if Self.observing.contains(word), !health.settings.observesTraffic {
            return "without 'observe'"
        }
        guard isChecked || checks.isOnlyCheck else {
            let isIdle =
                Self.connecting.contains(word)
                || Self.checking.contains(word) && !health.asksAgent
            return isIdle ? "without 'check'" : nil
        }
        if let method = checks.method.withoutConnection {
            let isIdle = Self.connecting.contains(word) || method.idle.contains(word)
            return isIdle ? "beside 'option \(method.option)'" : nil
        }
        if Self.handshake.contains(word), !checks.method.hasHandshake(by: finishedCheck) {
            return "without TLS; it begins with 'check-ssl'"
        }
        return nil
    }
}

extension CheckMethod {
    /// The option of a check that makes no connection, and what it does not look at besides.
    fileprivate var withoutConnection: (option: String, idle: Set<String>)? {
        switch self {
        case .udp: ("udp-check", [])
        case .dns: ("dns-check", [])
        case .icmp: ("icmp-check", ["port"])
        case .file: ("file-check", ["addr", "port"])
        case .command: ("external-check", [])
        case .connection, .sslHello, .http, .script, .redis, .postgreSQL, .mySQL, .smtp, .ldap: nil
        }
    }

    /// Whether a check may do a TLS handshake.
    fileprivate func hasHandshake(by check: CheckSettings?) -> Bool {
        if check?.usesTLS == true { return true }
        switch self {
        case .http(let settings):
            return settings.exchanges.contains { $0.connection?.usesTLS == true }
        case .script(let steps):
            return steps.contains { step in
                if case .connect(let connection) = step.action { connection.usesTLS } else { false }
            }
        case .connection, .sslHello, .redis, .postgreSQL, .mySQL, .smtp, .ldap, .dns, .udp, .icmp,
            .command, .file:
            return false
        }
    }
}
