internal import COpenSSL

/// What the server's side does.
extension OpenSSLContext {
    /// Does as a listener's settings say, but for the certificates that are shown.
    ///
    /// - Parameters:
    ///   - settings: The settings.
    ///   - trusting: A context of the same authorities and lists, which are used, too.
    /// - Throws: ``TLSSettingsError``, where authorities or a list are none, or OpenSSL does not know a
    ///   cipher or a curve.
    func prepare(
        _ settings: TLSListenerSettings, sharingWith trusting: OpenSSLContext?
    ) throws(TLSSettingsError) {
        unsafe copenssl_prepare_server(
            pointer, settings.prefersClientCiphers ? 1 : 0, settings.givesTickets ? 1 : 0)
        try setVersions(settings.minimumVersion, settings.maximumVersion)
        try setCiphers(settings.ciphers, suites: settings.cipherSuites)
        if let groups = settings.groups, unsafe copenssl_set_groups(pointer, groups) != 1 {
            throw TLSSettingsError(
                "curves '\(groups)': OpenSSL does not know them; X25519:P-256 are two")
        }
        try setSignatures(settings)
        let identity = try identity(of: settings)
        _ = unsafe SSL_CTX_set_session_id_context(pointer, identity, UInt32(identity.count))
        unsafe SSL_CTX_set_timeout(pointer, Int(settings.sessionLife.components.seconds))
        unsafe SSL_CTX_set_session_ticket_cb(pointer, nil, OpenSSLContext.judgeTicket, nil)
        guard settings.verification != .none else { return }
        if let trusting, let store = unsafe SSL_CTX_get_cert_store(trusting.pointer) {
            unsafe SSL_CTX_set1_cert_store(pointer, store)
            // They are kept beside the store.
            let names = unsafe SSL_dup_CA_list(SSL_CTX_get_client_CA_list(trusting.pointer))
            unsafe SSL_CTX_set_client_CA_list(pointer, names)
        } else {
            try trustClients(settings)
        }
    }

    private func setSignatures(_ settings: TLSListenerSettings) throws(TLSSettingsError) {
        if let words = settings.signatures, unsafe copenssl_set_signatures(pointer, words) != 1 {
            throw TLSSettingsError(
                "sigalgs '\(words)': OpenSSL does not know them; ECDSA+SHA256:RSA-PSS+SHA256 are two"
            )
        }
        if let words = settings.clientSignatures,
            unsafe copenssl_set_client_signatures(pointer, words) != 1
        {
            throw TLSSettingsError(
                "client-sigalgs '\(words)': OpenSSL does not know them; ECDSA+SHA256:RSA-PSS+SHA256 are"
                    + " two")
        }
    }

    /// What tells sessions of one way to verify clients, and to encrypt, from those of another: a ticket
    /// whose keys several listeners, or certificates, have must not let in by one who was let in by the
    /// other.
    private func identity(of settings: TLSListenerSettings) throws(TLSSettingsError) -> [UInt8] {
        let verification: UInt8 =
            switch settings.verification {
            case .none: 0
            case .optional: 1
            case .required: 2
            }
        var bytes: [UInt8] = [verification]
        func add(_ part: [UInt8]) {
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: part.count >> (8 * $0)) } + part
        }
        add(settings.authorities)
        add(settings.unnamedAuthorities)
        add(settings.revocationList ?? [])
        for errors in [settings.ignoredCertificateErrors, settings.ignoredAuthorityErrors] {
            add(errors.sorted().map { UInt8(truncatingIfNeeded: $0) })
        }
        // Of TLS 1.2 OpenSSL takes a session's as it is.
        add(Array((settings.ciphers ?? "").utf8))
        var digest = [UInt8](repeating: 0, count: 32)
        guard unsafe EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil) == 1 else {
            throw TLSSettingsError("OpenSSL is not usable: \(OpenSSLErrors.lastReason)")
        }
        return digest
    }

    /// Says whether a client goes on with his session (`SSL_CTX_set_session_ticket_cb(3)`).
    ///
    /// Each handshake makes his time longer and looks at no certificate: not beyond that one's own time.
    private static let judgeTicket: SSL_CTX_decrypt_session_ticket_fn = {
        _, session, _, _, status, _ in
        switch status {
        case SSL_TICKET_SUCCESS where unsafe copenssl_has_outdated_peer(session) == 0:
            SSL_TICKET_RETURN_USE
        case SSL_TICKET_SUCCESS_RENEW where unsafe copenssl_has_outdated_peer(session) == 0:
            SSL_TICKET_RETURN_USE_RENEW
        default: SSL_TICKET_RETURN_IGNORE_RENEW
        }
    }

    private func trustClients(_ settings: TLSListenerSettings) throws(TLSSettingsError) {
        if !settings.authorities.isEmpty || settings.unnamedAuthorities.isEmpty {
            try trust(PEMFile(settings.authorities), ofClients: settings.namesAuthorities)
        }
        if !settings.unnamedAuthorities.isEmpty {
            try trust(PEMFile(settings.unnamedAuthorities), ofClients: false)
        }
        if let list = settings.revocationList { try refuse(listedIn: list) }
    }
}
