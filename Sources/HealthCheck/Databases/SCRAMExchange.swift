#if Probes
import Crypto
import CryptoExtras
import Synchronization

/// The client's side of SCRAM-SHA-256 without channel binding.
///
/// RFC 5802, RFC 7677.
struct SCRAMExchange: Sendable {
    private let nonce: String
    private let keys: SCRAMKeys

    /// Makes an exchange.
    ///
    /// - Parameters:
    ///   - keys: What earlier exchanges of the same login have worked out.
    ///   - nonce: Printable and without a comma; random but in tests.
    init(_ keys: SCRAMKeys = SCRAMKeys(), nonce: String = SCRAMExchange.randomNonce()) {
        self.keys = keys
        self.nonce = nonce
    }

    private var firstBare: String { "n=,r=\(nonce)" }

    /// PostgreSQL's SASLInitialResponse: the mechanism, a length, the message.
    var initialResponse: [UInt8] {
        let message = Array("n,,\(firstBare)".utf8)
        return Array("SCRAM-SHA-256\0".utf8) + [0, 0, 0, UInt8(message.count)] + message
    }

    /// The work that answers the server's challenge; `nil` where the challenge is none.
    ///
    /// For another thread: the rounds of the key take milliseconds.
    func work(challenge: [UInt8], password: String) -> (@Sendable () -> Computation)? {
        let text = String(decoding: challenge, as: UTF8.self)
        var fields: [Character: String] = [:]
        for part in text.split(separator: ",") {
            guard let name = part.first, part.dropFirst().first == "=" else { return nil }
            fields[name] = String(part.dropFirst(2))
        }
        guard let serverNonce = fields["r"], serverNonce.hasPrefix(nonce),
            let salt = fields["s"].flatMap(Base64.decode), !salt.isEmpty,
            let rounds = fields["i"].flatMap({ Int($0) }), (1...Self.mostRounds).contains(rounds)
        else { return nil }
        let withoutProof = "c=biws,r=\(serverNonce)"
        let signed = Array("\(firstBare),\(text),\(withoutProof)".utf8)
        return { [keys] in
            let salted = keys.salted(password, salt: salt, rounds: rounds)
            let clientKey = Self.hmac(salted, Array("Client Key".utf8))
            let signature = Self.hmac(Array(SHA256.hash(data: clientKey)), signed)
            let proof = zip(clientKey, signature).map { $0 ^ $1 }
            let serverKey = Self.hmac(salted, Array("Server Key".utf8))
            return .proof(
                message: Array("\(withoutProof),p=\(Base64.encode(proof))".utf8),
                serverSignature: Self.hmac(serverKey, signed))
        }
    }

    func isProof(_ final: [UInt8], of signature: [UInt8]) -> Bool {
        String(decoding: final, as: UTF8.self).split(separator: ",").first
            .map(String.init) == "v=\(Base64.encode(signature))"
    }

    /// More rounds would keep a thread for a second; PostgreSQL's default is 4,096.
    private static let mostRounds = 1_000_000

    private static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }

    private static func randomNonce() -> String {
        Base64.encode((0..<18).map { _ in UInt8.random(in: 0...255) })
    }
}

/// What the rounds of a login came to, kept from one check to the next: the server's salt stays the
/// same as long as the password does.
///
/// RFC 5802 §5.1 lets a client keep it.
final class SCRAMKeys: Sendable {
    private struct Known {
        let password: String
        let salt: [UInt8]
        let rounds: Int
        let salted: [UInt8]
    }

    private let known = Mutex<Known?>(nil)

    func salted(_ password: String, salt: [UInt8], rounds: Int) -> [UInt8] {
        if let known = known.withLock({ $0 }), known.salt == salt, known.rounds == rounds,
            known.password == password
        {
            return known.salted
        }
        let key = try? KDF.Insecure.PBKDF2.deriveKey(
            from: Array(password.utf8), salt: salt, using: .sha256, outputByteCount: 32,
            unsafeUncheckedRounds: rounds)
        let salted = key?.withUnsafeBytes { Array($0) } ?? []
        known.withLock {
            $0 = Known(password: password, salt: salt, rounds: rounds, salted: salted)
        }
        return salted
    }
}

/// PostgreSQL's older way to show a password.
enum PostgreSQLPassword {
    /// `md5` and the sum over the sum of password and user, and the salt.
    static func md5(_ login: SQLLogin, salt: [UInt8]) -> [UInt8] {
        let inner = hex(Array((login.password + login.user).utf8))
        return Array("md5".utf8) + hex(inner + salt) + [0]
    }

    private static func hex(_ bytes: [UInt8]) -> [UInt8] {
        Array(BytePattern.hex(Insecure.MD5.hash(data: bytes)).lowercased().utf8)
    }
}
#endif
