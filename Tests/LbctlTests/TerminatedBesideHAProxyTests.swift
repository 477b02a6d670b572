#if Program
import Foundation
import LinuxIO
import Testing

/// The same file, with a `crt-list` and log lines about certificates, in Debian's haproxy and here; openssl's
/// client comes to both.
@ProgramThread @Suite(.serialized) struct `Clients by TLS beside haproxy` {
    private let folder: ProgramFolder
    private let server: TalkingServer

    init() async throws {
        folder = try ProgramFolder()
        server = try TalkingServer(.greets("welcome"))
        let script = """
            set -e; cd \(folder.path); umask 077
            mkfifo silence
            new="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            for name in first wild strict asked old new; do
                openssl req -x509 $new -days 30 -subj /O=Shown/CN=$name -keyout k -out c
                cat c k >$name.pem
            done
            openssl req -x509 $new -days 30 -subj '/C=DE/O=Authority Org/CN=Authority' -keyout ca.key -out ca.pem
            openssl req -x509 $new -days 30 -subj '/CN=Stranger' -keyout other.key -out other.pem
            printf '%s\\n' 'oid_section=o' '[o]' 'mine=1.2.3.4' '[req]' 'distinguished_name=d' '[d]' >conf
            openssl req -config conf -utf8 $new -subj '/C=DE/O=Some Org/O=Second/OU=One/OU=Two/CN=J\u{f6}rg/UID=7/mine=x' \
                -keyout client.key -out request
            openssl x509 -req -in request -CA ca.pem -CAkey ca.key -days 20 -set_serial 0x00f1a2b3c4d5e6 -out good.crt
            openssl x509 -req -in request -CA ca.pem -CAkey ca.key -days -1 -set_serial 5 -out expired.crt
            openssl x509 -req -in request -CA other.pem -CAkey other.key -days 20 -out foreign.crt
            openssl x509 -req -in request -signkey client.key -days 12000 -out own.crt
            """
        let made = try folder.run(command: ["/bin/sh", "-c", script + "\n"])
        try #require(made.status == 0, "\(made)")
        let list = """
            # each says something of its own
            first.pem
            wild.pem [alpn http/1.1] *.wild.test !taken.wild.test
            strict.pem [verify required ca-file ca.pem] strict.test
            asked.pem [verify optional ca-file ca.pem no-ca-names] asked.test
            old.pem [ssl-max-ver TLSv1.2 ciphers ECDHE-ECDSA-AES128-GCM-SHA256] old.test
            new.pem [ssl-min-ver TLSv1.3 ciphersuites TLS_CHACHA20_POLY1305_SHA256] new.test

            """
        try folder.write(list, to: "list")
    }

    private func file(_ names: UInt16, _ seen: UInt16) -> String {
        """
        global
            nbthread 1
            tune.ssl.lifetime 77
            crt-base \(folder.path)
            ca-base \(folder.path)
        defaults
            mode tcp
            timeout client 9s
            timeout server 9s
            timeout connect 1s
        listen names
            bind 127.0.0.1:\(names) ssl crt-list \(folder.path)/list alpn h2
            server s 127.0.0.1:\(server.port)
        listen seen
            log stdout format raw local0
            bind 127.0.0.1:\(seen) ssl crt first.pem verify optional ca-file ca.pem crt-ignore-err all ca-ignore-err all
            log-format "seen %ft %f %{+Q}sslv %{+Q}sslc %[ssl_c_s_dn] O=%[ssl_c_s_dn(O)] o2=%[ssl_c_s_dn(o,2)] ou=%[ssl_c_s_dn(OU,-1)] L=%[ssl_c_s_dn(L)] oid=%[ssl_c_s_dn(1.2.3.4)] i=%[ssl_c_i_dn] icn=%[ssl_c_i_dn(CN)] n=%[ssl_c_serial,hex] d=%[ssl_c_sha1,hex] %[ssl_c_notbefore] %[ssl_c_notafter] v=%[ssl_c_verify] e=%[ssl_c_err] ca=%[ssl_c_ca_err] at=%[ssl_c_ca_err_depth] used=%[ssl_c_used] f=%[ssl_f_s_dn] %[ssl_f_serial,hex] %[ssl_f_notafter] k=%[ssl_c_key_alg] s=%[ssl_c_sig_alg] %[ssl_f_key_alg] %[ssl_f_sig_alg]"
            server s 127.0.0.1:\(server.port)

        """
    }

    /// What openssl's client says of a handshake, without what is another thing each time.
    ///
    /// It waits for the other side's end, be it the server's after its word or a refusal: one that ended by
    /// itself could do so before either has come.
    private func visit(
        _ port: UInt16, _ words: String,
        _ marks: [String] = [
            "subject=", "New, TLS", "ALPN", "Acceptable", "alert number",
            "Client Certificate Types",
        ]
    ) throws -> [String] {
        let command =
            "cd \(folder.path); timeout 20 openssl s_client -connect 127.0.0.1:\(port) \(words)"
            + " 2>&1 <>silence"
        let output = try folder.run(command: ["/bin/sh", "-c", command]).output
        var told = output.split(separator: "\n").map(String.init).filter { line in
            marks.contains { line.contains($0) }
        }.map { $0.replacing(/^.*SSL alert/, with: "SSL alert") }
        if output.contains("welcome") { told.append("welcome") }
        return told
    }

    @Test func `the same handshakes, and the same words in the log`() throws {
        let ports = try (0..<4).map { _ in try freePort() }
        let theirs = try folder.write(file(ports[2], ports[3]), to: "haproxy.cfg")
        let ours = try folder.write(file(ports[0], ports[1]), to: "ours.cfg")
        let haproxy = try RunningProgram(
            ["/usr/sbin/haproxy", "-db", "-f", theirs], in: folder, output: "haproxy",
            errors: "haproxy")
        defer { haproxy.kill() }
        let program = try folder.start(ours)
        defer { program.kill() }
        try folder.awaitLog(" serves, ")
        try eventually(within: .seconds(20), "haproxy: \(folder.text(of: "haproxy"))") {
            try visit(ports[2], "-noservername").contains("welcome")
        }
        let shown = "-cert good.crt -key client.key"
        for words in [
            "-noservername", "-servername elsewhere.test -alpn h2,http/1.1",
            "-servername a.wild.test -alpn h2,http/1.1", "-servername taken.wild.test -alpn h2",
            "-servername strict.test", "-servername strict.test -tls1_2",
            "-servername strict.test \(shown)", "-servername strict.test -tls1_2 \(shown)",
            "-servername strict.test -cert foreign.crt -key client.key", "-servername asked.test",
            "-servername asked.test \(shown)",
            "-servername asked.test -cert own.crt -key client.key",
            "-servername old.test -alpn h2", "-servername old.test -tls1_3",
            "-servername new.test", "-servername new.test -tls1_2",
        ] {
            let (own, other) = (try visit(ports[0], words), try visit(ports[2], words))
            #expect(own == other, "\(words)")
            #expect(!own.isEmpty)
        }
        for port in [ports[0], ports[2]] {
            #expect(
                try visit(port, "-servername old.test", ["lifetime hint"]) == [
                    "    TLS session ticket lifetime hint: 77 (seconds)", "welcome",
                ])
        }
        let clients = [
            "", shown, "-tls1_2 \(shown)", "-cert expired.crt -key client.key",
            "-cert foreign.crt -key client.key", "-cert own.crt -key client.key",
            "-cert foreign.crt -key client.key -cert_chain other.pem",
        ]
        for words in clients {
            #expect(try visit(ports[1], words).contains("welcome"), "\(words)")
            #expect(try visit(ports[3], words).contains("welcome"), "\(words)")
        }
        func lines(_ name: String) -> [String] {
            folder.text(of: name).split(separator: "\n").compactMap { line in
                line.firstRange(of: "seen ").map { String(line[$0.lowerBound...]) }
            }.filter { $0.contains(" v=") }
        }
        try eventually(within: .seconds(20), "\(lines("haproxy"))") {
            lines("haproxy").count == clients.count && lines("log").count == clients.count
        }
        for (own, other) in zip(lines("log"), lines("haproxy")) { #expect(own == other) }
        #expect(
            lines("log")[1].hasPrefix(
                "seen seen~ seen \"TLSv1.3\" \"TLS_AES_256_GCM_SHA384\" /C=DE/O=Some Org/O=Second/OU=One/OU=Two/CN=J\u{f6}rg/UID=7/1.2.3.4=x O=Some Org o2=Second ou=Two L=- oid=x i=/C=DE/O=Authority Org/CN=Authority icn=Authority n=F1A2B3C4D5E6 d="
            ))
    }
}
#endif
