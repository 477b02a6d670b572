import VRRPCore

/// The section `check NAME`, an addition to haproxy's language: a check of something that serves no
/// client of this node, for virtual routers to track.
extension HAProxySection {
    /// Adds the check to the draft, as a pool of one server that no connection goes to.
    func finishCheck(file: String, into draft: inout Draft, _ remarks: inout [Remark]) {
        draft.checkNames.insert(name.text)
        var backend = Backend(name: name.text)
        backend.identity = identity
        backend.connectTimeout = settings.connectTimeout.unlessZero
        backend.checkTimeout = settings.checkTimeout.unlessZero
        backend.checks = settings.checks.finish(
            section: name, isOnlyCheck: true, &remarks)
        settings.checks.warnAboutIdleRules(section: name, isChecked: true, &remarks)
        if case .command(let position) = settings.checks.kind {
            draft.commandChecks.append(Location(file: file, position: position))
        }
        do throws(Remark) {
            let location = try checkedLocation(backend.checks.method)
            var options = settings.serverOptions
            options.isChecked = true
            var words = HAProxyServerWords()
            words.add(options)
            words.warn(in: backend, &remarks)
            let target = Word(text: "target", position: name.position)
            backend.servers = [try options.server(name: target, at: location, in: name)]
            var lines = HAProxyTLSLines()
            lines.add([target], options)
            lines.note(in: &draft, file: file, section: name)
            if let resolvers = options.resolvers {
                draft.resolverReferences.append(
                    placed(resolvers.text, file, at: resolvers.position))
            }
        } catch {
            return remarks.append(error)
        }
        draft.backends.append(placed(backend, file))
    }

    /// `target ADDRESS[:PORT]`; not needed for what looks at this host, and without a port where the
    /// protocol has none or always the same.
    private func checkedLocation(
        _ method: CheckMethod
    ) throws(Remark) -> ServerLocation {
        let (port, isLocal): (UInt16?, Bool) =
            switch method {
            case .icmp: (0, false)
            case .dns: (53, false)
            case .file, .command: (0, true)
            case .connection, .sslHello, .http, .script, .redis, .postgreSQL, .mySQL, .smtp,
                .ldap, .udp:
                (nil, false)
            }
        guard let target = settings.checks.target else {
            guard isLocal else {
                throw .error(
                    "check \(name.text.quoted) asks nobody; add 'target ADDRESS:PORT'",
                    at: name.position)
            }
            return ServerLocation(address: .internet(.v4(.loopback)))
        }
        guard let port, !target.text.contains(":") || IPAddress(target.text) != nil else {
            let (address, port) = try target.serverAddress()
            return ServerLocation(address: address, port: port)
        }
        if let address = IPAddress(target.text) {
            return ServerLocation(address: .internet(address), port: port)
        }
        let (address, _) = try Word(text: "\(target.text):1", position: target.position)
            .serverAddress()
        return ServerLocation(address: address, port: port)
    }
}

extension IPv4Address {
    fileprivate static let loopback = IPv4Address(rawValue: 0x7F00_0001)
}

extension Backend {
    /// Unix sockets that the section's check cannot ask, and the option that says so.
    var uncheckableServers: [(server: String, option: String)] {
        let option: String? =
            switch checks.method {
            case .dns: "dns-check"
            case .udp: "udp-check"
            case .icmp: "icmp-check"
            case .connection, .sslHello, .http, .script, .redis, .postgreSQL, .mySQL, .smtp, .ldap,
                .command, .file:
                nil
            }
        guard let option else { return [] }
        return servers.filter { server in
            server.address.isLocal && server.check.map { $0.address == nil } ?? false
        }.map { ($0.name, option) }
    }
}
