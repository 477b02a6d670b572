import Foundation
import NodeConfiguration
import Testing

/// What haproxy from Debian takes and refuses of servers' TLS, and what is taken here.
@Suite struct `TLS to servers beside haproxy` {
    enum Verdict: Sendable {
        case bothTake
        case bothRefuse
        /// haproxy takes it alone; the text says why.
        case refusedHere(String)
        /// haproxy refuses it alone; the text says why.
        case takenHere(String)
    }

    private static let noName = "what does not name a server is not taken for its name"
    private static let brokenVersion = "SSL 3.0 is not spoken"
    private static let system = "the system's authorities are trusted without a word"
    private static let byLibrary = "who does the handshake knows the ciphers"

    @Test(
        arguments: [
            ("ssl verify none", .bothTake), ("no-ssl", .bothTake),
            ("ssl", .takenHere(system)), ("ssl verify required", .takenHere(system)),
            ("ssl verify required ca-file @system-ca", .bothTake),
            ("ssl verify required ca-file AUTHORITY", .bothTake),
            ("ssl verify required ca-file KEY", .bothRefuse),
            ("ssl verify maybe", .bothRefuse),
            ("ssl verify none verifyhost a.org", .bothTake),
            ("ssl verify none sni str(a.org)", .bothTake), ("sni str(a.org)", .bothTake),
            ("ssl verify none sni a.org", .bothRefuse), ("ssl verify none sni", .bothRefuse),
            ("ssl verify none sni str(a,b)", .bothRefuse),
            ("ssl verify none sni str(192.0.2.1)", .refusedHere("RFC 6066, section 3")),
            ("ssl verify none sni req.ssl_sni", .bothTake),
            ("ssl verify none sni req.ssl_sni,lower", .bothTake),
            ("ssl verify none sni ssl_fc_sni", .bothTake),
            ("ssl verify none sni ssl_fc_sni,no-such", .bothRefuse),
            ("ssl verify none sni src", .refusedHere(noName)),
            ("ssl verify none sni str(a.org),lower", .refusedHere("a name is written as it is")),
            ("ssl verify none alpn h2,http/1.1", .bothTake), ("ssl verify none alpn", .bothRefuse),
            ("ssl verify none crt BOTH", .bothTake), ("ssl verify none crt AUTHORITY", .bothRefuse),
            ("ssl verify none crt KEY", .bothRefuse), ("ssl verify none crt NOWHERE", .bothRefuse),
            ("ssl verify none ciphers ECDHE+AESGCM:!aNULL", .bothTake),
            ("ssl verify none ciphers", .bothRefuse),
            ("ssl verify none ciphers NONE-OF-THEM", .takenHere(byLibrary)),
            ("ssl verify none ciphersuites TLS_AES_256_GCM_SHA384", .bothTake),
            ("ssl verify none ciphersuites NONE-OF-THEM", .bothRefuse),
            ("ssl verify none ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.3", .bothTake),
            ("ssl verify none ssl-min-ver TLSv1.4", .bothRefuse),
            ("ssl verify none ssl-min-ver tlsv1.2", .bothRefuse),
            ("ssl verify none ssl-min-ver SSLv3", .refusedHere(brokenVersion)),
            ("ssl verify none ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2", .bothRefuse),
            ("ssl verify none force-sslv3", .bothRefuse), ("ssl verify none no-sslv3", .bothTake),
            ("ssl verify none force-tlsv12", .bothTake),
            ("ssl verify none force-tlsv12 force-tlsv13", .bothTake),
            ("ssl verify none no-tlsv10 no-tlsv11", .bothTake),
            ("ssl verify none no-tlsv13", .bothTake),
            ("ssl verify none no-tlsv12", .refusedHere("a gap, of which haproxy warns")),
            (
                "ssl verify none no-sslv3 no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13",
                .bothRefuse
            ),
            ("ssl verify none no-ssl-reuse no-tls-tickets ssl-reuse tls-tickets", .bothTake),
            ("ssl verify none crl-file NOWHERE", .bothRefuse),
            ("ssl verify none crl-file AUTHORITY", .refusedHere("there is no list in it")),
            ("ssl verify required ca-file AUTHORITY crl-file REVOKED", .bothTake),
            ("ssl verify none check check-sni a.org check-alpn h2 no-check-ssl", .bothTake),
        ] as [(String, Verdict)])
    func `the same lines are taken`(words: String, verdict: Verdict) throws {
        try compare(words, "", verdict)
    }

    @Test(
        arguments: [
            ("ssl-default-server-options no-sslv3 ssl-min-ver TLSv1.2", .bothTake),
            ("ssl-default-server-options force-tlsv12", .bothTake),
            ("ssl-default-server-options", .bothRefuse),
            ("ssl-default-server-options no-such", .bothRefuse),
            ("ssl-default-server-options ssl-min-ver TLSv1.4", .bothRefuse),
            ("ssl-default-server-options ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2", .bothRefuse),
            ("ssl-default-server-ciphers AES128-SHA", .bothTake),
            ("ssl-default-server-ciphers", .bothRefuse),
            ("ssl-default-server-ciphersuites TLS_AES_128_GCM_SHA256", .bothTake),
            ("ssl-default-server-ciphersuites NONE-OF-THEM", .bothRefuse),
            ("ssl-server-verify none", .bothTake), ("ssl-server-verify maybe", .bothRefuse),
            ("crt-base FOLDER", .bothTake),
        ] as [(String, Verdict)])
    func `the same global lines are taken`(line: String, verdict: Verdict) throws {
        try compare("ssl verify none", line, verdict)
    }

    private func compare(_ words: String, _ global: String, _ verdict: Verdict) throws {
        let files = try TLSFiles()
        try files.writeRevocationList()
        var text = """
            global
            \(global)
            defaults
            mode tcp
            timeout client 1m
            timeout server 1m
            timeout connect 5s
            listen web
            bind 127.0.0.1:4444
            server b 192.0.2.12:443 \(words)
            """
        for (name, path) in [
            ("AUTHORITY", files.authority), ("BOTH", files.both), ("KEY", files.path("key.pem")),
            ("NOWHERE", files.path("nowhere.pem")),
            ("REVOKED", files.path("revoked.pem")), ("FOLDER", files.folder),
        ] { text = text.replacing(name, with: path) }
        let (theirs, ours) =
            switch verdict {
            case .bothTake: (true, true)
            case .bothRefuse: (false, false)
            case .refusedHere: (true, false)
            case .takenHere: (false, true)
            }
        #expect(try files.isTakenByHAProxy(text) == theirs)
        let loaded = load(text)
        #expect((loaded.model != nil) == ours, "\(loaded.diagnostics)")
    }
}
