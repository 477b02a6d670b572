internal import COpenSSL

/// What handshakes with any number of servers have in common, read once: OpenSSL's SSL_CTX.
///
/// The authorities are what makes it large (about 1 MB for a system's), so it is to be shared.
@safe public final class TLSContext: @unchecked Sendable {
    // SAFETY: an SSL_CTX may be used by several threads once nothing is set in it any more
    // (openssl-threads(7)), which is after `init`.
    let pointer: OpaquePointer
    /// The settings.
    public let settings: TLSSettings

    /// Reads the settings.
    ///
    /// - Parameter settings: The settings.
    /// - Throws: ``TLSSettingsError``, where authorities or a certificate are none, a key is missing,
    ///   locked or another one's, or OpenSSL does not know a cipher.
    public init(_ settings: TLSSettings) throws(TLSSettingsError) {
        _ = TLSContext.isInitialized
        guard let pointer = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw TLSSettingsError("OpenSSL is not usable: \(OpenSSLErrors.lastReason)")
        }
        unsafe self.pointer = pointer
        self.settings = settings
        // What one call did not take, the next one has from elsewhere; idle connections hold no buffers.
        let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        unsafe copenssl_set_mode(pointer, Int(modes | SSL_MODE_RELEASE_BUFFERS))
        unsafe copenssl_set_read_ahead(pointer)
        unsafe copenssl_refuse_renegotiation(pointer)
        // Many servers end their stream by TCP alone; haproxy and nginx take that as well.
        unsafe copenssl_accept_end_of_stream(pointer)
        try setVersions()
        try setCiphers()
        try setProtocols()
        if settings.verifies { try setAuthorities() }
        if let certificate = settings.certificate { try setCertificate(certificate) }
        if settings.resumesSessions { unsafe copenssl_cache_in_callback(pointer, TLSTickets.keep) }
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    /// OpenSSL would take its tables down as the process ends, under threads that may still use them.
    private static let isInitialized =
        OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1

    private func setVersions() throws(TLSSettingsError) {
        let (least, greatest) = (settings.minimumVersion.number, settings.maximumVersion.number)
        guard least <= greatest, unsafe copenssl_set_versions(pointer, least, greatest) == 1 else {
            throw TLSSettingsError(
                "no version of TLS is left between the lowest and the highest one")
        }
    }

    private func setCiphers() throws(TLSSettingsError) {
        if let ciphers = settings.ciphers, unsafe SSL_CTX_set_cipher_list(pointer, ciphers) != 1 {
            throw TLSSettingsError(
                "ciphers '\(ciphers)': OpenSSL knows none of them (openssl ciphers)")
        }
        if let suites = settings.cipherSuites, unsafe SSL_CTX_set_ciphersuites(pointer, suites) != 1
        {
            throw TLSSettingsError(
                "ciphersuites '\(suites)': OpenSSL does not know them; TLS_AES_128_GCM_SHA256 is one"
            )
        }
    }

    private func setProtocols() throws(TLSSettingsError) {
        var row: [UInt8] = []
        for name in settings.applicationProtocols {
            guard (1...255).contains(name.utf8.count) else {
                throw TLSSettingsError(
                    "ALPN: a name has 1 to 255 bytes; one has \(name.utf8.count)")
            }
            row.append(UInt8(name.utf8.count))
            row.append(contentsOf: name.utf8)
        }
        guard !row.isEmpty else { return }
        // 0 is success here (SSL_CTX_set_alpn_protos(3)).
        guard unsafe SSL_CTX_set_alpn_protos(pointer, row, UInt32(row.count)) == 0 else {
            throw TLSSettingsError("ALPN: \(OpenSSLErrors.lastReason)")
        }
    }

    private func setAuthorities() throws(TLSSettingsError) {
        unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        switch settings.authorities {
        case .system:
            guard unsafe SSL_CTX_set_default_verify_paths(pointer) == 1 else {
                throw TLSSettingsError("the system's authorities: \(OpenSSLErrors.lastReason)")
            }
        case .pem(let bytes):
            guard let store = unsafe SSL_CTX_get_cert_store(pointer) else { return }
            let count = try unsafe PEMFile(bytes).forEachCertificate(of: "authorities") {
                certificate in
                // One that is there twice is no error here.
                _ = unsafe X509_STORE_add_cert(store, certificate)
                unsafe X509_free(certificate)
                return true
            }
            guard count > 0 else {
                throw TLSSettingsError("authorities: no certificate is among them")
            }
        }
    }

    private func setCertificate(_ bytes: [UInt8]) throws(TLSSettingsError) {
        var isOwn = true
        let file = PEMFile(bytes)
        let count = try unsafe file.forEachCertificate(of: "certificate") { certificate in
            defer { isOwn = false }
            if isOwn {
                defer { unsafe X509_free(certificate) }
                return unsafe SSL_CTX_use_certificate(pointer, certificate) == 1
            }
            guard unsafe copenssl_add_chain_certificate(pointer, certificate) == 1 else {
                unsafe X509_free(certificate)
                return false
            }
            return true
        }
        guard count > 0 else { throw TLSSettingsError("certificate: there is none in PEM format") }
        guard let key = unsafe file.key else {
            throw TLSSettingsError(
                "certificate: its key is not with it, or is locked by a password")
        }
        defer { unsafe EVP_PKEY_free(key) }
        // The first call does not look at a certificate of another kind of key.
        guard unsafe SSL_CTX_use_PrivateKey(pointer, key) == 1,
            unsafe SSL_CTX_check_private_key(pointer) == 1
        else {
            throw TLSSettingsError("certificate: the key with it is not its own")
        }
    }
}

extension TLSSettings.Version {
    fileprivate var number: Int32 {
        switch self {
        case .one: TLS1_VERSION
        case .oneOne: TLS1_1_VERSION
        case .oneTwo: TLS1_2_VERSION
        case .oneThree: TLS1_3_VERSION
        }
    }
}

/// Bytes in PEM format.
private struct PEMFile {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Gives each certificate to somebody, who owns it from then on.
    ///
    /// - Parameters:
    ///   - what: What they are, in the error.
    ///   - body: Says whether OpenSSL took it.
    /// - Returns: How many there were.
    /// - Throws: ``TLSSettingsError`` that names the first one that is none, or was not taken, and why.
    @unsafe
    func forEachCertificate(
        of what: String, _ body: (OpaquePointer) -> Bool
    ) throws(TLSSettingsError) -> Int {
        var count = 0
        let fault = unsafe withSource { source -> String? in
            ERR_clear_error()
            while let certificate = unsafe copenssl_read_certificate(source) {
                count += 1
                guard unsafe body(certificate) else {
                    return "is not usable: \(OpenSSLErrors.lastReason)"
                }
            }
            // That nothing follows is an error to OpenSSL as well.
            let isOver = copenssl_is_reason(
                ERR_peek_last_error(), Int32(ERR_LIB_PEM), Int32(PEM_R_NO_START_LINE))
            defer { ERR_clear_error() }
            guard isOver == 0 else { return nil }
            count += 1
            return "is no certificate"
        }
        if let fault { throw TLSSettingsError("\(what): number \(count) \(fault)") }
        return count
    }

    /// The first key, which is the caller's to free; `nil`: there is none, or it is locked.
    @unsafe var key: OpaquePointer? {
        unsafe withSource { unsafe copenssl_read_key($0) }
    }

    @unsafe
    private func withSource<Result>(_ body: (OpaquePointer) -> Result?) -> Result? {
        unsafe bytes.withUnsafeBytes { bytes in
            // There is none where memory is lacking.
            guard let source = unsafe copenssl_bytes(bytes.baseAddress, Int32(bytes.count)) else {
                return nil
            }
            defer { unsafe BIO_free(source) }
            return unsafe body(source)
        }
    }
}
