#if Program
import BalancerTLS
import COpenSSL
import NodeConfiguration
import TLSOptions
import Testing

@testable import lbctl

/// Whether what a line `bind`, or one of a `crt-list`, says of TLS comes to what handshakes do.
@ProgramThread @Suite struct `Options of listeners` {
    private let files: OptionFiles

    init() throws { files = try OptionFiles() }

    /// A word, and what shows that it holds.
    private struct Row {
        /// In `bind`, or in the brackets of a list.
        let words: String
        /// What `bind` says in any case.
        var base = ""
        var isForBindAlone = false
        var client = ListenerClient.Options()
        /// What a client sees of a handshake; it is not asked where none comes about.
        var sees: (ListenerClient) -> String = { _ in "a handshake" }
        let without: String
        let with: String
    }

    private static let none = "no handshake"

    private var rows: [Row] {
        let trusts = "verify required ca-file \(files.authority)"
        let good = ListenerClient.Options(certificate: files.good)
        return [
            Row(
                words: "verify required", base: "ca-file \(files.authority)",
                without: "a handshake", with: Self.none),
            Row(
                words: "ca-file \(files.authority)",
                base: "verify required ca-verify-file \(files.other)", client: good,
                without: Self.none, with: "a handshake"),
            Row(
                words: "ca-verify-file \(files.authority)",
                base: "verify required ca-file \(files.other)", client: good,
                without: Self.none, with: "a handshake"),
            Row(
                words: "no-ca-names", base: "verify optional ca-file \(files.authority)",
                client: .init(isOld: true), sees: { "\($0.authorityNameCount) names" },
                without: "1 names", with: "0 names"),
            Row(
                words: "crl-file \(files.revoked)", base: trusts, client: good,
                without: "a handshake", with: Self.none),
            Row(
                words: "alpn h2", client: .init(offersH2: true), sees: \.applicationProtocol,
                without: "", with: "h2"),
            Row(
                words: "ciphers ECDHE-ECDSA-AES128-GCM-SHA256", client: .init(isOld: true),
                sees: \.cipher, without: "ECDHE-ECDSA-AES256-GCM-SHA384",
                with: "ECDHE-ECDSA-AES128-GCM-SHA256"),
            Row(
                words: "ciphersuites TLS_AES_128_GCM_SHA256", sees: \.cipher,
                without: "TLS_AES_256_GCM_SHA384", with: "TLS_AES_128_GCM_SHA256"),
            Row(
                words: "curves P-384", client: .init(groups: "P-256"), without: "a handshake",
                with: Self.none),
            Row(
                words: "sigalgs ECDSA+SHA384", client: .init(isOld: true),
                sees: \.peerSignatureDigest, without: "SHA256", with: "SHA384"),
            Row(
                words: "client-sigalgs ECDSA+SHA384", base: trusts,
                client: .init(isOld: true, certificate: files.good), sees: \.signatureDigest,
                without: "SHA256", with: "SHA384"),
            Row(
                words: "ssl-min-ver TLSv1.3", client: .init(isOld: true), without: "a handshake",
                with: Self.none),
            Row(
                words: "ssl-max-ver TLSv1.2", sees: \.version, without: "TLSv1.3", with: "TLSv1.2"),
            Row(
                words: "strict-sni", isForBindAlone: true,
                client: .init(serverName: "elsewhere.test"), without: "a handshake",
                with: Self.none),
            Row(
                words: "prefer-client-ciphers", isForBindAlone: true,
                client: .init(isOld: true, prefersShortKeys: true), sees: \.cipher,
                without: "ECDHE-ECDSA-AES256-GCM-SHA384", with: "ECDHE-ECDSA-AES128-GCM-SHA256"),
            Row(
                words: "no-tls-tickets", isForBindAlone: true, client: .init(isOld: true),
                sees: { $0.ticketName.isEmpty ? "no ticket" : "a ticket" }, without: "a ticket",
                with: "no ticket"),
            Row(
                words: "tls-ticket-keys \(files.ticketKeys)", isForBindAlone: true,
                client: .init(isOld: true),
                sees: {
                    $0.ticketName == Array(repeating: 0x61, count: 16) ? "its key" : "another"
                },
                without: "another", with: "its key"),
            Row(
                words: "crt-ignore-err 10", base: trusts, isForBindAlone: true,
                client: .init(certificate: files.expired), without: Self.none, with: "a handshake"),
            Row(
                words: "ca-ignore-err 10",
                base: "verify required ca-file \(files.expiredAuthority)", isForBindAlone: true,
                client: .init(certificate: files.ofExpiredAuthority), without: Self.none,
                with: "a handshake"),
        ]
    }

    private func model(_ words: String, listing options: String? = nil) throws -> Model {
        var certificate = "crt \(files.own)"
        if let options {
            certificate = "crt-list \(try files.write("\(files.own) [\(options)]\n", to: "list"))"
        }
        let text = """
            listen a
            mode tcp
            timeout client 1m
            timeout server 1m
            timeout connect 1s
            bind 192.0.2.1:443 ssl \(certificate) \(words)
            server b 192.0.2.11:80
            """
        let loaded = ConfigurationLoader(format: .haproxy).load([
            InputFile(name: "f", bytes: Array(text.utf8))
        ])
        return try #require(loaded.model, "\(loaded.diagnostics)")
    }

    private func outcome(_ model: Model, _ row: Row) throws -> String {
        let listener = try #require(model.listenerSecurity()[0][0])
        guard let client = ListenerClient(of: listener, row.client) else { return Self.none }
        return row.sees(client)
    }

    @Test func `each holds where it is said`() throws {
        for row in rows {
            let plain = try model(row.base)
            #expect(try outcome(plain, row) == row.without, "\(row.words)")
            let said = try model("\(row.base) \(row.words)")
            #expect(try outcome(said, row) == row.with, "\(row.words)")
            guard !row.isForBindAlone else { continue }
            let listed = try model(row.base, listing: row.words)
            #expect(try outcome(listed, row) == row.with, "crt-list: \(row.words)")
        }
    }

    /// A new option is one of these structures', and has a row here.
    @Test func `each is tried`() throws {
        var tried: Set<String> = []
        for row in rows {
            let plain = try #require(model(row.base).frontends[0].listeners[0].tls)
            let said = try #require(
                model("\(row.base) \(row.words)").frontends[0].listeners[0].tls)
            tried.formUnion(Self.differences(of: plain, and: said))
        }
        let all =
            Self.labels(of: TLSParameters()) + Self.labels(of: TLSHandshakeOptions<String>())
            + Self.labels(of: TLSListenerOptions()) + ["ticketKeysPath"]
        #expect(tried == Set(all).subtracting(["parameters"]))
    }

    private static func labels(of options: Any) -> [String] {
        Mirror(reflecting: options).children.compactMap(\.label)
    }

    /// The names of what is not the same, without the structures that it stands in.
    private static func differences(of one: Any, and other: Any) -> Set<String> {
        var found: Set<String> = []
        for (own, its) in zip(Mirror(reflecting: one).children, Mirror(reflecting: other).children)
        {
            let isStructure =
                own.value is TLSParameters || own.value is TLSListenerOptions
                || own.value is TLSHandshakeOptions<String>
            if isStructure {
                found.formUnion(differences(of: own.value, and: its.value))
            } else if let label = own.label, "\(own.value)" != "\(its.value)" {
                found.insert(label)
            }
        }
        return found
    }
}
#endif
