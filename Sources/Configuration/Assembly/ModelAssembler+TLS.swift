extension ModelAssembler {
    /// `ssl-server-verify none` holds for all servers whose lines do not say `verify`, wherever it stands.
    mutating func settleVerification() {
        guard !draft.verifiesServers else { return }
        for pool in draft.backends.indices {
            let backend = draft.backends[pool].value
            for (index, server) in backend.servers.enumerated()
            where draft.serversWithoutVerify.contains(
                ServerReference(backend: backend.name, server: server.name))
            {
                let none = CheckTLS.Verification.none
                draft.backends[pool].value.servers[index].check?.tls.verification = none
                draft.backends[pool].value.servers[index].tls?.verification = none
            }
        }
    }

    /// Says where a certificate of a server is looked at less than its line lets one think.
    ///
    /// haproxy says nothing of a name that nobody looks at, and goes by lists of revoked certificates:
    /// to pass over one of them would let in who must not be.
    mutating func judgeTLSLines() {
        guard !draft.tlsLines.isEmpty else { return }
        var verifications: [ServerReference: CheckTLS.Verification] = [:]
        for backend in draft.backends.map(\.value) where !backend.checks.isOnlyCheck {
            for server in backend.servers {
                let reference = ServerReference(backend: backend.name, server: server.name)
                verifications[reference] = server.tls?.verification
            }
        }
        /// By the place of the word, which is one for all servers that have it from `default-server`.
        var lists: [Location: (path: String, isWanted: Bool)] = [:]
        for line in draft.tlsLines {
            let verification = verifications[line.value.server]
            if verification == .certificate {
                report(
                    "server \(line.value.server.server.quoted): any certificate of a trusted authority"
                        + " passes, whoever's it is; add 'sni str(NAME)' or 'verifyhost NAME'",
                    at: line.location, as: .warning)
            }
            guard let list = line.value.revocationList else { continue }
            let isWanted = verification.map { $0 != .none } ?? false
            lists[list.location] = (
                list.value, isWanted || lists[list.location]?.isWanted == true
            )
        }
        for (location, list) in lists {
            guard list.isWanted else {
                report(
                    "'crl-file' is known but not implemented yet; it is ignored", at: location,
                    as: .warning)
                continue
            }
            report(
                "crl-file \(list.path.quoted): lists of revoked certificates are not looked at, so that a"
                    + " revoked one would pass; leave it out, and name an authority by 'ca-file' that"
                    + " has revoked none", at: location)
        }
    }
}
