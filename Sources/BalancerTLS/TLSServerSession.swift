internal import Balancer
internal import COpenSSL

/// The client's side of a connection to a server.
final class TLSServerSession: TLSSession {
    private let server: TLSServer
    /// The name that this connection asks for; `nil`: none.
    private let name: String?

    init?(to server: TLSServer, asking name: String?, on socket: Int32) {
        self.server = server
        self.name = name ?? server.serverName
        super.init(server.context.context, on: socket)
        guard setNames(verified: name ?? server.verifiedName) else { return nil }
        unsafe SSL_set_connect_state(ssl)
        if server.context.settings.resumesSessions {
            let cache = unsafe Unmanaged.passUnretained(server.sessions).toOpaque()
            guard unsafe SSL_set_ex_data(ssl, 0, cache) == 1 else { return nil }
            unsafe server.sessions.resume(on: ssl, of: self.name ?? "")
        }
    }

    private func setNames(verified: String?) -> Bool {
        if let name, unsafe copenssl_set_server_name(ssl, name) != 1 {
            return false
        }
        guard verifies, let verified else { return true }
        return unsafe SSL_set1_host(ssl, verified) == 1
    }

    override var verifies: Bool { server.context.settings.verifies }

    override func handshake() -> HandshakeProgress {
        let progress = super.handshake()
        switch progress {
        case .done, .waits: break
        // A server may choke on the very session that it gave.
        case .ended, .failed: server.sessions.forget(name ?? "")
        }
        return progress
    }
}
