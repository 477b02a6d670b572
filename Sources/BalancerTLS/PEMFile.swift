internal import COpenSSL

/// Bytes in PEM format.
struct PEMFile {
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
        try unsafe forEach("certificate", of: what, copenssl_read_certificate, body)
    }

    /// The same with each list of revoked certificates.
    @unsafe
    func forEachRevocationList(
        of what: String, _ body: (OpaquePointer) -> Bool
    ) throws(TLSSettingsError) -> Int {
        try unsafe forEach("list", of: what, copenssl_read_crl, body)
    }

    @unsafe
    private func forEach(
        _ kind: String, of what: String, _ read: (OpaquePointer) -> OpaquePointer?,
        _ body: (OpaquePointer) -> Bool
    ) throws(TLSSettingsError) -> Int {
        var count = 0
        let fault = unsafe withSource { source -> String? in
            ERR_clear_error()
            while let item = unsafe read(source) {
                count += 1
                guard unsafe body(item) else {
                    return "is not usable: \(OpenSSLErrors.lastReason)"
                }
            }
            // That nothing follows is an error to OpenSSL as well.
            let isOver = copenssl_is_reason(
                ERR_peek_last_error(), Int32(ERR_LIB_PEM), Int32(PEM_R_NO_START_LINE))
            defer { ERR_clear_error() }
            guard isOver == 0 else { return nil }
            count += 1
            return "is no \(kind)"
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
            guard let source = unsafe copenssl_memory_bio(bytes.baseAddress, Int32(bytes.count))
            else {
                return nil
            }
            defer { unsafe BIO_free(source) }
            return unsafe body(source)
        }
    }
}

extension TLSListenerSettings.Certificate {
    /// When all of it ends to be good, what stands between it and its authority included.
    ///
    /// - Returns: Seconds since 1970.
    /// - Throws: ``TLSSettingsError``, where there is no certificate.
    public func notAfter() throws(TLSSettingsError) -> Int {
        var earliest: Int?
        _ = try unsafe PEMFile(pem).forEachCertificate(of: name) { certificate in
            let end = unsafe copenssl_not_after(certificate)
            earliest = min(earliest ?? end, end)
            unsafe X509_free(certificate)
            return true
        }
        guard let earliest else { throw TLSSettingsError("\(name): there is none in PEM format") }
        return earliest
    }
}

extension PEMFile {
    /// The type of the first certificate's key (EVP_PKEY_…), and the names that it is made out to.
    ///
    /// - Throws: ``TLSSettingsError``, where there is no certificate.
    func facts(named name: String) throws(TLSSettingsError) -> (keyType: Int32, names: [String]) {
        var facts: (keyType: Int32, names: [String])?
        _ = try unsafe forEachCertificate(of: name) { certificate in
            defer { unsafe X509_free(certificate) }
            guard facts == nil else { return true }
            let key = unsafe X509_get0_pubkey(certificate)
            facts = (
                unsafe key.map { unsafe EVP_PKEY_get_base_id($0) } ?? 0,
                unsafe hostNames(of: certificate)
            )
            return true
        }
        guard let facts else { throw TLSSettingsError("\(name): there is none in PEM format") }
        return facts
    }

    /// The names that a certificate is made out to: those of hosts among its alternative names, and the
    /// common names of its subject, as haproxy has them.
    @unsafe
    private func hostNames(of certificate: OpaquePointer) -> [String] {
        var names: [String] = []
        func add(_ start: UnsafePointer<UInt8>?, _ count: Int32) {
            guard let start = unsafe start, count > 0 else { return }
            let bytes = unsafe UnsafeBufferPointer(start: start, count: Int(count))
            // A name is letters, digits, hyphens and dots; what else an authority signed matches nobody.
            guard unsafe bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return }
            names.append(unsafe String(decoding: bytes, as: UTF8.self))
        }
        var count: Int32 = 0
        if let alternatives = unsafe copenssl_alternative_names(certificate) {
            defer { unsafe GENERAL_NAMES_free(alternatives) }
            for index in unsafe 0..<copenssl_count_names(alternatives) {
                let start = unsafe copenssl_host_name(alternatives, index, &count)
                unsafe add(start, count)
            }
        }
        var place: Int32 = -1
        while let start = unsafe copenssl_common_name(certificate, 0, &place, &count) {
            unsafe add(start, count)
        }
        return names
    }
}
