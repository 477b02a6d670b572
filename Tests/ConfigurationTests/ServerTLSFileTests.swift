import Foundation
import NodeConfiguration
import Testing

@Suite struct `Files of TLS to servers` {
    private let files: TLSFiles

    init() throws { files = try TLSFiles() }

    private func found(_ words: String, global: String = "") -> [String] {
        diagnose("global\n\(global)\n" + proxy("server b 192.0.2.12:443 ssl \(words)"))
    }

    @Test func `each file stands in the model once, and never in what is printed`() throws {
        let text = proxy(
            """
            default-server ssl verifyhost a.org ca-file \(files.authority) crt \(files.both)
            server b 192.0.2.12:443
            server c 192.0.2.13:443
            server d 192.0.2.14:443 check check-ssl
            """)
        let model = try #require(load(text).model)
        #expect(model.authorities == [files.authority: Array(try files.text("authority.pem").utf8)])
        #expect(model.certificates == [files.both: Array(try files.text("both.pem").utf8)])
        for server in model.backends[0].servers.dropFirst() {
            #expect(server.tls?.authoritiesPath == files.authority)
            #expect(server.tls?.certificatePath == files.both)
        }
        #expect(try Model(decoding: try model.encoded()) == model)
        let file = InputFile(name: "f", bytes: Array(text.utf8))
        let written = try #require(ConfigurationLoader().convert([file]).text)
        #expect(written.contains("crt \(files.both)"))
        #expect(!written.contains("PRIVATE"))
    }

    @Test func `a file of a line without ssl is not kept`() throws {
        let text = proxy("server b 192.0.2.12:443 crt \(files.both) ca-file \(files.authority)")
        let model = try #require(load(text).model)
        #expect(model.certificates.isEmpty)
        #expect(model.authorities.isEmpty)
        #expect(
            diagnose(text).first
                == "f:7:25: warning: 'crt' has no effect without TLS; it begins with 'ssl' or 'check-ssl'"
        )
    }

    @Test func `crt-base and ca-base are where relative paths begin`() throws {
        let text =
            "global\ncrt-base \(files.folder)\nca-base \(files.folder)\n"
            + proxy(
                "server b 192.0.2.12:443 ssl verifyhost a.org crt both.pem ca-file authority.pem")
        #expect(diagnose(text) == [])
        let tls = try #require(load(text).model?.backends[0].servers[1].tls)
        #expect(tls.certificatePath == files.both)
        #expect(tls.authoritiesPath == files.authority)
        let line = "verify none crt both.pem"
        #expect(
            found(line, global: "crt-base /nowhere") == [
                "f:9:45: error: crt '/nowhere/both.pem': no such file"
            ])
        #expect(found("verify none ca-file @system-ca", global: "ca-base /nowhere") == [])
    }

    @Test func `the key may stand beside its certificate`() throws {
        try files.write("authority.pem.key", try files.text("key.pem"))
        let text = proxy("server b 192.0.2.12:443 ssl verify none crt \(files.authority)")
        #expect(diagnose(text) == [])
        let held = try #require(load(text).model?.certificates[files.authority])
        #expect(
            String(decoding: held, as: UTF8.self)
                == (try files.text("authority.pem") + "\n" + files.text("key.pem")))
    }

    @Test func `what is no certificate with its key is refused`() throws {
        func refusal(_ path: String, _ reason: String) -> [String] {
            ["f:9:45: error: crt '\(path)': \(reason)"]
        }
        func refused(_ path: String) -> [String] { found("verify none crt \(path)") }
        // Paths are shown up to 48 characters, so these are short.
        let short = InputFileFixture.freePath().suffix(8)
        let path = "/tmp/lb-\(short)"
        defer {
            InputFileFixture.remove(path)
            InputFileFixture.remove(path + ".key")
        }
        let (certificate, key) = (try files.text("authority.pem"), try files.text("key.pem"))
        #expect(refused(path) == refusal(path, "no such file"))
        #expect(
            refused("/tmp") == refusal("/tmp", "no regular file: a reload waits for nobody"))
        let noCertificate =
            "must hold a certificate in PEM form, between 'BEGIN CERTIFICATE' and 'END CERTIFICATE', and its key"
        for text in ["", "nothing", key, String(certificate.dropLast(40)) + key] {
            try InputFileFixture.write(text, to: path)
            #expect(refused(path) == refusal(path, noCertificate))
        }
        try InputFileFixture.write(certificate, to: path)
        #expect(
            refused(path)
                == refusal(
                    path,
                    "has no private key in it, nor is there a file '\(path).key'; add the key, between 'BEGIN PRIVATE KEY' and 'END PRIVATE KEY'"
                ))
        let noKey =
            "must hold a whole private key in PEM form, between 'BEGIN PRIVATE KEY' and 'END PRIVATE KEY'"
        try InputFileFixture.write("nothing", to: path + ".key")
        #expect(refused(path) == refusal(path + ".key", noKey))
        try InputFileFixture.write(certificate + key.dropLast(40), to: path)
        #expect(refused(path) == refusal(path, noKey))
        let encrypted = key.replacing("PRIVATE", with: "ENCRYPTED PRIVATE")
        let older = key.replacing(
            "KEY-----\nM", with: "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nM")
        #expect(older != key)
        for text in [encrypted, older] {
            try InputFileFixture.write(certificate + text, to: path)
            #expect(
                refused(path)
                    == refusal(
                        path,
                        "its key is encrypted, and nobody is asked for a password; write it without one, as 'openssl pkey' does"
                    ))
        }
    }

    @Test func `lists of revoked certificates have their place, and an effect or a warning`() throws
    {
        let list = "-----BEGIN X509 CRL-----\nMA==\n-----END X509 CRL-----\n"
        try files.write("revoked.pem", list)
        let path = files.path("revoked.pem")
        let words = "ssl verify required verifyhost a.org crl-file \(path)"
        let model = try #require(load(proxy("server b 192.0.2.12:443 \(words)")).model)
        #expect(model.backends[0].servers.last?.tls?.revocationListPath == path)
        #expect(model.revocationLists == [path: Array(list.utf8)])
        let idle =
            "warning: 'crl-file' has no effect without 'ssl' and 'verify required': nobody looks at certificates"
        let isUp =
            "warning: 'crl-file' is for clients' connections alone: a server whose certificate was revoked passes its checks, and is up"
        let global = "global\nca-base \(files.folder)\n"
        func found(_ lines: String) -> [String] { diagnose(global + proxy(lines)) }
        #expect(found("server b 192.0.2.12:443 \(words)") == [])
        #expect(
            found("server b 192.0.2.12:443 ssl verify none crl-file revoked.pem") == [
                "f:9:41: \(idle)"
            ])
        #expect(found("server b 192.0.2.12:443 crl-file revoked.pem") == ["f:9:25: \(idle)"])
        #expect(found("server b 192.0.2.12:443 check \(words)") == ["f:9:68: \(isUp)"])
        #expect(found("server b 192.0.2.12:443 check no-check-ssl \(words)") == [])
        // One of several that have it is enough, and it is told once.
        #expect(
            found(
                """
                default-server verify none crl-file revoked.pem
                server b 192.0.2.12:443 ssl verify required verifyhost b.org
                server c 192.0.2.13:443 ssl
                """) == [])
        #expect(
            found(
                """
                default-server verify none crl-file revoked.pem
                server b 192.0.2.12:443
                server c 192.0.2.13:443 ssl
                """) == ["f:9:28: \(idle)"])
        #expect(
            found("server b 192.0.2.12:443 ssl verifyhost b.org crl-file \(files.both)").last?
                .contains("must hold lists of revoked certificates in PEM form") == true)
    }

    @Test func `the page's examples are accepted as they stand, and their words are known`() throws
    {
        let package = "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
        let page = try String(
            contentsOfFile: "/\(package)/Documentation/TLS.md", encoding: .utf8)
        let parts = page.components(separatedBy: "\n## ").dropFirst()
        try #require(parts.count == 3)
        for name in ["lb1.pem", "www.pem", "api.pem", "db.pem"] {
            try files.write(name, try files.text("both.pem"))
        }
        try files.write("clients.pem", try files.text("authority.pem"))
        try files.write("revoked.pem", "-----BEGIN X509 CRL-----\nMA==\n-----END X509 CRL-----\n")
        try files.write("people", "somebody\n")
        let times = "defaults\nmode tcp\ntimeout connect 5s\ntimeout server 1m\ntimeout client 1m\n"
        let backends = ["www", "api", "database"].map { "backend \($0)\nserver s 192.0.2.9:1\n" }
        let expectations = [(backends.joined(), 27), ("", 18), ("", 0)]
        for (part, (more, wordCount)) in zip(parts, expectations) {
            let example = try #require(part.components(separatedBy: "```").dropFirst().first)
            let text = times + example.replacing("/etc/lbctl", with: files.folder) + more
            #expect(diagnose(text) == [])
            let rows = part.split(separator: "\n").filter { $0.hasPrefix("| `") }
            let words = rows.flatMap { row in
                row.split(separator: "|")[0].split(separator: "`").filter {
                    $0.first?.isLetter == true
                }
            }
            try #require(words.count == wordCount)
            for word in words {
                let name = word.split(separator: " ")[0]
                let line =
                    more.isEmpty
                    ? "server b 192.0.2.12:443 ssl verify none \(name)"
                    : "bind 192.0.2.1:443 \(name)"
                #expect(diagnose(proxy(line)).filter { $0.contains("unknown") } == [])
            }
        }
    }

    @Test(arguments: ["ssl", "check-ssl"])
    func `a check shows the certificate too`(tls: String) throws {
        let text = proxy("server b 192.0.2.12:443 \(tls) verify none crt \(files.both) check")
        let model = try #require(load(text).model)
        #expect(model.backends[0].servers[1].check?.tls.certificatePath == files.both)
        #expect(model.certificates.keys.sorted() == [files.both])
        #expect(diagnose(text) == [])
    }
}
