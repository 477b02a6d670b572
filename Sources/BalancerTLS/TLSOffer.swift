internal import COpenSSL

/// What a client is offered: certificates that are shown together, and how handshakes are done with them.
@safe final class TLSOffer: Sendable {
    let context: OpenSSLContext
    /// What holds for them, without any certificate.
    let settings: TLSListenerSettings
    private let protocols: ApplicationProtocols

    /// Makes one that shows nothing yet.
    ///
    /// - Parameters:
    ///   - settings: How handshakes are done.
    ///   - known: One that trusts the same clients.
    /// - Throws: ``TLSSettingsError``, as OpenSSL's contexts do.
    init(_ settings: TLSListenerSettings, sharingWith known: TLSOffer?) throws(TLSSettingsError) {
        self.settings = settings
        protocols = try ApplicationProtocols(settings.applicationProtocols)
        context = try OpenSSLContext(.server)
        try context.prepare(settings, sharingWith: known?.context)
        guard !protocols.row.isEmpty else { return }
        let place = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe SSL_CTX_set_alpn_select_cb(context.pointer, TLSOffer.agree, place)
    }

    /// Has a handshake done so.
    ///
    /// Certificates, ciphers, authorities, protocols and to what sessions belong OpenSSL takes from the
    /// context; what it copied from the first one is said to the handshake itself.
    ///
    /// - Parameters:
    ///   - ssl: The handshake, whose first message is being read.
    ///   - beginning: What it began with.
    /// - Returns: Whether OpenSSL took it.
    @unsafe
    func apply(to ssl: OpaquePointer, insteadOf beginning: TLSOffer) -> Bool {
        if settings.verification != .none {
            let isRequired = settings.verification == .required
            unsafe SSL_set_verify(
                ssl, SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                TLSClientSession.judge)
        }
        guard self !== beginning else { return true }
        guard unsafe SSL_set_SSL_CTX(ssl, context.pointer) != nil,
            unsafe copenssl_set_session_versions(
                ssl, settings.minimumVersion.number, settings.maximumVersion.number) == 1
        else { return false }
        guard let own = settings.groups, own != beginning.settings.groups else { return true }
        return unsafe copenssl_set_session_groups(ssl, own) == 1
    }

    /// Agrees to the first of the protocols that a client offers (`SSL_CTX_set_alpn_select_cb(3)`).
    // SAFETY: the session's listener holds all that it offers.
    private static let agree:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
            UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, chosen, count, offered, offeredCount, place in
            guard let chosen = unsafe chosen, let count = unsafe count,
                let offered = unsafe offered, let place = unsafe place
            else { return SSL_TLSEXT_ERR_NOACK }
            let offer = unsafe Unmanaged<TLSOffer>.fromOpaque(place).takeUnretainedValue()
            let bytes = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
            guard let range = unsafe offer.protocols.best(of: bytes.span) else {
                return SSL_TLSEXT_ERR_NOACK
            }
            unsafe chosen.pointee = offered + range.lowerBound
            unsafe count.pointee = UInt8(range.count)
            return SSL_TLSEXT_ERR_OK
        }
}

extension ApplicationProtocols {
    /// Where the name of the first of these stands among those that were offered.
    fileprivate func best(of offered: Span<UInt8>) -> Range<Int>? {
        var own = 0
        while own < row.count {
            let name = row[own + 1..<own + 1 + Int(row[own])]
            var place = 0
            while place < offered.count {
                let range = place + 1..<place + 1 + Int(offered[place])
                guard range.upperBound <= offered.count else { break }
                if range.count == name.count,
                    zip(range, name).allSatisfy({ offered[$0] == $1 })
                {
                    return range
                }
                place = range.upperBound
            }
            own = name.endIndex
        }
        return nil
    }
}

/// Which certificates are shown for which names.
struct CertificateChoice {
    /// Certificates that are shown together, one for each kind of key; the first set, the first
    /// certificate's, is for who asks for no name.
    private(set) var sets: [[Int]] = []
    /// The set for each name; `nil`: none, even where one is for its neighbours.
    private(set) var places: [String: Int?] = [:]

    /// One that may be shown for a name.
    private struct Candidate {
        let kind: Int32
        let certificate: Int
        /// For which names it is not, though it is for their neighbours.
        let exceptions: Set<String>
    }

    init(_ settings: TLSListenerSettings) throws(TLSSettingsError) {
        guard !settings.certificates.isEmpty else {
            throw TLSSettingsError("there is no certificate")
        }
        var candidates: [String: [Candidate]] = [:]
        var names: [String] = []
        for (index, certificate) in settings.certificates.enumerated() {
            let facts = try PEMFile(certificate.pem).facts(named: certificate.name)
            let filters = (certificate.serverNames.isEmpty ? facts.names : certificate.serverNames)
                .map { $0.lowercased() }
            let exceptions = Set(
                filters.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) })
            // A star alone is for no name: whoever asks for none that is here gets the first one anyway.
            for name in filters where !name.hasPrefix("!") && name != "*" {
                if candidates[name] == nil { names.append(name) }
                candidates[name, default: []].append(
                    Candidate(kind: facts.kind, certificate: index, exceptions: exceptions))
            }
        }
        // A name that is taken from a star, and has no certificate of its own.
        for (star, all) in candidates where star.hasPrefix("*.") {
            for name in Set(all.flatMap(\.exceptions)) where candidates[name] == nil {
                guard let dot = name.firstIndex(of: "."), name[dot...] == star.dropFirst() else {
                    continue
                }
                names.append(name)
                candidates[name] = all.filter { !$0.exceptions.contains(name) }
            }
        }
        let shown = candidates.mapValues(Self.firstOfEachKind)
        try judge(shown, of: settings)
        var known: [[Int]: Int] = [:]
        func place(of set: [Int]) -> Int? {
            guard !set.isEmpty else { return nil }
            if known[set] == nil {
                known[set] = sets.count
                sets.append(set)
            }
            return known[set]
        }
        let ofFirst = names.first.flatMap { shown[$0] }
        _ = place(of: ofFirst?.first == 0 ? ofFirst ?? [0] : [0])
        for name in names { places[name] = .some(place(of: shown[name] ?? [])) }
    }

    /// Of one kind of key the first counts.
    private static func firstOfEachKind(_ candidates: [Candidate]) -> [Int] {
        var kinds: Set<Int32> = []
        return candidates.filter { kinds.insert($0.kind).inserted }.map(\.certificate)
    }

    /// Refuses certificates that are shown together and have different manners: by which of them a handshake
    /// is done would be the client's choice.
    private func judge(
        _ shown: [String: [Int]], of settings: TLSListenerSettings
    ) throws(TLSSettingsError) {
        for (name, certificates) in shown.sorted(by: { $0.key < $1.key }) {
            let all = certificates.map { settings.certificates[$0] }
            let other = all.dropFirst().first {
                settings.applying($0.own) != settings.applying(all[0].own)
            }
            if let other {
                throw TLSSettingsError(
                    "'\(all[0].name)' and '\(other.name)' are both for '\(name)', with different"
                        + " options: a client could choose which of them hold; give both the same")
            }
        }
    }
}
