#if Program
internal import NodeConfiguration

/// How long the parts of a check may take.
///
/// haproxy's configuration manual, `timeout check`.
struct CheckLimits {
    /// To connect, the TLS handshake included; without an own limit, the answers too.
    let connecting: Duration
    /// To answer; `nil`: what connecting leaves.
    let answering: Duration?

    /// What a backend and an interval (`inter`, `agent-inter`) come to.
    init(interval: Duration, in backend: Backend) {
        answering = backend.checkTimeout
        connecting =
            answering == nil ? interval : min(interval, backend.connectTimeout ?? interval)
    }

    /// A check as a whole.
    func whole(of method: CheckMethod) -> Duration {
        switch method {
        case .connection: connecting
        case .sslHello, .redis, .postgreSQL, .mySQL, .smtp, .ldap: whole(connections: 1)
        case .http(let settings): whole(connections: settings.exchanges.count)
        case .script(let steps): whole(connections: steps.connectionCount)
        // What has no connection has one limit.
        case .dns, .udp, .icmp, .command, .file: answering ?? connecting
        }
    }

    /// Each connection has its time anew.
    func whole(connections count: Int) -> Duration {
        (connecting + (answering ?? .zero)) * count
    }
}

extension [ScriptCheckStep] {
    /// A script that begins with something else has a first connection that it does not name.
    fileprivate var connectionCount: Int {
        var count = 0
        for step in self {
            if case .connect = step.action { count += 1 } else if count == 0 { count = 1 }
        }
        return count
    }
}
#endif
