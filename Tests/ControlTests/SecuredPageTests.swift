#if Program
import Control
import Foundation
import TLSOptions
import Testing

/// Pages whose clients speak TLS, by the command openssl.
@Suite struct `Secured pages` {
    /// A certificate for `lb.test` that its authority is itself, and its key.
    private final class Files: Sendable {
        let folder: String
        var certificate: String { "\(folder)/certificate" }
        var key: String { "\(folder)/key" }
        let both: [UInt8]

        init() throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "page-\(UUID())")
                .path
            let (certificate, key) = ("\(folder)/certificate", "\(folder)/key")
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let words =
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=lb"
                + " -addext subjectAltName=DNS:lb.test -keyout \(key) -out \(certificate)"
            _ = try openssl(words.split(separator: " ").map(String.init))
            both = try [certificate, key].flatMap {
                [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0)))
            }
            self.folder = folder
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }
    }

    private let files: Files
    private let socket: BoundSocket

    init() throws {
        files = try Files()
        socket = try BoundSocket()
    }

    /// A page on the socket, which asks for no password.
    private func site(
        _ adjust: (inout PageSecurity.Settings) -> Void = { _ in }
    ) throws -> StatisticsSite {
        var settings = PageSecurity.Settings(certificate: files.both)
        adjust(&settings)
        var site = StatisticsSite(
            name: "stats", path: "/stats", realm: "", users: [], descriptors: [socket.descriptor])
        site.securities[socket.descriptor] = try PageSecurity(settings)
        return site
    }

    /// What a client is answered who trusts the page's certificate and no other.
    private func ask(_ words: [String] = [], of port: Int) async throws -> String {
        let trusted = files.certificate
        return try await blocking {
            try openssl(
                [
                    "s_client", "-quiet", "-connect", "127.0.0.1:\(port)", "-servername", "lb.test",
                    "-CAfile", trusted, "-verify_return_error", "-verify_hostname", "lb.test",
                ] + words, input: "GET /stats HTTP/1.1\r\nHost: lb\r\nConnection: close\r\n\r\n")
        }
    }

    @Test func `gives the page by TLS, and nothing without`() async throws {
        let (site, port) = (try site(), socket.port)
        try await serving(site) {
            for words in [["-tls1_3"], ["-tls1_2"], ["-alpn", "h2,http/1.1"]] {
                let answer = try await ask(words, of: port)
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.hasSuffix("</html>\n"))
            }
            try await #expect(ask(["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], of: port) == "")
            let plain = try await blocking {
                let client = try Client(port: port)
                client.send("GET /stats HTTP/1.1\r\nHost: lb\r\nConnection: close\r\n\r\n")
                return client.readToEnd() ?? ""
            }
            #expect(!plain.contains("HTTP"))
        }
    }

    @Test func `versions are those of the settings`() async throws {
        let port = socket.port
        let old = try site { $0.maximumVersion = .tlsv12 }
        try await serving(old) {
            try await #expect(ask(["-tls1_3"], of: port) == "")
            try await #expect(ask(["-tls1_2"], of: port).hasPrefix("HTTP/1.1 200 OK"))
        }
    }

    @Test func `who has to show a certificate shows one that is trusted`() async throws {
        let (port, other) = (socket.port, try Files())
        let own = ["-cert", files.certificate, "-key", files.key]
        let others = ["-cert", other.certificate, "-key", other.key]
        let cases: [(ClientVerification, [Bool])] = [
            (.off, [true, true, true]), (.optional, [true, true, false]),
            (.required, [false, true, false]),
        ]
        for (verification, expected) in cases {
            let site = try site {
                $0.verification = verification
                $0.authorities = files.both
            }
            try await serving(site) {
                for (words, isLetIn) in zip([[], own, others], expected) {
                    let answer = try await ask(words, of: port)
                    #expect(answer.hasPrefix("HTTP/1.1 200 OK") == isLetIn, "\(verification)")
                }
            }
        }
    }

    @Test func `who says nothing, or half a word, holds no place`() async throws {
        let (site, port) = (try site(), socket.port)
        var limits = StatisticsServer.Limits()
        limits.requestTime = .milliseconds(300)
        limits.connections = 1
        try await serving(site, limits: limits) {
            for words in ["", "\u{16}\u{3}\u{1}\u{2}"] {
                let begin = ContinuousClock.now
                _ = try await blocking {
                    let client = try Client(port: port)
                    client.send(words)
                    return client.readToEnd()
                }
                #expect(ContinuousClock.now - begin < .seconds(3))
            }
            try await #expect(ask(of: port).hasPrefix("HTTP/1.1 200 OK"))
        }
    }

    @Test func `what no handshake can be done by is refused`() throws {
        #expect(throws: PageSecurityError.self) {
            try PageSecurity(PageSecurity.Settings(certificate: Array("none".utf8)))
        }
        let other = try Files()
        let strangersKey =
            try [files.certificate, other.key].flatMap {
                [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0)))
            }
        #expect(throws: PageSecurityError.self) {
            try PageSecurity(PageSecurity.Settings(certificate: strangersKey))
        }
        #expect(throws: PageSecurityError.self) {
            try site { ($0.verification, $0.authorities) = (.required, []) }
        }
    }
}

/// Runs the command openssl.
///
/// - Returns: What it writes.
private func openssl(_ words: [String], input: String = "") throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = words
    let (inlet, outlet) = (Pipe(), Pipe())
    process.standardInput = inlet
    process.standardOutput = outlet
    process.standardError = FileHandle.nullDevice
    try process.run()
    // With -quiet it does not end with its input.
    try inlet.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    let output = try outlet.fileHandleForReading.readToEnd() ?? Data()
    try inlet.fileHandleForWriting.close()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self)
}
#endif
