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
    mutating func judgeTLSLines() {
        guard !draft.tlsLines.isEmpty else { return }
        var servers: [ServerReference: Server] = [:]
        for backend in draft.backends.map(\.value) where !backend.checks.isOnlyCheck {
            for server in backend.servers {
                servers[ServerReference(backend: backend.name, server: server.name)] = server
            }
        }
        /// By the place of the word, which is one for all servers that have it from `default-server`.
        var lists: [Location: RevocationList] = [:]
        for line in draft.tlsLines {
            let name = line.value.server.server
            let server = servers[line.value.server]
            if let complaint = server?.tls?.looseVerification {
                report("server \(name.quoted): \(complaint)", at: line.location, as: .warning)
            }
            guard let location = line.value.revocationLocation else { continue }
            lists[location, default: RevocationList()].add(server)
        }
        for (location, list) in lists {
            guard let complaint = list.complaint else { continue }
            report("'crl-file' \(complaint)", at: location, as: .warning)
        }
    }
}

extension ServerTLS {
    /// Whose certificates pass that one would not think of; `nil`: nobody's.
    var looseVerification: String? {
        switch verification {
        case .certificate:
            "any certificate of a trusted authority passes, whoever's it is; add 'sni str(NAME)' or"
                + " 'verifyhost NAME'"
        case .certificateAndName where verifiedName == nil:
            "for a client who names nobody any certificate of a trusted authority passes, whoever's it"
                + " is; add 'verifyhost NAME'"
        case .none, .certificateAndName: nil
        }
    }
}

/// What a list of revoked certificates is for, of all servers that have it from one word.
private struct RevocationList {
    private var isOfConnections = false
    private var isOfChecks = false

    mutating func add(_ server: Server?) {
        if let tls = server?.tls, tls.verification != .none { isOfConnections = true }
        if let check = server?.check, check.usesTLS, check.tls.verification != .none {
            isOfChecks = true
        }
    }

    /// What does not come of it; `nil`: it is all there.
    var complaint: String? {
        if isOfChecks {
            return
                "is for clients' connections alone: a server whose certificate was revoked passes its"
                + " checks, and is up"
        }
        return isOfConnections
            ? nil
            : "has no effect without 'ssl' and 'verify required': nobody looks at certificates"
    }
}
