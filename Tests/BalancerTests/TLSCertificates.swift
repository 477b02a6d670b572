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
        let folder = "/tmp/lbctl-certificates-\(getpid())"
        mkdir(folder, 0o700)
        defer {
            for name in [
                "ca.pem", "ca.key", "key", "request", "good", "old", "other", "other.key", "rsa",
                "rsa.key", "wild", "wild.key", "config", "index", "index.attr", "index.old",
                "index.attr.old", "revoked",
            ] {
                unlink("\(folder)/\(name)")
            }
            rmdir(folder)
        }
        func openssl(_ words: String) throws {
            let null = try Descriptor.nullDevice()
            let process = try ChildProcess(
                path: "/usr/bin/openssl",
                arguments: ["openssl"] + words.split(separator: " ").map(String.init),
                descriptors: [(0, null.rawValue), (1, null.rawValue), (2, null.rawValue)])
            var ending: ChildProcess.Ending?
            guard
                eventually({
                    ending = process.reap()
                    return ending != nil
                }), ending == .exited(status: 0)
            else { throw Errno.notSupported }
        }
        func read(_ name: String) throws -> [UInt8] {
            let file = open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC)
            defer { close(file) }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = Glibc.read(file, &bytes, bytes.count)
            guard count > 0 else { throw Errno.noSuchFile }
            return Array(bytes[..<count])
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
        revocations = try read("revoked")
        (other, othersKey) = (try read("rsa"), try read("rsa.key"))
        (wild, wildKey) = (try read("wild"), try read("wild.key"))
        self.authority = try read("ca.pem")
        (good, key, expired) = (try read("good"), try read("key"), try read("old"))
        (stranger, strangersKey) = (try read("other"), try read("other.key"))
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
        let folder = "/tmp/lbctl-brief-\(getpid())"
        let script = """
            set -e; umask 077; rm -rf \(folder); mkdir \(folder); cd \(folder)
            new="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            openssl req -x509 $new -days 30 -subj /CN=Authority -keyout ca.key -out ca
            openssl req $new -subj /CN=brief -keyout key -out request
            printf '%s\\n' '[ca]' default_ca=t '[t]' database=index new_certs_dir=. default_md=sha256 \
                default_days=1 policy=p rand_serial=yes '[p]' commonName=supplied >config
            : >index
            openssl ca -config config -batch -notext -in request -keyfile ca.key -cert ca -out own \
                -enddate $(date -u -d '+\(seconds) seconds' +%y%m%d%H%M%SZ)
            """
        let null = try Descriptor.nullDevice()
        let process = try ChildProcess(
            path: "/bin/sh", arguments: ["sh", "-c", script],
            descriptors: [(0, null.rawValue), (1, null.rawValue), (2, null.rawValue)])
        var ending: ChildProcess.Ending?
        guard
            eventually({
                ending = process.reap()
                return ending != nil
            }), ending == .exited(status: 0)
        else { throw Errno.notSupported }
        func read(_ name: String) throws -> [UInt8] {
            let file = open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC)
            defer { close(file) }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = Glibc.read(file, &bytes, bytes.count)
            guard count > 0 else { throw Errno.noSuchFile }
            return Array(bytes[..<count])
        }
        (authority, pem, key) = (try read("ca"), try read("own"), try read("key"))
        let removal = try ChildProcess(
            path: "/bin/rm", arguments: ["rm", "-rf", folder],
            descriptors: [(0, null.rawValue), (1, null.rawValue), (2, null.rawValue)])
        _ = eventually { removal.reap() != nil }
    }
}
