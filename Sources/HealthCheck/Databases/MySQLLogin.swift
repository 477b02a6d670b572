#if Probes
import Crypto
import CryptoExtras

/// The ways to show a password that MySQL and MariaDB servers ask for by name.
enum MySQLMethod: String {
    case native = "mysql_native_password"
    /// The default of MySQL from 8.0 on.
    case cachingSHA2 = "caching_sha2_password"

    /// What shows the password without telling it, or that there is none.
    ///
    /// - Parameters:
    ///   - password: The password.
    ///   - challenge: The 20 bytes that the server sent.
    /// - Returns: 20 or 32 bytes; for an empty password none, or a zero.
    func proof(_ password: String, challenge: [UInt8]) -> [UInt8] {
        let secret = Array(password.utf8)
        switch self {
        case .native where secret.isEmpty: return []
        case .cachingSHA2 where secret.isEmpty: return [0]
        case .native:
            // SHA1(password) XOR SHA1(challenge, SHA1(SHA1(password)))
            let once = Array(Insecure.SHA1.hash(data: secret))
            let twice = Array(Insecure.SHA1.hash(data: once))
            return xor(once, Array(Insecure.SHA1.hash(data: challenge + twice)))
        case .cachingSHA2:
            // SHA256(password) XOR SHA256(SHA256(SHA256(password)), challenge)
            let once = Array(SHA256.hash(data: secret))
            let twice = Array(SHA256.hash(data: once))
            return xor(once, Array(SHA256.hash(data: twice + challenge)))
        }
    }

    private func xor(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
        zip(first, second).map { $0 ^ $1 }
    }
}

/// How a password travels that the server has to see itself, because its cache lacks the account.
enum MySQLPassword {
    /// Over TLS: as it is, and a zero.
    static func plain(_ password: String) -> [UInt8] { Array(password.utf8) + [0] }

    /// Without TLS: mixed with the challenge and encrypted for the server's key (OAEP with SHA-1);
    /// `nil` where the key is none that can be used.
    ///
    /// - Parameters:
    ///   - password: The password.
    ///   - challenge: The 20 bytes that the server sent.
    ///   - key: The server's RSA key in PEM format.
    /// - Returns: As many bytes as the key is long.
    static func encrypted(_ password: String, challenge: [UInt8], key: [UInt8]) -> [UInt8]? {
        guard !challenge.isEmpty else { return nil }
        let mixed = plain(password).enumerated().map { index, byte in
            byte ^ challenge[index % challenge.count]
        }
        let text = String(decoding: key, as: UTF8.self)
        guard let key = try? _RSA.Encryption.PublicKey(pemRepresentation: text),
            let sealed = try? key.encrypt(mixed, padding: .PKCS1_OAEP)
        else { return nil }
        return Array(sealed)
    }
}
#endif
