#if Program
internal import Control
internal import NodeConfiguration

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
    fileprivate init(_ listener: ListenerTLS, in model: Model) {
        let shown = listener.certificates.first
        let tls = shown.map { listener.applying($0.own) } ?? listener
        self.init(certificate: shown.flatMap { model.certificates[$0.path] } ?? [])
        verification =
            switch tls.verification {
            case .none: .none
            case .optional: .optional
            case .required: .required
            }
        authorities = [tls.authoritiesPath, tls.unnamedAuthoritiesPath].compactMap(\.self)
            .flatMap { model.authorities[$0] ?? [] }
        // Its library names all that it trusts, or none.
        namesAuthorities = tls.namesAuthorities && tls.unnamedAuthoritiesPath == nil
        maximumVersion = tls.maximumVersion.map(PageSecurity.Version.init) ?? .oneThree
        // Who wants an old version at most wants no newer one at least.
        let isOld = tls.maximumVersion.map { $0 == .one || $0 == .oneOne } ?? false
        minimumVersion =
            tls.minimumVersion.map(PageSecurity.Version.init)
            ?? (isOld ? maximumVersion : .oneTwo)
    }
}

extension PageSecurity.Version {
    fileprivate init(_ version: ServerTLS.Version) {
        self =
            switch version {
            case .one: .one
            case .oneOne: .oneOne
            case .oneTwo: .oneTwo
            case .oneThree: .oneThree
            }
    }
}
#endif
