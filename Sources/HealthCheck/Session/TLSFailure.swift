#if Probes
import Glibc
import NIOCore
import NIOSSL
import NIOTLS

/// Puts TLS's and the system's errors into words.
enum TLSFailure {
    static func isHandshakeCompleted(_ event: Any) -> Bool {
        if case .handshakeCompleted? = event as? TLSUserEvent { return true }
        return false
    }

    static func words(for error: any Error) -> String {
        switch error {
        case let error as IOError:
            error.errnoCode == ECONNRESET
                ? "the connection was reset" : TCPProbe.text(errno: error.errnoCode)
        case NIOSSLError.handshakeFailed(.sslError(let errors)):
            errors.first == .eofDuringHandshake
                ? closedInHandshake : words(for: errors, what: "the TLS handshake failed")
        case NIOSSLError.handshakeFailed(let cause): "the TLS handshake failed: \(cause)"
        case BoringSSLError.sslError(let errors): words(for: errors, what: "TLS failed")
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            "the certificate is not made out to the server's name"
        default: "\(error)"
        }
    }

    /// BoringSSL's reason alone: its texts name files of its source, too.
    private static func words(for errors: NIOBoringSSLErrorStack, what: String) -> String {
        let text = errors.first?.description.split(separator: "OPENSSL_internal:").last ?? ""
        let reason = text.prefix { $0.isUppercase || $0.isNumber || $0 == "_" }
        return switch reason {
        case "CERTIFICATE_VERIFY_FAILED": "the certificate is not trusted"
        case "WRONG_VERSION_NUMBER", "HTTP_REQUEST": "the answer is not TLS"
        default:
            "\(what): \(reason.lowercased().split(separator: "_").joined(separator: " "))"
        }
    }

    static let closedInHandshake = "the connection was closed during the TLS handshake"

    /// What is wrong with the peer's certificate as such, where that can be told.
    static func certificateProblem(_ context: ChannelHandlerContext) -> String? {
        let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
        guard let certificate else { return nil }
        guard certificate.notValidBefore <= time(nil) else {
            return "the certificate is not valid yet"
        }
        guard let days = daysLeft(context.pipeline), days < 0 else { return nil }
        return "the certificate has expired \(-days) days ago"
    }

    /// Whole days until the peer's certificate expires, rounded down.
    static func daysLeft(_ pipeline: ChannelPipeline) -> Int? {
        guard
            let certificate = try? pipeline.syncOperations.nioSSL_peerCertificate()
        else { return nil }
        let seconds = certificate.notValidAfter - time(nil)
        return Int((Double(seconds) / 86_400).rounded(.down))
    }

    /// An end without TLS's own goodbye, which many servers leave out.
    static func isUncleanEnd(_ error: any Error) -> Bool {
        if case NIOSSLError.uncleanShutdown = error { return true }
        return false
    }
}
#endif
