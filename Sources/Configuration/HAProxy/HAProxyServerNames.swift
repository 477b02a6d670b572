import VRRPCore

/// The options of a server that say how its address is found.
extension HAProxyServerOptions {
    /// haproxy's configuration manual, section 5.2.
    static let nameRules: [String: Rule<HAProxyServerOptions>] = [
        "resolvers": .line { options, arguments throws(Remark) in
            options.resolvers = try arguments.next("the name of a section")
        },
        "init-addr": .line { options, arguments throws(Remark) in
            let word = try arguments.next("last, libc, none or addresses")
            options.resolution.beginnings = try word.split(at: ",").map(beginning)
        },
        "resolve-prefer": .line { options, arguments throws(Remark) in
            options.resolution.prefersIPv6 = try arguments.choice(of: [
                "ipv4": false, "ipv6": true,
            ])
        },
        "resolve-net": .line { options, arguments throws(Remark) in
            let word = try arguments.next("networks")
            options.resolution.networks = try word.split(at: ",").map { part throws(Remark) in
                try part.addressPrefix()
            }
        },
        "resolve-opts": .line { options, arguments throws(Remark) in
            for option in try arguments.next("options").split(at: ",") {
                switch option.text {
                case "allow-dup-ip": options.resolution.allowsDuplicates = true
                case "prevent-dup-ip": options.resolution.allowsDuplicates = false
                case "ignore-weight": options.resolution.ignoresWeight = true
                default:
                    throw .error(
                        "resolve-opts \(option.text.quoted): must be allow-dup-ip, prevent-dup-ip or"
                            + " ignore-weight", at: option.position,
                        suggestion: ["allow-dup-ip", "prevent-dup-ip", "ignore-weight"]
                            .nearest(to: option.text))
                }
            }
        },
    ]

    @Sendable private static func beginning(
        _ word: Word
    ) throws(Remark) -> ServerResolution.Beginning {
        switch word.text {
        case "last": return .last
        case "libc": return .library
        case "none": return .none
        default:
            if let address = IPAddress(word.text) { return .address(address) }
            throw .error(
                "init-addr \(word.text.quoted): must be last, libc, none or an IP address",
                at: word.position)
        }
    }

    /// How the address of a server is found.
    ///
    /// - Throws: A remark at the server's name, where nobody could find it.
    func finishedResolution(
        of server: Word, at address: ServerAddress
    ) throws(Remark) -> ServerResolution? {
        guard case .name(let name) = address else { return nil }
        var resolution = resolution
        resolution.resolvers = resolvers?.text
        guard resolvers == nil, name.hasPrefix("_") else { return resolution }
        throw .error(
            "server \(server.text.quoted): the name of a service needs 'resolvers'",
            at: server.position)
    }
}

extension Backend {
    /// Servers whose address nobody will ever be asked for, nor says.
    var unfindableServers: [String] {
        servers.compactMap { server in
            guard let resolution = server.resolution, resolution.resolvers == nil else {
                return nil
            }
            let finds = resolution.beginnings.prefix { $0 != .none }.contains { $0 != .last }
            return finds ? nil : server.name
        }
    }
}
