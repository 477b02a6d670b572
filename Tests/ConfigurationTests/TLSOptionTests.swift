import TLSOptions
import Testing

/// What a more special place does not say of a handshake, a more general one does.
@Suite struct `Options of handshakes` {
    /// Says everything; the two have nothing in common.
    private static func parameters(isFirst: Bool) -> TLSParameters {
        var all = TLSParameters()
        all.applicationProtocols = isFirst ? ["h2"] : []
        all.ciphers = isFirst ? "HIGH" : "LOW"
        all.cipherSuites = isFirst ? "TLS_AES_128_GCM_SHA256" : "TLS_AES_256_GCM_SHA384"
        all.groups = isFirst ? "P-256" : "X25519"
        all.signatureAlgorithms = isFirst ? "RSA+SHA256" : "RSA+SHA512"
        all.clientSignatureAlgorithms = isFirst ? "ECDSA+SHA256" : "ECDSA+SHA512"
        all.minimumVersion = isFirst ? .tlsv10 : .tlsv12
        all.maximumVersion = isFirst ? .tlsv11 : .tlsv13
        return all
    }

    private static func handshake(isFirst: Bool) -> TLSHandshakeOptions<String> {
        var all = TLSHandshakeOptions<String>()
        all.parameters = parameters(isFirst: isFirst)
        all.verification = isFirst ? .optional : .required
        all.authorities = isFirst ? "a1" : "a2"
        all.unsentAuthorities = isFirst ? "u1" : "u2"
        all.sendsAuthorityNames = isFirst
        all.revocationLists = isFirst ? "r1" : "r2"
        return all
    }

    private static func listener(isFirst: Bool) -> TLSListenerOptions {
        var all = TLSListenerOptions()
        all.isStrictSNI = isFirst
        all.prefersClientCiphers = isFirst
        all.issuesTickets = isFirst
        all.ignoredCertificateErrors = isFirst ? [10] : []
        all.ignoredAuthorityErrors = isFirst ? [12] : []
        return all
    }

    /// Whether no option is left out, so that a new one must be added here.
    private func saysAll(_ options: Any) -> Bool {
        Mirror(reflecting: options).children.allSatisfy { "\($0.value)" != "nil" }
    }

    @Test func `what is said stays, and the rest is another place's`() {
        let parameters = [true, false].map(Self.parameters)
        #expect(saysAll(parameters[0]))
        #expect(parameters[0].completed(by: parameters[1]) == parameters[0])
        #expect(TLSParameters().completed(by: parameters[0]) == parameters[0])
        let handshakes = [true, false].map(Self.handshake)
        #expect(saysAll(handshakes[0]))
        #expect(handshakes[0].completed(by: handshakes[1]) == handshakes[0])
        #expect(TLSHandshakeOptions<String>().completed(by: handshakes[0]) == handshakes[0])
        let listeners = [true, false].map(Self.listener)
        #expect(saysAll(listeners[0]))
        #expect(listeners[0].completed(by: listeners[1]) == listeners[0])
        #expect(listeners[1].completed(by: listeners[0]) == listeners[1])
        #expect(TLSListenerOptions().completed(by: listeners[0]) == listeners[0])
    }

    @Test func `what holds where nothing is said`() {
        let handshake = TLSHandshakeOptions<String>.defaults
        #expect(handshake.verification == .off && !handshake.verifiesClients)
        #expect(handshake.parameters.applicationProtocols == [])
        #expect(handshake.sendsAuthorityNames == true)
        let listener = TLSListenerOptions.defaults
        #expect(listener.isStrictSNI == false && listener.prefersClientCiphers == false)
        #expect(listener.issuesTickets == true)
        #expect(listener.ignoredCertificateErrors == [] && listener.ignoredAuthorityErrors == [])
        #expect(!TLSHandshakeOptions<String>().verifiesClients)
        #expect([true, false].map(Self.handshake).allSatisfy { $0.verifiesClients })
    }

    @Test func `whoever wants an old version at most wants no newer one at least`() {
        var parameters = TLSParameters()
        #expect(parameters.versions == (.tlsv12, .tlsv13))
        parameters.maximumVersion = .tlsv11
        #expect(parameters.versions == (.tlsv11, .tlsv11))
        parameters.minimumVersion = .tlsv10
        #expect(parameters.versions == (.tlsv10, .tlsv11))
        #expect(parameters.withVersions == parameters)
        var spoken = TLSParameters()
        (spoken.minimumVersion, spoken.maximumVersion) = (.tlsv12, .tlsv13)
        #expect(TLSParameters().withVersions == spoken)
    }

    @Test func `files become what is in them, each by its kind, and nothing else changes`() {
        var expected = Self.handshake(isFirst: true)
        (expected.authorities, expected.unsentAuthorities) = ("in a1", "in u1")
        expected.revocationLists = "list r1"
        #expect(
            Self.handshake(isFirst: true).mapFiles(
                certificates: { "in \($0)" }, revocationLists: { "list \($0)" }) == expected)
    }
}
