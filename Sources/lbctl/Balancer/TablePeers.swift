#if Program
internal import Balancer
internal import Control
internal import Glibc
internal import LinuxIO
internal import Synchronization

/// The exchange of tables with other nodes, from the first plan on that has any; its news go to the
/// log.
final class TablePeers: Sendable {
    private let exchange = Mutex<PeerExchange?>(nil)
    private let log: Log

    init(log: Log) { self.log = log }

    /// Goes on by a plan.
    ///
    /// - Parameters:
    ///   - view: The balancer under it.
    ///   - sockets: The listening sockets of each section.
    func adopt(_ view: BalancerView, _ sockets: [[Int32]]) {
        exchange.withLock { exchange in
            if let exchange { return exchange.adopt(view, sockets: sockets) }
            guard !view.plan.peers.isEmpty else { return }
            let log = log
            do throws(SystemError) {
                exchange = try PeerExchange(view, sockets: sockets, processID: getpid()) { news in
                    log(news.severity, news.line)
                }
            } catch { log(.error, "tables are not exchanged with peers: \(error)") }
        }
    }

    /// Tells what is still to be told, and ends the sessions.
    func stop() { exchange.withLock { $0?.stop() } }

    /// The sections, as if they were proxies.
    var status: [ProxyStatus] {
        let sections = exchange.withLock { $0?.status ?? [] }
        return sections.map { section in
            var proxy = ProxyStatus(name: section.name, mode: "peers")
            proxy.peers = TablePeersStatus(section)
            return proxy
        }
    }
}

extension TablePeersStatus {
    fileprivate init(_ section: PeersStatus) {
        self.init(localName: section.localName, isComplete: section.isComplete)
        peers = section.peers.map { peer in
            var status = Peer(
                name: peer.name, address: peer.address.description, isConnected: peer.isConnected,
                fault: peer.fault, messagesIn: peer.messagesIn, messagesOut: peer.messagesOut)
            status.isSynchronised = peer.isSynchronised
            status.sessions = peer.sessions
            status.tables = peer.tables.map {
                Table(
                    name: $0.name, lastChange: $0.lastChange, acknowledged: $0.acknowledged,
                    learned: $0.learned, sent: $0.sent)
            }
            return status
        }
    }
}

extension PeerNews {
    fileprivate var severity: Log.Severity {
        switch self {
        case .came, .taught: .notice
        case .left, .refused, .unfit: .warning
        }
    }

    fileprivate var line: String {
        switch self {
        case .came(let peer, let section): "peers \(section): \(peer) is connected"
        case .left(let peer, let section, let why):
            "peers \(section): \(peer) is not connected: \(why)"
        case .taught(let peer, let section, let isComplete):
            "peers \(section): \(peer) has told "
                + (isComplete
                    ? "all there is to know" : "what it knows, and has more to learn itself")
        case .refused(let end, let section, let why):
            "peers \(section): \(end) was sent away: \(why)"
        case .unfit(let table, let peer, let section):
            "peers \(section): table \(table) is not exchanged with \(peer), which has other keys in it"
        }
    }
}
#endif
