#if Program
internal import Balancer
internal import BalancerTLS
internal import NodeConfiguration
internal import Synchronization

extension Model {
    /// What encrypts sessions between peers, for each section: what ends the TLS of those who connect, for
    /// each listener, and what encrypts what goes to each peer; `nil`: they are in the clear.
    typealias PeerSecurities = (listeners: [TLSListener?], peers: [TLSServer?])

    /// What encrypts sessions between peers.
    ///
    /// - Throws: `Failure` that names the peer or the listener whose settings no handshake can be done by.
    func peerSecurity() throws(Failure) -> [PeerSecurities] {
        var contexts: [ServerTLS: TLSContext] = [:]
        var all: [PeerSecurities] = []
        for section in peers {
            let name = "peers \(section.name)"
            var own: PeerSecurities = ([], [])
            for listener in section.listeners {
                own.listeners.append(
                    try security(of: listener, in: name) {
                        (_, settings) throws(TLSSettingsError) in try TLSListener(settings)
                    })
            }
            for peer in section.peers {
                guard let tls = peer.tls else {
                    own.peers.append(nil)
                    continue
                }
                own.peers.append(
                    try makeServer(tls, of: "\(name), peer \(peer.name)", sharing: &contexts))
            }
            all.append(own)
        }
        return all
    }
}

/// What encrypts sessions between peers in this process, over reloads: sessions of peers whose settings stay
/// go on.
final class PeerSecurity: Sendable {
    /// Who is meant, by the names of the section and the peer.
    private struct Place: Hashable {
        let section: String
        let peer: String
    }

    private let known = Mutex<[Place: TLSServer]>([:])

    /// Sets the securities of a plan that was made of a model.
    ///
    /// - Throws: `Failure` that names the peer or the listener whose settings no handshake can be done by.
    func set(in plan: inout BalancerPlan, of model: Model) throws(Failure) {
        let former = known.withLock(\.self)
        var known: [Place: TLSServer] = [:]
        for (section, securities) in try model.peerSecurity().enumerated() {
            plan.peers[section].listenerSecurities = securities.listeners
            for (number, server) in securities.peers.enumerated() {
                guard let server else { continue }
                let peer = plan.peers[section].peers[number].name
                let place = Place(section: plan.peers[section].name, peer: peer)
                let stays = former[place].flatMap { $0.isSame(as: server) ? $0 : nil }
                known[place] = stays ?? server
                plan.peers[section].peers[number].security = known[place]
            }
        }
        self.known.withLock { $0 = known }
    }
}
#endif
