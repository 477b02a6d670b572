#if Program
import Balancer
import BalancerTLS
import COpenSSL
import Glibc

/// A client whose TLS a listener has ended, in this process.
final class ListenerClient {
    /// What it asks for and has.
    struct Options {
        var serverName = "own.test"
        /// Whether it speaks TLS 1.2 at most.
        var isOld = false
        /// Whether it offers `h2` by ALPN.
        var offersH2 = false
        /// Whether the ciphers that it has begin with one of 128 bits.
        var prefersShortKeys = false
        /// The groups that it has, in OpenSSL's words; `nil`: all.
        var groups: String?
        /// The file of its certificate and key; `nil`: it has none.
        var certificate: String?
    }

    private let context: OpaquePointer
    private let ssl: OpaquePointer
    private var descriptors: [Int32] = [-1, -1]

    /// Does a handshake with a listener; `nil`: none came about.
    init?(of listener: TLSListener, _ options: Options) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { return nil }
        guard let ssl = SSL_new(context) else {
            SSL_CTX_free(context)
            return nil
        }
        (self.context, self.ssl) = (context, ssl)
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &descriptors) == 0 else { return nil }
        _ = copenssl_set_server_name(ssl, options.serverName)
        if options.isOld {
            _ = copenssl_set_connection_versions(ssl, TLS1_2_VERSION, TLS1_2_VERSION)
        }
        if options.offersH2 { SSL_set_alpn_protos(ssl, [2, 0x68, 0x32], 3) }
        if options.prefersShortKeys {
            SSL_set_cipher_list(ssl, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
        }
        if let groups = options.groups { _ = copenssl_set_connection_groups(ssl, groups) }
        if let path = options.certificate {
            SSL_use_certificate_file(ssl, path, SSL_FILETYPE_PEM)
            SSL_use_PrivateKey_file(ssl, path, SSL_FILETYPE_PEM)
        }
        SSL_set_fd(ssl, descriptors[0])
        guard isDone(with: listener) else { return nil }
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
        for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
    }

    /// Has both sides go on by turns until each has said that it is done.
    private func isDone(with listener: TLSListener) -> Bool {
        guard let session = listener.makeSession(on: descriptors[1]) else { return false }
        SSL_set_connect_state(ssl)
        for _ in 0..<20 {
            ERR_clear_error()
            let own = SSL_do_handshake(ssl)
            if own != 1, SSL_get_error(ssl, own) != SSL_ERROR_WANT_READ { return false }
            switch session.handshake() {
            case .done where own == 1: return true
            case .done, .waits: continue
            case .ended, .failed: return false
            }
        }
        return false
    }

    // MARK: What the handshake told

    var version: String { String(cString: SSL_get_version(ssl)) }
    var cipher: String { String(cString: copenssl_cipher_name(ssl)) }
    /// How many authorities the listener names.
    var authorityNameCount: Int { Int(copenssl_count_ca_names(ssl)) }

    var applicationProtocol: String {
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &start, &count)
        return String(
            decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }

    /// The digest of the listener's signature, and that of its own (SSL_get_peer_signature_nid,
    /// SSL_get_signature_nid, which are macros).
    var peerSignatureDigest: String { digest(by: SSL_CTRL_GET_PEER_SIGNATURE_NID) }
    var signatureDigest: String { digest(by: SSL_CTRL_GET_SIGNATURE_NID) }

    private func digest(by command: Int32) -> String {
        var number: Int32 = 0
        guard SSL_ctrl(ssl, command, 0, &number) == 1, let name = OBJ_nid2sn(number) else {
            return ""
        }
        return String(cString: name)
    }

    /// The first 16 bytes of the session's ticket, by which its key is known; empty: there is none.
    var ticketName: [UInt8] {
        guard let session = SSL_get_session(ssl) else { return [] }
        var start: UnsafePointer<UInt8>?
        var count = 0
        SSL_SESSION_get0_ticket(session, &start, &count)
        return Array(UnsafeBufferPointer(start: start, count: count).prefix(16))
    }
}

/// Files of certificates, made by the command openssl, that go when this does.
final class OptionFiles {
    private let folder: ProgramFolder

    /// For `own.test`, signed by itself, with its key.
    var own: String { "\(folder.path)/own" }
    var authority: String { "\(folder.path)/authority" }
    /// Another one, which has signed nobody.
    var other: String { "\(folder.path)/other" }
    /// One whose time is over.
    var expiredAuthority: String { "\(folder.path)/old-authority" }
    /// Of clients, with their keys: one of ``authority``'s, which it has revoked; one whose time is over;
    /// one of ``expiredAuthority``'s.
    var good: String { "\(folder.path)/good" }
    var expired: String { "\(folder.path)/expired" }
    var ofExpiredAuthority: String { "\(folder.path)/late" }
    var revoked: String { "\(folder.path)/revoked" }
    /// Three, all with a name of 16 letters `a`.
    var ticketKeys: String { "\(folder.path)/keys" }

    init() throws {
        folder = try ProgramFolder()
        let script = """
            set -e; cd \(folder.path); exec 2>/dev/null
            openssl ecparam -genkey -name prime256v1 -noout -out key
            openssl req -x509 -key key -days 9 -subj /CN=own.test -out own
            openssl req -x509 -key key -days 9 -subj /CN=Authority -out authority
            openssl req -new -key key -subj /CN=Old -out request
            printf 'basicConstraints=critical,CA:TRUE\\n' >extensions
            openssl x509 -req -in request -signkey key -days -1 -extfile extensions -out old-authority
            openssl ecparam -genkey -name prime256v1 -noout -out client
            openssl req -new -key client -subj /CN=client -out request
            sign() { openssl x509 -req -in request -CA $1 -CAkey key -days $2 -CAcreateserial -out $3; }
            sign authority 9 good; sign authority -1 expired; sign old-authority 9 late
            printf '%s\\n' '[ca]' default_ca=t '[t]' database=index default_md=sha256 \
                default_crl_days=9 >config
            : >index
            revoke="openssl ca -config config -keyfile key -cert authority"
            $revoke -revoke good
            $revoke -gencrl -out revoked
            cp own other; cat key >>own
            for file in good expired late; do cat client >>$file; done
            for _ in 1 2 3; do printf '%048d' 0 | tr 0 a | base64 -w0; echo; done >keys
            """
        let result = try folder.run(command: ["/bin/sh", "-c", script])
        guard result.status == 0 else { throw ProgramError("\(result)") }
    }

    func write(_ text: String, to name: String) throws -> String {
        try folder.write(text, to: name)
    }
}
#endif
