/// A server that comes while the program runs; haproxy's management guide, section 9.3, `add server`.
extension HAProxySection {
    /// Reads what follows `server` for one that is added to a section.
    ///
    /// - Parameters:
    ///   - words: Name, address and options.
    ///   - backend: What the section has come to.
    ///   - surroundings: What the files say for it.
    ///   - draft: Where what can only be looked up beside other sections is taken down.
    /// - Returns: The server, and what there is to say of its words.
    /// - Throws: ``ServerChangeError``: a word is wrong, or asks for what a server that is added cannot have.
    static func addedServer(
        _ words: [String], to backend: Backend, in surroundings: ServerSurroundings,
        into draft: inout Draft
    ) throws(ServerChangeError) -> (server: Server, remarks: [Diagnostic]) {
        let words = (["server"] + words).enumerated().map { number, text in
            Word(text: text, position: Position(line: 1, column: number + 1))
        }
        var section = HAProxySection(
            .backend, name: Word(text: backend.name, position: .start),
            inheriting: HAProxySettings(of: backend, in: surroundings))
        var remarks: [Remark] = []
        table.read(Directive(words: words), into: &section, remarks: &remarks)
        if let word = section.missingServerWord {
            throw ServerChangeError(
                "\(word.text.quoted) is known but not implemented; leave it out")
        }
        var extended = backend
        section.finishServers(of: &extended, &remarks)
        section.note(extended, "", in: &draft)
        if backend.isDatagram { section.refuseStreamServers(&remarks) }
        if let error = remarks.first(where: { $0.severity == .error }) {
            throw ServerChangeError(error.diagnostic(in: "").sentence)
        }
        guard let server = extended.servers.first else {
            throw ServerChangeError("needs a name and ADDRESS:PORT")
        }
        if case .name(let name) = server.address {
            throw ServerChangeError(
                "\(name.quoted): must be an IP address or a Unix socket; names are for the"
                    + " configuration, which says who is asked for them")
        }
        return (server, remarks.map { $0.diagnostic(in: "") })
    }
}

extension HAProxySettings {
    /// What holds for a server that is added to a section; `default-server` does not, as in haproxy.
    fileprivate init(of backend: Backend, in surroundings: ServerSurroundings) {
        self.init()
        mode = backend.isDatagram ? .udp : .tcp
        let section = surroundings.sections[backend.name]
        source = section?.source
        if let keepAlive = section?.keepAlive {
            serverProbes = HAProxyProbes(isOn: true, wanted: keepAlive)
        }
        serverOptions.isDisabled = true
        serverOptions.authoritiesFolder = surroundings.authoritiesFolder
        serverOptions.tls.certificatesFolder = surroundings.certificatesFolder
        serverOptions.tls.defaults = surroundings.tls
    }
}
