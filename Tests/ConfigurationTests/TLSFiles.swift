import Foundation
import Testing

/// Certificates and keys of a test's own, made by openssl.
final class TLSFiles {
    let folder: String
    /// A certificate without a key.
    var authority: String { path("authority.pem") }
    /// A certificate and its key.
    var both: String { path("both.pem") }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID())").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let isMade = try Self.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "30", "-subj", "/CN=localhost", "-keyout", path("key.pem"), "-out",
                authority,
            ])
        try #require(isMade)
        try write("both.pem", text("authority.pem") + text("key.pem"))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func text(_ name: String) throws -> String {
        try String(contentsOfFile: path(name), encoding: .utf8)
    }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    }

    /// Writes the list of whom the authority has revoked: nobody.
    func writeRevocationList() throws {
        let lines = [
            "[ca]", "default_ca = own", "[own]", "database = \(path("index"))",
            "default_md = sha256", "default_crl_days = 30",
        ]
        try write("config", lines.joined(separator: "\n") + "\n")
        try write("index", "")
        let words = [
            "ca", "-config", path("config"), "-keyfile", path("key.pem"), "-cert", authority,
            "-gencrl", "-out", path("revoked.pem"),
        ]
        try #require(try Self.run("/usr/bin/openssl", words))
    }

    /// Whether haproxy takes a file of this text.
    func isTakenByHAProxy(_ text: String) throws -> Bool {
        try write("haproxy.cfg", text + "\n")
        return try Self.run("/usr/sbin/haproxy", ["-c", "-q", "-f", path("haproxy.cfg")])
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
