/// What is known of a client's TLS that ended here, as a text; haproxy's samples.
public enum TLSText: Hashable, Sendable, Codable {
    /// The name that the client asked for (`ssl_fc_sni`).
    case serverName
    /// The protocol that was agreed on (`ssl_fc_alpn`).
    case applicationProtocol
    /// The version, such as `TLSv1.3` (`ssl_fc_protocol`).
    case version
    /// The cipher, by OpenSSL's name (`ssl_fc_cipher`).
    case cipher
    /// What the session is known by (`ssl_fc_session_id`), in bytes or in digits (`,hex`).
    case sessionID(inDigits: Bool)
    /// What stands in a certificate (`ssl_c_…`, `ssl_f_…`).
    case certificate(CertificateText, of: CertificateOwner)

    /// Whose certificate is meant, by its letter in haproxy's names.
    public enum CertificateOwner: String, Hashable, Sendable, Codable, CaseIterable {
        /// The client's.
        case client = "c"
        /// The one that the client was shown.
        case listener = "f"
    }

    /// What a certificate says.
    public enum CertificateText: Hashable, Sendable, Codable {
        /// Whom it is made out to (`s_dn`); `nil`: all parts of that.
        case subject(NamePart?)
        /// Who signed it (`i_dn`), likewise.
        case issuer(NamePart?)
        /// Its number (`serial`), in bytes or in digits.
        case serialNumber(inDigits: Bool)
        /// Its SHA-1 digest (`sha1`), likewise.
        case digest(inDigits: Bool)
        /// From when on it is good (`notbefore`).
        case start
        /// Until when (`notafter`).
        case end
        /// What kind its key is of (`key_alg`), such as `rsaEncryption`.
        case keyAlgorithm
        /// What it was signed by (`sig_alg`), such as `RSA-SHA256`.
        case signatureAlgorithm
    }

    /// A part of a name.
    public struct NamePart: Hashable, Sendable, Codable {
        /// OpenSSL's short name of its kind, in small letters, 1 to 32 bytes.
        public var kind: String
        /// Which of that kind, not 0: 1 is the first one, -1 the last.
        public var occurrence = 1

        /// Makes the first one of a kind.
        public init(kind: String) { self.kind = kind }
    }

    /// A sample by its name, what stands in its parentheses, and `,hex`, as haproxy has it; `nil`: another
    /// one.
    init?(sample name: some StringProtocol, _ argument: String?) {
        var name = String(name)
        let inDigits = name.hasSuffix(",hex")
        if inDigits { name = String(name.dropLast(4)) }
        func end(_ owner: CertificateOwner, _ rest: Substring) -> CertificateText? {
            switch rest {
            case "s_dn": NamePart.parts(argument).map(CertificateText.subject)
            case "i_dn": NamePart.parts(argument).map(CertificateText.issuer)
            case "serial": .serialNumber(inDigits: inDigits)
            case "sha1": .digest(inDigits: inDigits)
            case "notbefore": .start
            case "notafter": .end
            case "key_alg": .keyAlgorithm
            case "sig_alg": .signatureAlgorithm
            default: nil
            }
        }
        let known: TLSText? =
            switch name {
            case "ssl_fc_sni": .serverName
            case "ssl_fc_alpn": .applicationProtocol
            case "ssl_fc_protocol": .version
            case "ssl_fc_cipher": .cipher
            case "ssl_fc_session_id": .sessionID(inDigits: inDigits)
            default:
                CertificateOwner.allCases.lazy.compactMap { owner in
                    name.hasPrefix("ssl_\(owner.rawValue)_")
                        ? end(owner, name.dropFirst(6)).map { .certificate($0, of: owner) } : nil
                }.first
            }
        guard let known, known.isInDigits == inDigits, argument == nil || known.isName else {
            return nil
        }
        self = known
    }

    /// haproxy's name of it.
    public var sampleName: String {
        switch self {
        case .serverName: return "ssl_fc_sni"
        case .applicationProtocol: return "ssl_fc_alpn"
        case .version: return "ssl_fc_protocol"
        case .cipher: return "ssl_fc_cipher"
        case .sessionID(let inDigits): return "ssl_fc_session_id\(inDigits ? ",hex" : "")"
        case .certificate(let text, let owner):
            let name: String =
                switch text {
                case .subject(let part): "s_dn\(part?.argument ?? "")"
                case .issuer(let part): "i_dn\(part?.argument ?? "")"
                case .serialNumber(let inDigits): "serial\(inDigits ? ",hex" : "")"
                case .digest(let inDigits): "sha1\(inDigits ? ",hex" : "")"
                case .start: "notbefore"
                case .end: "notafter"
                case .keyAlgorithm: "key_alg"
                case .signatureAlgorithm: "sig_alg"
                }
            return "ssl_\(owner.rawValue)_\(name)"
        }
    }

    /// Whether it is bytes that are no text.
    var isBinary: Bool {
        switch self {
        case .sessionID(let inDigits), .certificate(.serialNumber(let inDigits), _),
            .certificate(.digest(let inDigits), _):
            !inDigits
        default: false
        }
    }

    private var isInDigits: Bool {
        switch self {
        case .sessionID(true), .certificate(.serialNumber(true), _), .certificate(.digest(true), _):
            true
        default: false
        }
    }

    private var isName: Bool {
        switch self {
        case .certificate(.subject, _), .certificate(.issuer, _): true
        default: false
        }
    }

    /// The names, without what stands in parentheses or behind a comma.
    static let sampleNames =
        ["ssl_fc_sni", "ssl_fc_alpn", "ssl_fc_protocol", "ssl_fc_cipher", "ssl_fc_session_id"]
        + CertificateOwner.allCases.flatMap { owner in
            [
                "s_dn", "i_dn", "serial", "sha1", "notbefore", "notafter", "key_alg", "sig_alg",
            ].map { "ssl_\(owner.rawValue)_\($0)" }
        }
}

extension TLSText.NamePart {
    /// What stands in the parentheses of a sample: `KIND` or `KIND,NUMBER`; without them, or where there is
    /// nothing between them, all parts are meant; `nil`: it is something else.
    fileprivate static func parts(_ argument: String?) -> TLSText.NamePart?? {
        guard let argument, !argument.isEmpty else { return .some(nil) }
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
        let number = words.count == 2 ? Int16(words[1]) : 1
        let isKind = words[0].utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E: true
            default: false
            }
        }
        guard words.count <= 2, let number, number != 0, isKind,
            (1...32).contains(words[0].utf8.count)
        else { return nil }
        var part = TLSText.NamePart(kind: words[0].lowercased())
        part.occurrence = Int(number)
        return .some(part)
    }

    /// As it stands behind the sample's name.
    fileprivate var argument: String { occurrence == 1 ? "(\(kind))" : "(\(kind),\(occurrence))" }
}
