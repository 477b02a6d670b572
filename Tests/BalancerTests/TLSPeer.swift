import BalancerTLS
import COpenSSL
import LinuxIO

/// A server's side of TLS on a blocking socket, step by step, by OpenSSL.
final class TLSPeer: TLSEnd, @unchecked Sendable {
    // SAFETY: one thread uses it, that of its connection.
    let socket: BlockingSocket
    private let context: OpaquePointer
    let ssl: OpaquePointer

    /// What a server has and wants.
    struct Options: Sendable {
        var certificate: [UInt8]
        var key: [UInt8]
        /// Whose certificates a client must have; `nil`: it needs none.
        var clientsAuthority: [UInt8]?
        /// Whether it speaks TLS 1.2 at most.
        var isOld = false

        init(_ certificates: TLSCertificates) {
            (certificate, key) = (certificates.good, certificates.key)
        }
    }

    private init(_ socket: BlockingSocket, _ context: OpaquePointer, _ ssl: OpaquePointer) {
        (self.socket, self.context, self.ssl) = (socket, context, ssl)
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
    }

    /// A server on a port of its own each of whose connections gets as far as the end of its handshake.
    static func server(
        _ options: Options, reusing tickets: TLSPeerTickets = TLSPeerTickets(),
        _ serve: @escaping @Sendable (TLSPeer) -> Void
    ) throws -> TestServer {
        try TestServer { socket in
            guard let peer = TLSPeer.accept(socket, options, tickets) else { return }
            serve(peer)
        }
    }

    /// Does a handshake; `nil`: it failed.
    static func accept(
        _ socket: BlockingSocket, _ options: Options, _ tickets: TLSPeerTickets = TLSPeerTickets()
    ) -> TLSPeer? {
        guard let context = SSL_CTX_new(TLS_server_method()),
            let ssl = prepare(context, options, tickets)
        else { return nil }
        let peer = TLSPeer(socket, context, ssl)
        SSL_set_fd(ssl, socket.number)
        return SSL_accept(ssl) == 1 ? peer : nil
    }

    private static func prepare(
        _ context: OpaquePointer, _ options: Options, _ tickets: TLSPeerTickets
    ) -> OpaquePointer? {
        // An end by TCP alone is an error to it, so that the tests see which one it was.
        if options.isOld { _ = copenssl_set_versions(context, TLS1_2_VERSION, TLS1_2_VERSION) }
        // All of a server's contexts understand the same tickets.
        var keys = tickets.keys
        SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_TICKET_KEYS, keys.count, &keys)
        SSL_CTX_set_alpn_select_cb(context, firstProtocol, nil)
        let name: [UInt8] = [1]
        SSL_CTX_set_session_id_context(context, name, 1)
        guard let certificate = read(options.certificate, copenssl_read_certificate),
            let key = read(options.key, copenssl_read_key)
        else { return nil }
        SSL_CTX_use_certificate(context, certificate)
        SSL_CTX_use_PrivateKey(context, key)
        if let authority = options.clientsAuthority.flatMap({ read($0, copenssl_read_certificate) })
        {
            X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority)
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
        return SSL_new(context)
    }

    private static func read(
        _ bytes: [UInt8], _ reader: (OpaquePointer?) -> OpaquePointer?
    ) -> OpaquePointer? {
        bytes.withUnsafeBytes { reader(copenssl_memory_bio($0.baseAddress, Int32($0.count))) }
    }

    // MARK: What the client said in its handshake

    var serverName: String? {
        SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }

    var hasClientsCertificate: Bool { SSL_get0_peer_certificate(ssl) != nil }
}

/// Takes the first protocol of those that are offered (`SSL_CTX_set_alpn_select_cb(3)`).
private let firstProtocol: SSL_CTX_alpn_select_cb_func = { _, chosen, length, offered, count, _ in
    guard let offered, count > 1 else { return SSL_TLSEXT_ERR_NOACK }
    chosen?.pointee = offered + 1
    length?.pointee = offered.pointee
    return SSL_TLSEXT_ERR_OK
}

/// By what a server knows its own tickets again.
struct TLSPeerTickets: Sendable {
    let keys = (0..<80).map { _ in UInt8.random(in: 0...255) }
}
