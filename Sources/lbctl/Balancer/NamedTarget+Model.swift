#if Program
internal import HealthCheck
internal import NIOCore
internal import NodeConfiguration
internal import VRRPCore

extension NamedTarget {
    /// What has to be found of a server; `nil`: its address is configured.
    ///
    /// - Throws: `ProbeSettingsError` where the name is none; the readers let none pass.
    init?(
        _ server: Server, of backend: Backend, in model: Model
    ) throws {
        guard case .name(let text) = server.address, let resolution = server.resolution else {
            return nil
        }
        self.init(
            id: HealthTargets.id(backend, server), group: backend.name,
            name: try DomainName(text), port: server.port)
        isService = server.port == 0 && server.portOffset == nil
        resolver = try model.resolvers.first { $0.name == resolution.resolvers }
            .map(ResolverSettings.init)
        beginnings = resolution.beginnings.map(NamedTarget.Beginning.init)
        prefersIPv6 = resolution.prefersIPv6
        networks = resolution.networks.map {
            AddressNetwork($0.address.octets, prefixLength: $0.length)
        }
        allowsDuplicates = resolution.allowsDuplicates
    }
}

extension NamedTarget.Beginning {
    fileprivate init(_ beginning: ServerResolution.Beginning) {
        self =
            switch beginning {
            case .last: .last
            case .library: .library
            case .none: .none
            case .address(let address): .address(address.octets)
            }
    }
}

extension ResolverSettings {
    fileprivate init(_ section: ResolverSection) throws {
        self.init(
            name: section.name,
            servers: try section.servers.map { server in
                Server(
                    name: server.name,
                    address: try SocketAddress(
                        ipAddress: server.address.description, port: Int(server.port)),
                    usesTCP: server.usesTCP)
            })
        attempts = section.attempts
        retryInterval = section.retryInterval
        failureInterval = section.failureInterval
        payloadSize = UInt16(clamping: section.payloadSize)
        holds.valid = section.holds.valid
        holds.obsolete = section.holds.obsolete
        holds.noSuchName = section.holds.nx
        holds.timeout = section.holds.timeout
        holds.refused = section.holds.refused
        holds.other = section.holds.other
    }
}

extension IPAddress {
    /// 4 or 16 octets, in the order in which they are sent.
    fileprivate var octets: [UInt8] {
        switch self {
        case .v4(let four):
            (0..<4).map { UInt8(truncatingIfNeeded: four.rawValue >> (24 - 8 * $0)) }
        case .v6(let six): six.octets
        }
    }
}
#endif
