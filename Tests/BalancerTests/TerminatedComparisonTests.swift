import Balancer
import BalancerTLS
import Glibc
import LinuxIO
import TLSOptions
import Testing

/// A haproxy that ends TLS, with its files.
private final class TerminatingHAProxy {
    let port: UInt16
    private let process: HAProxy
    private let files: CertificateFiles

    /// - Parameters:
    ///   - certificates: What it shows and trusts.
    ///   - words: What the line `bind` says besides its certificate.
    ///   - section: What the section says besides.
    /// - Throws: `Errno` where it does not begin to listen.
    init(_ certificates: TLSCertificates, _ words: String = "", section: String) throws {
        port = try freePorts(1)[0]
        files = CertificateFiles(certificates, number: port)
        let words = words.replacing("AUTHORITY", with: files.authority)
        process = try HAProxy(sections: [
            " bind 127.0.0.1:\(port) ssl crt \(files.certificate) \(words)\n timeout connect 1s\n"
                + " timeout client 20s\n timeout server 20s\n retries 0\n\(section)"
        ])
    }
}

extension BalancerTests {
    /// Clients whose TLS ends at haproxy, and here.
    @Suite struct `Terminated TLS and haproxy` {
        let certificates: TLSCertificates
        private typealias Options = TLSVisitor.Options

        init() throws { certificates = try #require(TLSCertificates.shared) }

        private func running(
            _ server: TestServer, _ adjustSettings: (inout TLSListenerSettings) -> Void = { _ in },
            adjusting adjust: (inout BalancerPlan) -> Void = { _ in }
        ) throws -> RunningBalancer {
            var settings = certificates.listening
            adjustSettings(&settings)
            let security = try TLSListener(settings)
            return try RunningBalancer(
                servers: [ServerPlan(name: "a", address: server.address)]
            ) { plan in
                plan.frontends[0].listeners = [ListenerPlan()]
                plan.frontends[0].listeners[0].security = security
                plan.pools[0].retries = 0
                adjust(&plan)
            }
        }

        /// What a client does, and what he then hears.
        struct Script: Sendable, CustomTestStringConvertible {
            let testDescription: String
            var isOld = false
            var server: @Sendable (BlockingSocket) -> Void
            var client: @Sendable (TLSVisitor) -> Void = { _ in }
        }

        static let scripts: [Script] = [
            Script(testDescription: "the server speaks first and ends") { $0.send("banner") },
            Script(testDescription: "in TLS 1.2, too", isOld: true) { $0.send("banner") },
            Script(testDescription: "the server ends without a word") { _ in },
            Script(
                testDescription: "the client ends his half",
                server: { $0.send("got " + $0.receiveAll().text) },
                client: {
                    $0.send("all")
                    $0.endSending()
                }),
            Script(
                testDescription: "the client ends by TCP alone",
                server: { $0.send("got " + $0.receiveAll().text) },
                client: {
                    $0.send("all")
                    $0.socket.endSending()
                }),
            Script(
                testDescription: "the client says nothing and ends",
                server: { $0.send("got " + $0.receiveAll().text) }, client: { $0.endSending() }),
            Script(
                testDescription: "the client speaks after the server's end",
                server: {
                    $0.endSending()
                    _ = $0.receiveAll()
                },
                client: {
                    _ = $0.receive()
                    $0.send("more")
                    $0.endSending()
                }),
        ]

        @Test(arguments: scripts)
        func `a client hears the same bytes, and the same end`(script: Script) throws {
            let server = try TestServer(script.server)
            let haproxy = try TerminatingHAProxy(
                certificates, section: " server a 127.0.0.1:\(server.port)")
            let running = try running(server)
            func heard(at port: UInt16) throws -> (String, BlockingSocket.Received) {
                let client = try #require(TLSVisitor(to: port, Options(isOld: script.isOld)))
                script.client(client)
                return client.receiveAll()
            }
            let (own, theirs) = (try heard(at: running.port), try heard(at: haproxy.port))
            #expect(own == theirs)
            #expect(own.1 == .end)
        }

        /// haproxy ends the stream by TLS, as if the answer was whole.
        @Test func `a server's reset is a clean end at haproxy, and a reset here`() throws {
            let server = try TestServer { socket in
                socket.send("half an ans")
                Thread.sleep(for: .milliseconds(50))
                socket.reset()
            }
            let haproxy = try TerminatingHAProxy(
                certificates, section: " server a 127.0.0.1:\(server.port)")
            let running = try running(server)
            let theirs = try #require(TLSVisitor(to: haproxy.port)).receiveAll()
            #expect(theirs.ending == .end)
            let own = try #require(TLSVisitor(to: running.port)).receiveAll()
            #expect(own.ending == .failed(-1))
            #expect(own.text == "half an ans")
        }

        @Test func `a server learns the same of a client's TLS`() throws {
            let server = try TestServer { socket in
                var bytes: [UInt8] = []
                while case .bytes(let part) = socket.receive() { bytes += part }
                socket.send(bytes)
            }
            let haproxy = try TerminatingHAProxy(
                certificates, "verify optional ca-file AUTHORITY alpn h2",
                section: " server a 127.0.0.1:\(server.port) send-proxy-v2"
                    + " proxy-v2-options ssl,cert-cn,ssl-cipher")
            let running = try running(server) {
                ($0.handshake.verification, $0.handshake.authorities) = (
                    .optional, certificates.authority
                )
                $0.handshake.parameters.applicationProtocols = ["h2"]
            } adjusting: {
                $0.pools[0].servers[0].connection.header = .versionTwo([
                    .security, .commonName, .cipher,
                ])
            }
            /// What stands behind the addresses: 16 bytes to begin with and 12 of IPv4.
            func visit(at port: UInt16, _ options: Options) throws -> ([UInt8], TLSVisitor.Session?)
            {
                let client = try #require(TLSVisitor(to: port, options))
                client.send("x")
                client.endSending()
                var bytes: [UInt8] = []
                while case .bytes(let part) = client.receive() { bytes += part }
                return (Array(bytes.dropFirst(28)), client.session)
            }
            let own = (pem: certificates.good, key: certificates.key)
            for options in [
                Options(), Options(isOld: true), Options(certificate: own),
                Options(protocols: ["other", "h2"]),
            ] {
                var (ours, theirs) = (options, options)
                for _ in 0..<2 {
                    let (told, session) = try visit(at: running.port, ours)
                    let (expected, other) = try visit(at: haproxy.port, theirs)
                    #expect(told == expected)
                    #expect(told.count > 20)
                    // The second time the session goes on, and shows no certificate itself.
                    (ours.session, theirs.session) = (session, other)
                }
            }
        }
    }
}
