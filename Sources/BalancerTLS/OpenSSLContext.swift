internal import COpenSSL
internal import TLSOptions

/// What handshakes have in common, OpenSSL's SSL_CTX.
///
/// Set up by one thread, then used by any.
@safe final class OpenSSLContext: @unchecked Sendable {
    // SAFETY: an SSL_CTX may be used by several threads once nothing is set in it any more
    // (openssl-threads(7)), which is once who makes one has it set up.
    let pointer: OpaquePointer

    /// Which side does the handshakes.
    enum Side { case client, server }

    init(_ side: Side) throws(TLSSettingsError) {
        _ = OpenSSLContext.isInitialized
        let method = unsafe side == .client ? TLS_client_method() : TLS_server_method()
        guard let pointer = unsafe SSL_CTX_new(method) else {
            throw TLSSettingsError("OpenSSL is not usable: \(OpenSSLErrors.lastReason)")
        }
        unsafe self.pointer = pointer
        // What one call did not take, the next one has from elsewhere; idle connections hold no buffers.
        let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        unsafe copenssl_set_mode(pointer, Int(modes | SSL_MODE_RELEASE_BUFFERS))
        unsafe copenssl_set_read_ahead(pointer)
        unsafe copenssl_refuse_renegotiation(pointer)
        // Many end their stream by TCP alone; haproxy and nginx take that as well.
        unsafe copenssl_ignore_unexpected_eof(pointer)
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    /// OpenSSL would take its tables down as the process ends, under threads that may still use them.
    private static let isInitialized =
        OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1

    // MARK: Either side

    /// Negotiates what parameters say, but for ALPN, which either side does in its own way.
    ///
    /// - Throws: ``TLSSettingsError`` that names what OpenSSL does not know.
    func negotiate(_ parameters: TLSParameters) throws(TLSSettingsError) {
        let (minimum, maximum) = parameters.versions
        guard minimum <= maximum,
            unsafe copenssl_set_versions(pointer, minimum.number, maximum.number) == 1
        else {
            throw TLSSettingsError(
                "no version of TLS is left between the lowest and the highest one")
        }
        try unsafe set(
            "ciphers", parameters.ciphers, "knows none of them (openssl ciphers)",
            SSL_CTX_set_cipher_list)
        try unsafe set(
            "ciphersuites", parameters.cipherSuites,
            "does not know them; TLS_AES_128_GCM_SHA256 is one", SSL_CTX_set_ciphersuites)
        try unsafe set(
            "curves", parameters.groups, "does not know them; X25519:P-256 are two",
            copenssl_set_groups)
        let hint = "does not know them; ECDSA+SHA256:RSA-PSS+SHA256 are two"
        try unsafe set("sigalgs", parameters.signatureAlgorithms, hint, copenssl_set_sigalgs)
        try unsafe set(
            "client-sigalgs", parameters.clientSignatureAlgorithms, hint,
            copenssl_set_client_sigalgs)
    }

    /// Sets a list in OpenSSL's words, if there is one.
    private func set(
        _ word: String, _ list: String?, _ hint: String,
        _ setter: (OpaquePointer?, UnsafePointer<CChar>?) -> Int32
    ) throws(TLSSettingsError) {
        guard let list, unsafe setter(pointer, list) != 1 else { return }
        throw TLSSettingsError("\(word) '\(list)': OpenSSL \(hint)")
    }

    /// Shows a certificate with those between it and its authority; of several one of each kind of key,
    /// of which a handshake takes what the other side can verify.
    ///
    /// - Throws: ``TLSSettingsError``, where the file has none, or not its key.
    func useCertificate(_ file: PEMFile, named name: String) throws(TLSSettingsError) {
        var isLeaf = true
        let count = try unsafe file.forEachCertificate(of: name) { certificate in
            defer { isLeaf = false }
            if isLeaf {
                defer { unsafe X509_free(certificate) }
                return unsafe SSL_CTX_use_certificate(pointer, certificate) == 1
            }
            guard unsafe copenssl_add_chain_certificate(pointer, certificate) == 1 else {
                unsafe X509_free(certificate)
                return false
            }
            return true
        }
        guard count > 0 else { throw TLSSettingsError("\(name): there is none in PEM format") }
        guard let key = unsafe file.key else {
            throw TLSSettingsError("\(name): its key is not with it, or is locked by a password")
        }
        defer { unsafe EVP_PKEY_free(key) }
        // The first call does not look at a certificate of another kind of key.
        guard unsafe SSL_CTX_use_PrivateKey(pointer, key) == 1,
            unsafe SSL_CTX_check_private_key(pointer) == 1
        else {
            throw TLSSettingsError("\(name): the key with it is not its own")
        }
    }

    // MARK: Clients

    /// Offers protocols by ALPN, if there are any.
    func offerProtocols(_ protocols: ApplicationProtocols) throws(TLSSettingsError) {
        let names = protocols.wireForm
        guard !names.isEmpty else { return }
        // 0 is success here (SSL_CTX_set_alpn_protos(3)).
        guard unsafe SSL_CTX_set_alpn_protos(pointer, names, UInt32(names.count)) == 0 else {
            throw TLSSettingsError("ALPN: \(OpenSSLErrors.lastReason)")
        }
    }

    /// Verifies servers' certificates.
    func verifyServers(by authorities: TLSSettings.Authorities) throws(TLSSettingsError) {
        unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        switch authorities {
        case .system:
            guard unsafe SSL_CTX_set_default_verify_paths(pointer) == 1 else {
                throw TLSSettingsError("the system's authorities: \(OpenSSLErrors.lastReason)")
            }
        case .pem(let bytes): try addAuthorities(PEMFile(bytes), sendingNames: false)
        }
    }

    /// Has the sessions kept that servers give (`SSL_CTX_sess_set_new_cb(3)`).
    func cacheSessions() {
        unsafe copenssl_set_new_session_callback(pointer, TLSSessionCache.newSessionCallback)
    }

    // MARK: Authorities

    /// Trusts no certificate of those that a file's lists say were revoked.
    func addRevocationLists(_ lists: [UInt8]) throws(TLSSettingsError) {
        guard let store = unsafe SSL_CTX_get_cert_store(pointer) else { return }
        let count = try unsafe PEMFile(lists).forEachRevocationList(of: "revoked certificates") {
            list in
            defer { unsafe X509_CRL_free(list) }
            return unsafe X509_STORE_add_crl(store, list) == 1
        }
        guard count > 0 else {
            throw TLSSettingsError("revoked certificates: no list of them in PEM format")
        }
        // As haproxy: each authority of a chain must have a list.
        let flags = UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL)
        _ = unsafe X509_STORE_set_flags(store, flags)
    }

    /// Trusts all certificates of a file; a listener may send clients their names.
    func addAuthorities(_ file: PEMFile, sendingNames sendsNames: Bool) throws(TLSSettingsError) {
        guard let store = unsafe SSL_CTX_get_cert_store(pointer) else { return }
        let count = try unsafe file.forEachCertificate(of: "authorities") { certificate in
            // One that is there twice is no error here.
            _ = unsafe X509_STORE_add_cert(store, certificate)
            // So that clients with several certificates know which one is meant.
            if sendsNames { _ = unsafe SSL_CTX_add_client_CA(pointer, certificate) }
            unsafe X509_free(certificate)
            return true
        }
        guard count > 0 else {
            throw TLSSettingsError("authorities: no certificate is among them")
        }
    }
}

extension TLSVersion {
    /// OpenSSL's number of it.
    var number: Int32 {
        switch self {
        case .tlsv10: TLS1_VERSION
        case .tlsv11: TLS1_1_VERSION
        case .tlsv12: TLS1_2_VERSION
        case .tlsv13: TLS1_3_VERSION
        }
    }
}
