internal import COpenSSL
internal import TLSOptions

/// What a listener's side does.
extension OpenSSLContext {
    /// Does as a listener's settings say, but for the certificates that are shown.
    ///
    /// - Parameters:
    ///   - handshake: How handshakes are done; all is said.
    ///   - options: What the listener says besides.
    ///   - trusting: A context of the same authorities and lists, which are used, too.
    /// - Throws: ``TLSSettingsError``, where authorities or a list are none, or OpenSSL does not know a
    ///   cipher or a curve.
    func configureListener(
        _ handshake: TLSHandshakeOptions<[UInt8]>, _ options: TLSListenerOptions,
        sharingTrustWith trusting: OpenSSLContext?
    ) throws(TLSSettingsError) {
        unsafe copenssl_configure_server(
            pointer, options.prefersClientCiphers == true ? 1 : 0,
            options.issuesTickets == false ? 0 : 1)
        try negotiate(handshake.parameters)
        let identity = try sessionIDContext(of: handshake, options)
        _ = unsafe SSL_CTX_set_session_id_context(pointer, identity, UInt32(identity.count))
        unsafe SSL_CTX_set_session_ticket_cb(
            pointer, nil, OpenSSLContext.ticketDecryptedCallback, nil)
        guard handshake.verifiesClients else { return }
        if let trusting, let store = unsafe SSL_CTX_get_cert_store(trusting.pointer) {
            unsafe SSL_CTX_set1_cert_store(pointer, store)
            // They are kept beside the store.
            let names = unsafe SSL_dup_CA_list(SSL_CTX_get_client_CA_list(trusting.pointer))
            unsafe SSL_CTX_set_client_CA_list(pointer, names)
        } else {
            try loadTrust(handshake)
        }
    }

    /// What tells sessions of one way to verify clients, and to encrypt, from those of another: a ticket
    /// whose keys several listeners, or certificates, have must not let in by one who was let in by the
    /// other.
    private func sessionIDContext(
        of handshake: TLSHandshakeOptions<[UInt8]>, _ options: TLSListenerOptions
    ) throws(TLSSettingsError) -> [UInt8] {
        let verification: UInt8 =
            switch handshake.verification {
            case nil, .off: 0
            case .optional: 1
            case .required: 2
            }
        var bytes: [UInt8] = [verification]
        func add(_ part: [UInt8]) {
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: part.count >> (8 * $0)) } + part
        }
        add(handshake.authorities ?? [])
        add(handshake.unsentAuthorities ?? [])
        add(handshake.revocationLists ?? [])
        for errors in [options.ignoredCertificateErrors, options.ignoredAuthorityErrors] {
            add((errors ?? []).sorted().map { UInt8(truncatingIfNeeded: $0) })
        }
        // Of TLS 1.2 OpenSSL takes a session's as it is.
        add(Array((handshake.parameters.ciphers ?? "").utf8))
        var digest = [UInt8](repeating: 0, count: 32)
        guard unsafe EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil) == 1 else {
            throw TLSSettingsError("OpenSSL is not usable: \(OpenSSLErrors.lastReason)")
        }
        return digest
    }

    /// Says whether a client goes on with his session (`SSL_CTX_set_session_ticket_cb(3)`).
    ///
    /// Each handshake makes his time longer and looks at no certificate: not beyond that one's own time.
    private static let ticketDecryptedCallback: SSL_CTX_decrypt_session_ticket_fn = {
        _, session, _, _, status, _ in
        switch status {
        case SSL_TICKET_SUCCESS where unsafe copenssl_is_peer_expired(session) == 0:
            SSL_TICKET_RETURN_USE
        case SSL_TICKET_SUCCESS_RENEW where unsafe copenssl_is_peer_expired(session) == 0:
            SSL_TICKET_RETURN_USE_RENEW
        default: SSL_TICKET_RETURN_IGNORE_RENEW
        }
    }

    private func loadTrust(
        _ handshake: TLSHandshakeOptions<[UInt8]>
    ) throws(TLSSettingsError) {
        let (sent, unsent) = (handshake.authorities ?? [], handshake.unsentAuthorities ?? [])
        if !sent.isEmpty || unsent.isEmpty {
            try addAuthorities(
                PEMFile(sent), sendingNames: handshake.sendsAuthorityNames != false)
        }
        if !unsent.isEmpty { try addAuthorities(PEMFile(unsent), sendingNames: false) }
        if let lists = handshake.revocationLists { try addRevocationLists(lists) }
    }
}
