internal import COpenSSL
internal import TLSOptions

/// Certificates that are shown together, and how handshakes are done with them.
@safe final class CertificateContext: Sendable {
    let context: OpenSSLContext
    /// How handshakes are done.
    let handshake: TLSHandshakeOptions<[UInt8]>
    private let protocols: ApplicationProtocols

    /// Makes one that shows nothing yet.
    ///
    /// - Parameters:
    ///   - handshake: How handshakes are done; all is said.
    ///   - options: What the listener says besides.
    ///   - known: One that trusts the same clients.
    /// - Throws: ``TLSSettingsError``, as OpenSSL's contexts do.
    init(
        _ handshake: TLSHandshakeOptions<[UInt8]>, _ options: TLSListenerOptions,
        sharingTrustWith known: CertificateContext?
    ) throws(TLSSettingsError) {
        self.handshake = handshake
        protocols = try ApplicationProtocols(handshake.parameters.applicationProtocols ?? [])
        context = try OpenSSLContext(.server)
        try context.configureListener(handshake, options, sharingTrustWith: known?.context)
        guard !protocols.isEmpty else { return }
        let place = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe SSL_CTX_set_alpn_select_cb(
            context.pointer, CertificateContext.selectProtocolCallback, place)
    }

    /// Has a handshake done so.
    ///
    /// Certificates, ciphers, authorities, protocols and to what sessions belong OpenSSL takes from the
    /// context; what it copied from the first one is said to the handshake itself.
    ///
    /// - Parameters:
    ///   - ssl: The handshake, whose first message is being read.
    ///   - initial: What it began with.
    /// - Returns: Whether OpenSSL took it.
    @unsafe
    func apply(to ssl: OpaquePointer, replacing initial: CertificateContext) -> Bool {
        if handshake.verifiesClients {
            let isRequired = handshake.verification == .required
            unsafe SSL_set_verify(
                ssl, SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                TLSClientSession.verifyCallback)
        }
        guard self !== initial else { return true }
        let versions = handshake.parameters.versions
        guard unsafe SSL_set_SSL_CTX(ssl, context.pointer) != nil,
            unsafe copenssl_set_connection_versions(
                ssl, versions.minimum.number, versions.maximum.number) == 1
        else { return false }
        guard let groups = handshake.parameters.groups,
            groups != initial.handshake.parameters.groups
        else { return true }
        return unsafe copenssl_set_connection_groups(ssl, groups) == 1
    }

    /// Agrees to the first of the protocols that a client offers (`SSL_CTX_set_alpn_select_cb(3)`).
    // SAFETY: the session's listener holds all of its contexts.
    private static let selectProtocolCallback:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
            UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, chosen, count, offered, offeredCount, place in
            guard let chosen = unsafe chosen, let count = unsafe count,
                let offered = unsafe offered, let place = unsafe place
            else { return SSL_TLSEXT_ERR_NOACK }
            let own = unsafe Unmanaged<CertificateContext>.fromOpaque(place).takeUnretainedValue()
            let bytes = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
            guard let range = unsafe own.protocols.best(of: bytes.span) else {
                return SSL_TLSEXT_ERR_NOACK
            }
            unsafe chosen.pointee = offered + range.lowerBound
            unsafe count.pointee = UInt8(range.count)
            return SSL_TLSEXT_ERR_OK
        }
}
