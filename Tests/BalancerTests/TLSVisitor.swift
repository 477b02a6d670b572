import COpenSSL
import LinuxIO

/// A client's side of TLS on a blocking socket, step by step, by OpenSSL.
final class TLSVisitor: TLSEnd, @unchecked Sendable {
    // SAFETY: one thread uses it, that of its test.
    let socket: BlockingSocket
    private let context: OpaquePointer
    let ssl: OpaquePointer

    /// What a client asks for and has.
    struct Options {
        var serverName: String? = "server.test"
        /// Offered by ALPN.
        var protocols: [String] = []
        /// Whether it speaks TLS 1.2 at most.
        var isOld = false
        /// The kinds of signatures that it can verify, in OpenSSL's words; `nil`: all.
        var signatures: String?
        /// Its own certificate and key, in PEM format.
        var certificate: (pem: [UInt8], key: [UInt8])?
        /// A session to go on with.
        var session: Session?
        /// The groups that it has, in OpenSSL's words, the first being what it guesses; `nil`: all.
        var groups: String?
        /// Whether it asks for `other.test` once it was asked for another key.
        var changesName = false
    }

    /// What a server gave to go on with.
    final class Session {
        fileprivate let pointer: OpaquePointer
        fileprivate init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { SSL_SESSION_free(pointer) }
    }

    /// Connects to a port of this host; `nil`: the handshake failed.
    ///
    /// - Parameters:
    ///   - port: The port.
    ///   - options: What it says.
    ///   - first: What it says in plain before.
    ///   - pause: What happens between that and the handshake.
    init?(
        to port: UInt16, _ options: Options = Options(), after first: [UInt8] = [],
        _ pause: () -> Void = {}
    ) {
        guard let socket = BlockingSocket(to: port) else { return nil }
        self.socket = socket
        // OpenSSL writes to what has been reset.
        Thread.blockBrokenPipeSignal()
        socket.send(first)
        pause()
        guard let context = SSL_CTX_new(TLS_client_method()) else { return nil }
        self.context = context
        if options.isOld { _ = copenssl_set_versions(context, TLS1_2_VERSION, TLS1_2_VERSION) }
        // SSL_CTX_set1_sigalgs_list, a macro.
        if let signatures = options.signatures {
            _ = signatures.withCString { SSL_CTX_ctrl(context, 98, 0, .init(mutating: $0)) }
        }
        if let (pem, key) = options.certificate {
            SSL_CTX_use_certificate(context, Self.read(pem, copenssl_read_certificate))
            SSL_CTX_use_PrivateKey(context, Self.read(key, copenssl_read_key))
        }
        guard let ssl = SSL_new(context) else {
            SSL_CTX_free(context)
            return nil
        }
        self.ssl = ssl
        if let name = options.serverName { _ = copenssl_set_server_name(ssl, name) }
        let row = options.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !row.isEmpty { SSL_set_alpn_protos(ssl, row, UInt32(row.count)) }
        if let session = options.session { SSL_set_session(ssl, session.pointer) }
        if let groups = options.groups { _ = copenssl_set_connection_groups(ssl, groups) }
        if options.changesName {
            // Where what comes first is a server's message, which asks for another key.
            SSL_set_msg_callback(ssl) { isOwn, _, kind, bytes, _, ssl, _ in
                guard isOwn == 0, kind == SSL3_RT_HANDSHAKE, let ssl,
                    bytes?.load(as: UInt8.self) == UInt8(SSL3_MT_SERVER_HELLO)
                else { return }
                _ = copenssl_set_server_name(ssl, "other.test")
            }
        }
        SSL_set_fd(ssl, socket.number)
        ERR_clear_error()
        guard SSL_connect(ssl) == 1 else { return nil }
    }

    deinit {
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        SSL_free(ssl)
        SSL_CTX_free(context)
    }

    private static func read(
        _ bytes: [UInt8], _ reader: (OpaquePointer?) -> OpaquePointer?
    ) -> OpaquePointer? {
        bytes.withUnsafeBytes { reader(copenssl_memory_bio($0.baseAddress, Int32($0.count))) }
    }

    // MARK: What the handshake told

    var cipher: String { String(cString: copenssl_cipher_name(ssl)) }
    /// Of TLS 1.3 only once something was received.
    var session: Session? { SSL_get1_session(ssl).map(Session.init) }

    /// How many authorities the server names whose certificates it takes.
    var namedAuthorityCount: Int { Int(copenssl_count_ca_names(ssl)) }

    /// The common name of the certificate that was shown, and whether its key is one of RSA.
    var shown: (name: String, isRSA: Bool)? {
        guard let certificate = SSL_get0_peer_certificate(ssl) else { return nil }
        var (place, count): (Int32, Int32) = (-1, 0)
        guard let start = copenssl_common_name(certificate, 0, &place, &count) else { return nil }
        let name = String(
            decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
        return (name, EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)) == EVP_PKEY_RSA)
    }
}
