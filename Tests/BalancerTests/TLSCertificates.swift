import Balancer
import BalancerTLS
import Glibc
import LinuxIO

/// Certificates for `server.test`, made by the command openssl: an authority, one that is good for 20 days,
/// one that ended a day ago, and one of another authority.
struct TLSCertificates: Sendable {
    let authority: [UInt8]
    let good: [UInt8]
    let key: [UInt8]
    let expired: [UInt8]
    /// Signed by itself, for the same name.
    let stranger: [UInt8]
    let strangersKey: [UInt8]
    /// With a key of another kind, RSA.
    let other: [UInt8]
    let othersKey: [UInt8]
    /// For `*.wild.test`, signed by itself.
    let wild: [UInt8]
    let wildKey: [UInt8]
    /// By which the authority revokes ``expired``, and nothing else.
    let revocations: [UInt8]

    /// Made once for all tests; `nil` where that failed.
    static let shared = try? TLSCertificates()

    private init() throws {
        let workshop = try CertificateWorkshop("certificates")
        let folder = workshop.path
        func openssl(_ words: String) throws {
            try workshop.run("/usr/bin/openssl", words.split(separator: " ").map(String.init))
        }
        let newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        let name = "-addext subjectAltName=DNS:server.test"
        try openssl(
            "req -x509 \(newKey) -days 30 -subj /CN=Authority -keyout \(folder)/ca.key"
                + " -out \(folder)/ca.pem")
        try openssl(
            "req \(newKey) -subj /CN=server.test \(name) -keyout \(folder)/key -out \(folder)/request"
        )
        for (file, days) in [("good", 20), ("old", -1)] {
            try openssl(
                "x509 -req -in \(folder)/request -CA \(folder)/ca.pem -CAkey \(folder)/ca.key"
                    + " -days \(days) -copy_extensions copy -out \(folder)/\(file)")
        }
        try openssl(
            "req -x509 \(newKey) -days 30 -subj /CN=server.test \(name) -keyout \(folder)/other.key"
                + " -out \(folder)/other")
        try openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=server.test \(name)"
                + " -keyout \(folder)/rsa.key -out \(folder)/rsa")
        try openssl(
            "req -x509 \(newKey) -days 30 -subj /CN=*.wild.test -addext"
                + " subjectAltName=DNS:*.wild.test -keyout \(folder)/wild.key -out \(folder)/wild")
        let configuration = """
            [ca]
            default_ca = tests
            [tests]
            database = \(folder)/index
            default_md = sha256
            default_crl_days = 30

            """
        for (file, text) in [("config", configuration), ("index", "")] {
            let number = creat("\(folder)/\(file)", 0o600)
            _ = write(number, text, text.utf8.count)
            close(number)
        }
        let authority = "-config \(folder)/config -keyfile \(folder)/ca.key -cert \(folder)/ca.pem"
        try openssl("ca \(authority) -revoke \(folder)/old")
        try openssl("ca \(authority) -gencrl -out \(folder)/revoked")
        revocations = try workshop.read("revoked")
        (other, othersKey) = (try workshop.read("rsa"), try workshop.read("rsa.key"))
        (wild, wildKey) = (try workshop.read("wild"), try workshop.read("wild.key"))
        self.authority = try workshop.read("ca.pem")
        (good, key) = (try workshop.read("good"), try workshop.read("key"))
        expired = try workshop.read("old")
        (stranger, strangersKey) = (try workshop.read("other"), try workshop.read("other.key"))
    }
}

extension TLSCertificates {
    /// A plan of one server that is spoken to by TLS.
    func secured(
        _ server: TestServer, named name: String? = "server.test",
        _ adjust: (inout TLSSettings) -> Void = { _ in }
    ) throws -> ServerPlan {
        var settings = TLSSettings()
        settings.authorities = .pem(authority)
        adjust(&settings)
        var plan = ServerPlan(name: "a", address: server.address)
        plan.connection.security = try TLSServer(TLSContext(settings), serverName: name)
        return plan
    }
}

/// A client's certificate that is good for seconds alone, and its authority's.
struct BriefCertificate {
    let authority: [UInt8]
    let pem: [UInt8]
    let key: [UInt8]

    init(seconds: Int) throws {
        let workshop = try CertificateWorkshop("brief")
        let script = """
            set -e; cd \(workshop.path)
            new="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            openssl req -x509 $new -days 30 -subj /CN=Authority -keyout ca.key -out ca
            openssl req $new -subj /CN=brief -keyout key -out request
            printf '%s\\n' '[ca]' default_ca=t '[t]' database=index new_certs_dir=. default_md=sha256 \
                default_days=1 policy=p rand_serial=yes '[p]' commonName=supplied >config
            : >index
            openssl ca -config config -batch -notext -in request -keyfile ca.key -cert ca -out own \
                -enddate $(date -u -d '+\(seconds) seconds' +%y%m%d%H%M%SZ)
            """
        try workshop.run("/bin/sh", ["-c", script])
        (authority, pem) = (try workshop.read("ca"), try workshop.read("own"))
        key = try workshop.read("key")
    }
}

/// The good certificate with its key, and its authority, as files that go when this does.
final class CertificateFiles {
    let certificate: String
    let authority: String

    /// - Parameters:
    ///   - certificates: What is in them.
    ///   - number: Tells them from others of this process, such as a port.
    init(_ certificates: TLSCertificates, number: UInt16) {
        certificate = "/tmp/haproxy-test-\(getpid())-\(number).pem"
        authority = "/tmp/haproxy-test-\(getpid())-\(number)-ca.pem"
        for (path, bytes) in [
            (certificate, certificates.good + certificates.key),
            (authority, certificates.authority),
        ] {
            let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            _ = write(file, bytes, bytes.count)
            close(file)
        }
    }

    deinit {
        unlink(certificate)
        unlink(authority)
    }
}

/// A certificate that is signed by itself, with a subject that is unlike others'.
struct OddCertificate {
    let pem: [UInt8]
    let key: [UInt8]

    /// - Parameter subject: Its parts in openssl's form, without `'`; `long` is a kind whose numbers are too many
    ///   to be written.
    /// - Throws: `Errno` where openssl made none.
    init(_ subject: String) throws {
        let workshop = try CertificateWorkshop("odd-\(UInt32.random(in: 0 ... .max))")
        let numbers = "1.2" + String(repeating: ".268435455", count: 160)
        let script = """
            set -e; cd \(workshop.path)
            printf '%s\\n' oid_section=oids '[oids]' long=\(numbers) '[req]' distinguished_name=n \
                string_mask=utf8only '[n]' >config
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -config config \
                -utf8 -subj '\(subject)' -keyout key -out own
            """
        try workshop.run("/bin/sh", ["-c", script])
        (pem, key) = (try workshop.read("own"), try workshop.read("key"))
    }
}

/// A folder that programs make certificates in; it goes with all that is in it.
private final class CertificateWorkshop {
    let path: String

    init(_ name: String) throws {
        path = "/tmp/lbctl-\(name)-\(getpid())"
        // Of a process that was killed and had this one's number.
        try run("/bin/rm", ["-rf", path])
        guard mkdir(path, 0o700) == 0 else { throw Errno(rawValue: errno) }
    }

    deinit { try? run("/bin/rm", ["-rf", path]) }

    /// Runs a program, whose output goes nowhere, to its good end.
    func run(_ program: String, _ arguments: [String]) throws {
        let null = try Descriptor.nullDevice()
        let process = try ChildProcess(
            path: program, arguments: [program] + arguments,
            descriptors: [(0, null.rawValue), (1, null.rawValue), (2, null.rawValue)])
        var ending: ChildProcess.Ending?
        guard
            eventually({
                ending = process.reap()
                return ending != nil
            }), ending == .exited(status: 0)
        else { throw Errno.notSupported }
    }

    /// Reads a file of the folder.
    func read(_ name: String) throws -> [UInt8] {
        let file = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count > 0 else { throw Errno.noSuchFile }
        return Array(bytes[..<count])
    }
}
