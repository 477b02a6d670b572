#if Program
import Foundation

/// Certificates for `localhost`, made by openssl: an authority, one that is good for 90 days and
/// one that ended two days ago.
package struct Certificates: Sendable {
    package let authority: String
    package let good: String
    package let goodKey: String
    package let expired: String

    package init(in folder: TemporaryFolder) async throws {
        let path = folder.path
        (authority, good) = ("\(path)/authority.pem", "\(path)/good.pem")
        (goodKey, expired) = ("\(path)/good.key", "\(path)/expired.pem")
        folder.write(
            "ca.conf",
            """
            [ca]
            default_ca = own
            [own]
            dir = \(path)
            database = \(path)/index
            new_certs_dir = \(path)
            serial = \(path)/serial
            default_md = sha256
            policy = any
            x509_extensions = server
            unique_subject = no
            [any]
            commonName = supplied
            [server]
            subjectAltName = DNS:localhost
            """)
        folder.write("index", "")
        folder.write("serial", "01\n")
        let openssl = "/usr/bin/openssl"
        try await RealServer.run(
            openssl,
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "365", "-subj", "/CN=Test authority", "-keyout", "\(path)/authority.key",
                "-out", authority,
            ])
        try await RealServer.run(
            openssl,
            [
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=localhost", "-keyout", goodKey, "-out", "\(path)/request",
            ])
        let day = 86_400.0
        for (file, from, to) in [
            (good, -day, 90 * day + 3_600), (expired, -9 * day, -2 * day - 3_600),
        ] {
            try await RealServer.run(
                openssl,
                [
                    "ca", "-batch", "-notext", "-config", "\(path)/ca.conf", "-cert", authority,
                    "-keyfile", "\(path)/authority.key", "-in", "\(path)/request", "-out", file,
                    "-startdate", Self.stamp(from), "-enddate", Self.stamp(to),
                ])
        }
    }

    private static func stamp(_ offset: Double) -> String {
        let format = DateFormatter()
        format.dateFormat = "yyyyMMddHHmmss'Z'"
        format.timeZone = TimeZone(identifier: "UTC")
        format.locale = Locale(identifier: "en_US_POSIX")
        return format.string(from: Date(timeIntervalSinceNow: offset))
    }
}
#endif
