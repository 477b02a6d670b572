#if Program
import Control
import NodeConfiguration
import TLSOptions
import Testing

@testable import lbctl

/// How a statistics page does handshakes, as configured.
@ProgramThread @Suite(.serialized) struct `Secured pages, as configured` {
    private let folder: ProgramFolder
    private let certificate: String

    init() throws {
        folder = try ProgramFolder()
        certificate = "\(folder.path)/own.pem"
        let words =
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=lb"
            + " -keyout \(certificate) -out \(certificate).part"
        let both = "openssl \(words) && cat \(certificate).part >>\(certificate)"
        #expect(try folder.run(command: ["/bin/sh", "-c", both]).status == 0)
    }

    private func settings(_ words: String) throws -> PageSecurity.Settings {
        let text = """
            frontend p
            mode http
            stats enable
            bind 127.0.0.1:8404 ssl \(words)
            """
        let loaded = ConfigurationLoader(format: .haproxy).load([
            InputFile(name: "f", bytes: Array(text.utf8))
        ])
        let model = try #require(loaded.model, "\(loaded.diagnostics)")
        return try #require(model.pageSecurity()[0][0]).settings
    }

    /// Else what asks for a client's certificate in a list would let in everybody.
    @Test func `what a list's first line says holds for the page`() throws {
        let list = try folder.write(
            "\(certificate) [verify required ca-file \(certificate) ssl-min-ver TLSv1.3]\n",
            to: "list")
        let made = try settings("crt-list \(list)")
        #expect(made.verification == .required)
        #expect(!made.authorities.isEmpty && made.authorities == made.certificate)
        #expect(made.minimumVersion == .tlsv13)
        let plain = try settings("crt \(certificate)")
        #expect(plain.verification == .off && plain.minimumVersion == .tlsv12)
    }

    @Test func `authorities that are not named are trusted, too`() throws {
        let start = "crt \(certificate) verify required"
        let named = try settings("\(start) ca-file \(certificate)")
        #expect(named.authorities == named.certificate && named.sendsAuthorityNames)
        let unnamed = try settings("\(start) ca-verify-file \(certificate)")
        #expect(unnamed.authorities == unnamed.certificate && !unnamed.sendsAuthorityNames)
        let both = try settings("\(start) ca-file \(certificate) ca-verify-file \(certificate)")
        #expect(both.authorities == both.certificate + both.certificate)
        #expect(!both.sendsAuthorityNames)
        let silent = try settings("\(start) ca-file \(certificate) no-ca-names")
        #expect(silent.authorities == silent.certificate && !silent.sendsAuthorityNames)
    }
}
#endif
