#if Program
internal import Control
internal import NodeConfiguration
internal import TLSOptions

extension Model {
    /// What ends the TLS of pages' clients, by page and listener; `nil`: they speak without.
    ///
    /// - Throws: `Failure` that names the listener whose settings no handshake can be done by.
    func pageSecurity() throws(Failure) -> [[PageSecurity?]] {
        var all: [[PageSecurity?]] = []
        for page in statisticsPages {
            var own: [PageSecurity?] = []
            for listener in page.listeners {
                guard let tls = listener.tls else {
                    own.append(nil)
                    continue
                }
                do throws(PageSecurityError) {
                    own.append(try PageSecurity(PageSecurity.Settings(tls, in: self)))
                } catch {
                    throw Failure(
                        .badInput, "\(page.name), bind \(listener.endpoint): TLS: \(error)")
                }
            }
            all.append(own)
        }
        return all
    }
}

extension PageSecurity.Settings {
    /// How handshakes are done with who is shown the first certificate, as everybody is.
    fileprivate init(_ tls: ListenerTLS, in model: Model) {
        let shown = tls.certificates.first
        let handshake = (shown.map(tls.handshake(of:)) ?? tls.handshake).loaded(from: model)
        self.init(certificate: shown.flatMap { model.certificates[$0.path] } ?? [])
        verification = handshake.verification ?? .off
        authorities = (handshake.authorities ?? []) + (handshake.unsentAuthorities ?? [])
        // Its library sends the names of all that it trusts, or none.
        sendsAuthorityNames =
            handshake.sendsAuthorityNames != false && handshake.unsentAuthorities == nil
        (minimumVersion, maximumVersion) = handshake.parameters.versions
    }
}
#endif
