import VRRPCore

/// Joins what all files say into one model and checks what only shows across sections and files.
struct ModelAssembler {
    var draft: Draft
    /// Whether scripts that ask for a haproxy process are run as written.
    let literalScripts: Bool
    private(set) var diagnostics: [Diagnostic] = []

    init(_ draft: Draft, literalScripts: Bool) {
        self.draft = draft
        self.literalScripts = literalScripts
    }

    /// The model of all files; to be used only where ``diagnostics`` has no error afterwards.
    mutating func assemble() -> Model {
        checkVirtualRouters()
        checkInterfaceDelays()
        checkProxies()
        let peers = assemblePeers()
        boundLists()
        if draft.isComplete { settleBackendSamples() }
        checkListeners()
        checkCounts()
        refuseDuplicates(draft.resolvers, by: \.name, as: { "resolvers \($0.name.quoted)" })
        if draft.isComplete {
            checkTrackReferences()
            checkGroupMembers()
            checkBackendReferences()
            checkRuleReferences()
            checkVariables()
            checkTables()
            checkModes()
            checkLogFormats()
            checkTrackedServers()
            checkResolverReferences()
        }
        checkCommandChecks()
        judgeServers()
        var model = Model()
        model.global = draft.global
        model.virtualRouters = draft.routers.map(\.value.settings)
        model.syncGroups = draft.syncGroups.map(\.value)
        model.scripts = draft.scripts.map { script(of: $0) }
        model.trackFiles = draft.trackFiles.map(\.value)
        model.trackProcesses = draft.trackProcesses.map(\.value)
        for index in model.virtualRouters.indices {
            model.virtualRouters[index].trackedScripts.removeAll {
                draft.refusedScripts.contains($0.name)
            }
        }
        for index in model.syncGroups.indices {
            model.syncGroups[index].trackedScripts.removeAll {
                draft.refusedScripts.contains($0.name)
            }
        }
        model.global.interfaceDelays = draft.interfaceDelays.map(\.value)
        model.frontends = draft.frontends.map(\.value)
        model.backends = draft.backends.map(\.value)
        model.stickTables = draft.tables.map(\.value)
        model.statisticsPages = draft.pages.map(\.value)
        model.resolvers = draft.resolvers.map(\.value)
        model.peers = peers
        (model.authorities, model.certificates) = (draft.authorities, draft.certificates)
        (model.revocationLists, model.ticketKeys) = (draft.revocationLists, draft.ticketKeys)
        model.serverSurroundings = surroundings
        return model
    }

    private var surroundings: ServerSurroundings {
        var surroundings = draft.surroundings
        surroundings.authoritiesFolder = draft.bindSurroundings.authoritiesFolder
        surroundings.certificatesFolder = draft.bindSurroundings.certificatesFolder
        surroundings.tls = draft.tlsDefaults
        surroundings.verifiesServers = draft.verifiesServers
        return surroundings
    }

    mutating func report(
        _ message: String, at location: Location, suggestion: String? = nil,
        as severity: Diagnostic.Severity = .error
    ) {
        diagnostics.append(
            Diagnostic(
                severity, file: location.file, line: location.position.line,
                column: location.position.column, message: message, suggestion: suggestion))
    }

    /// Reports every value whose key an earlier one has.
    mutating func refuseDuplicates<Value, Key: Hashable>(
        _ values: [Placed<Value>], by key: (Value) -> Key, as what: (Value) -> String
    ) {
        var seen: [Key: Location] = [:]
        for value in values {
            if let earlier = seen[key(value.value)] {
                report(
                    "\(what(value.value)) is already defined at \(earlier.reference)",
                    at: value.location)
            } else {
                seen[key(value.value)] = value.location
            }
        }
    }

    private mutating func checkVirtualRouters() {
        refuseDuplicates(draft.routers, by: \.settings.name) {
            "vrrp_instance \($0.settings.name.quoted)"
        }
        let links = draft.routers.compactMap { router in
            router.value.settings.virtualMAC.map {
                Placed(value: $0.linkName, location: router.location)
            }
        }
        refuseDuplicates(links, by: \.self) {
            "the link \($0.quoted) of a use_vmac (give one of them a name)"
        }
        refuseDuplicates(draft.syncGroups, by: \.name) { "vrrp_sync_group \($0.name.quoted)" }
        refuseDuplicates(draft.groupMembers, by: \.self) {
            "a sync group for the instance \($0.quoted)"
        }
        refuseDuplicates(draft.scripts, by: \.name) { "vrrp_script \($0.name.quoted)" }
        refuseDuplicates(draft.trackFiles, by: \.name) { "track_file \($0.name.quoted)" }
        refuseDuplicates(draft.trackProcesses, by: \.name) {
            "vrrp_track_process \($0.name.quoted)"
        }
        struct Identity: Hashable {
            let interface: String
            let family: AddressFamily
            let vrid: VRID
            /// The group that it is sent to; `nil`: unicast.
            let group: IPAddress?
        }
        let identifiers = draft.routers.map {
            Placed(value: $0.value.settings, location: $0.value.vridLocation)
        }
        refuseDuplicates(
            identifiers,
            by: {
                Identity(
                    interface: $0.interface, family: $0.family, vrid: $0.vrid,
                    group: $0.transport.group(of: $0.family))
            },
            as: { "virtual_router_id \($0.vrid.rawValue) on \($0.interface)" })
        let addresses = draft.routers.flatMap { router in
            (router.value.settings.addresses + router.value.settings.excludedAddresses).map {
                Placed(value: $0.address, location: router.location)
            }
        }
        refuseDuplicates(addresses, by: \.self) { "the virtual address \($0)" }
    }

    private mutating func checkTrackReferences() {
        for reference in draft.trackReferences {
            let (names, block) =
                switch reference.value.kind {
                case .script: (draft.scriptNames, "vrrp_script")
                case .file: (draft.trackFileNames, "track_file")
                case .process: (draft.trackProcessNames, "vrrp_track_process")
                case .backend: (draft.backendNames, "listen or backend section")
                case .check: (draft.checkNames, "check section")
                }
            let name = reference.value.name
            guard !names.contains(name) else { continue }
            report(
                "track_\(reference.value.kind.rawValue) \(name.quoted): no \(block) has this name",
                at: reference.location, suggestion: names.nearest(to: name))
        }
    }

    private mutating func checkGroupMembers() {
        for member in draft.groupMembers where !draft.instanceNames.contains(member.value) {
            report(
                "group \(member.value.quoted): no vrrp_instance has this name", at: member.location,
                suggestion: draft.instanceNames.nearest(to: member.value))
        }
    }

    private mutating func checkProxies() {
        refuseDuplicates(
            draft.frontends.map { Placed(value: $0.value.name, location: $0.location) }
                + draft.pages.map { Placed(value: $0.value.name, location: $0.location) },
            by: \.self
        ) { "a listen or frontend section \($0.quoted)" }
        refuseDuplicates(draft.backends, by: \.name) {
            "a listen, backend or check section \($0.name.quoted)"
        }
        refuseDuplicates(draft.sectionNumbers, by: \.self) { "a section with the id \($0)" }
        refuseDuplicates(draft.guids, by: \.self) { "the guid \($0.quoted)" }
    }

    private mutating func checkBackendReferences() {
        for reference in draft.backendReferences
        where !draft.backendNames.contains(reference.value) {
            report(
                "default_backend \(reference.value.quoted): no backend has this name",
                at: reference.location, suggestion: draft.backendNames.nearest(to: reference.value))
        }
    }

    private mutating func checkRuleReferences() {
        for reference in draft.ruleReferences {
            let (keyword, name) = (reference.value.keyword, reference.value.backend)
            guard !reference.value.isFrontend else {
                let names = draft.frontends.map(\.value.name)
                if !names.contains(name) {
                    report(
                        "\(keyword) \(name.quoted): no frontend has this name",
                        at: reference.location, suggestion: names.nearest(to: name))
                }
                continue
            }
            guard draft.backendNames.contains(name) else {
                report(
                    "\(keyword) \(name.quoted): no backend has this name", at: reference.location,
                    suggestion: draft.backendNames.nearest(to: name))
                continue
            }
            guard let server = reference.value.server,
                let backend = draft.backends.first(where: { $0.value.name == name })
            else { continue }
            let names = backend.value.servers.map(\.name)
            guard !names.contains(server) else { continue }
            report(
                "\(keyword) \(server.quoted): no server of \(name.quoted) has this name",
                at: reference.location, suggestion: names.nearest(to: server))
        }
    }

    private mutating func checkModes() {
        for frontend in draft.frontends {
            let name = frontend.value.backendName
            guard let backend = draft.backends.first(where: { $0.value.name == name }),
                backend.value.isDatagram != frontend.value.isDatagram,
                !frontend.value.listeners.isEmpty
            else { continue }
            report(
                "\(frontend.value.name.quoted) and its backend \(name.quoted) must both be in mode"
                    + " tcp, or both in mode udp", at: frontend.location)
        }
    }

    private mutating func checkListeners() {
        struct Place: Hashable {
            let endpoint: Endpoint
            let interface: String?
            let isDatagram: Bool
        }
        refuseDuplicates(
            draft.listeners,
            by: {
                Place(
                    endpoint: $0.listener.endpoint, interface: $0.listener.interface,
                    isDatagram: $0.listener.isDatagram)
            },
            as: { "a listener on \($0.listener.endpoint)" })
    }

    private mutating func script(of placed: Placed<TrackScript>) -> TrackScript {
        var script = placed.value
        guard case .command(let command) = script.source, !literalScripts,
            draft.frontends.contains(where: { !$0.value.isDisabled }),
            OwnBalancerCommand.matches(command)
        else { return script }
        script.source = .ownBalancer(replacing: command)
        let written = command.joined(separator: " ")
        report(
            "vrrp_script \(script.name.quoted): \(written.quoted) is answered by this node's own"
                + " balancer; --literal-scripts runs it as written", at: placed.location,
            as: .note)
        return script
    }
}
