#if Program
internal import Balancer
internal import LinuxIO
internal import NodeConfiguration
internal import VRRPCore

/// Where a plan has the parts that rules name; the readers let no name pass without one.
struct RulePlaces {
    /// The positions of pools.
    var pools: [String: Int] = [:]
    /// The positions of tables.
    var tables: [String: Int] = [:]
    /// The positions of variables.
    var variables: [VariableName: Int] = [:]

    /// A pool's position.
    func pool(_ name: String) -> Int {
        guard let place = pools[name] else { preconditionFailure("no backend is named \(name)") }
        return place
    }

    /// A variable's position.
    func variable(_ name: VariableName) -> Int {
        guard let place = variables[name] else {
            preconditionFailure("no variable is named \(name.text)")
        }
        return place
    }

    /// A table's position.
    func table(_ name: String) -> Int {
        guard let place = tables[name] else { preconditionFailure("no table is named \(name)") }
        return place
    }
}

extension RulePlan {
    /// The rules of a frontend.
    ///
    /// - Parameters:
    ///   - rules: As the model has them.
    ///   - places: Where the plan has what they name.
    init(_ rules: ConnectionRules, _ places: RulePlaces) {
        self.init()
        connection = rules.connection.map { Rule($0, places) }
        session = rules.session.map { Rule($0, places) }
        content = rules.content.map { Rule($0, places) }
        inspectDelay = rules.inspectDelay ?? .zero
        pools = rules.backends.map {
            PoolRule(.init($0.target, places), if: Condition($0.condition, places))
        }
        refusesOthers = rules.refusesOthers && !rules.backends.isEmpty
    }
}

extension PoolRule.Target {
    fileprivate init(_ target: BackendRule.Target, _ places: RulePlaces) {
        switch target {
        case .named(let name): self = .pool(places.pool(name))
        case .looked(let table): self = .table(PoolTable(table, places))
        }
    }
}

extension PoolTable {
    fileprivate init(_ table: BackendTable, _ places: RulePlaces) {
        var networks: [(network: PrefixTable.Prefix, pool: Int?)] = []
        var texts: [(pattern: TextPattern, pool: Int?)] = []
        for entry in table.entries {
            let pool = entry.backendName.map(places.pool)
            switch entry.pattern {
            case .network(let prefix):
                networks.append((PrefixTable.Prefix(prefix), pool))
            case .text(let match): texts.append((TextPattern(match), pool))
            }
        }
        let key = ConnectionKey(table.key)
        self = networks.isEmpty ? PoolTable(key, texts) : PoolTable(key, networks: networks)
        other = table.otherName.map(places.pool)
        absent = table.absentName.map(places.pool)
    }
}

extension Rule {
    /// A rule of the model.
    init(_ rule: ConnectionRule, _ places: RulePlaces) {
        let action: Rule.Action =
            switch rule.action {
            case .accept: .accept
            case .reject: .reject
            case .silentDrop: .silentDrop
            case .expectProxy: .expectProxyHeader
            case .track(let tracking): .track(Tracking(tracking, places))
            case .countMark(let datum, let number, let index, let count):
                .countMark(StickQuantity(datum), number, index: index, count: count)
            case .setTag(let tag, let number, let index): .setTag(tag, number, index: index)
            case .setPriority(let priority): .setPriority(priority)
            case .setPriorityOffset(let offset): .setPriorityOffset(offset)
            case .setMark(let mark): .setMark(mark)
            case .setServiceType(let type): .setServiceType(type)
            case .limitBandwidth(let direction, let rate):
                .limitBandwidth(
                    BandwidthLimit(
                        direction == .upload ? .upload : .download, bytesPerSecond: UInt64(rate)))
            case .shareBandwidth(let shared):
                .shareBandwidth(BandwidthSharing(shared, places))
            case .setAddress(let end, let value): .setAddress(of: .init(end), .init(value))
            case .setPort(let end, let value): .setPort(of: .init(end), .init(value))
            case .setVariable(let name, let value):
                .setVariable(places.variable(name), VariableSource(value, places))
            case .unsetVariable(let name): .unsetVariable(places.variable(name))
            case .capture(let value, let number):
                .capture(VariableSource(value, places), number)
            case .setLogLevel(let severity): .setLogLevel(severity)
            }
        self.init(action, if: Condition(rule.condition, places))
    }
}

extension ConnectionKey.End {
    fileprivate init(_ end: ConnectionEnd) { self = end == .source ? .source : .destination }
}

extension AddressValue {
    fileprivate init(_ value: AddressExpression) {
        switch value {
        case .literal(let address): self = .literal(IPEndpoint(address, port: 0))
        case .end(let end): self = .end(.init(end))
        case .network(let end, let four, let six):
            self = .network(of: .init(end), AddressMask(four, six))
        }
    }
}

extension PortValue {
    fileprivate init(_ value: PortExpression) {
        switch value {
        case .literal(let port): self = .literal(port)
        case .end(let end): self = .end(.init(end))
        }
    }
}

extension Condition {
    /// A condition of the model.
    init(_ condition: RuleCondition, _ places: RulePlaces) {
        self.init(
            condition.alternatives.map { terms in
                terms.map { term in
                    Term(
                        term.questions.map { Question($0, places) }, isNegated: term.isNegated)
                }
            }, isNegated: condition.isNegated)
    }
}

extension Question {
    fileprivate init(_ question: ConnectionQuestion, _ places: RulePlaces) {
        switch question {
        case .constant(let value): self = .constant(value)
        case .waitIsOver: self = .waitIsOver
        case .source(let prefixes): self = .source(PrefixTable(prefixes))
        case .destination(let prefixes): self = .destination(PrefixTable(prefixes))
        case .sourcePort(let ranges): self = .sourcePort(ranges)
        case .destinationPort(let ranges): self = .destinationPort(ranges)
        case .serverName(let texts): self = .serverName(TextPatterns(texts))
        case .protocolName(let texts): self = .protocolName(TextPatterns(texts))
        case .helloType(let ranges): self = .helloType(ranges)
        case .byteCount(let ranges): self = .byteCount(ranges)
        case .tlsVersion(let ranges): self = .tlsVersion(ranges)
        case .pool(let quantity, let name, let ranges):
            self = .pool(PoolQuantity(quantity), poolIndex: places.pool(name), ranges)
        case .serverIsUp(let server):
            self = .serverIsUp(poolIndex: places.pool(server.backend), serverName: server.server)
        case .server(let quantity, let server, let ranges):
            self = .server(
                ServerLoad(quantity), poolIndex: places.pool(server.backend),
                serverName: server.server, ranges)
        case .listenerConnections(let ranges): self = .listenerConnections(ranges)
        case .listenerNumber(let ranges): self = .listenerNumber(ranges)
        case .variable(let name, let comparison):
            self = .variable(places.variable(name), VariableTest(comparison))
        case .random(let bound, let ranges): self = .random(below: bound, ranges)
        case .connectionCount(let name, let ranges):
            self = .connectionCount(frontendName: name, ranges)
        case .sessionRate(let name, let ranges):
            self = .sessionRate(frontendName: name, ranges)
        case .payload(let slice, let texts):
            self = .payload(
                offset: slice.offset, length: slice.length, TextPatterns(texts))
        case .rdpCookie(let name, let texts):
            self = .rdpCookie(RDPCookie.Name(ofModel: name), TextPatterns(texts))
        case .mqttField(let field, let texts):
            self = .mqttField(MQTTConnect.Field(field), TextPatterns(texts))
        case .mqttValidity: self = .mqttValidity
        case .tlsText(let text, let texts):
            self = .securedText(SecuredText(text), TextPatterns(texts))
        case .headerText(let type, let texts): self = .headerText(type, TextPatterns(texts))
        case .tlsNumber(let number, let ranges):
            self = .securedNumber(SecuredNumber(number), ranges)
        case .rdpCookieCount(let name, let ranges):
            self = .rdpCookieCount(RDPCookie.Name(ofModel: name), ranges)
        case .counter(let question, let ranges):
            self = .counter(StickQuestion(question, places), ranges)
        }
    }
}

extension VariableSource {
    /// What a variable is set to, or a server is asked for.
    init(_ value: VariableExpression, _ places: RulePlaces) {
        self =
            switch value {
            case .number(let number): .number(number)
            case .text(let text): .text(Array(text.utf8))
            case .address(let address): .address(IPEndpoint(address, port: 0))
            case .key(let key): .key(ConnectionKey(key))
            case .variable(let name): .variable(places.variable(name))
            }
    }
}

extension VariableTest {
    fileprivate init(_ comparison: VariableComparison) {
        self =
            switch comparison {
            case .found: .found
            case .texts(let texts): .texts(TextPatterns(texts))
            case .numbers(let ranges): .numbers(ranges)
            case .networks(let prefixes): .addresses(PrefixTable(prefixes))
            }
    }
}

extension RDPCookie.Name {
    /// A name of the model, which has none that are too long.
    init(ofModel name: String) { self = RDPCookie.Name(name) ?? .any }
}

extension PoolQuantity {
    fileprivate init(_ quantity: BackendQuantity) {
        self =
            switch quantity {
            case .usableServers: .usableServers
            case .connections: .connections
            case .freePlaces: .freePlaces
            case .freeConnections: .freeConnections
            case .waiting: .waiting
            case .waitingPerServer: .waitingPerServer
            case .sessionRate: .sessionRate
            }
    }
}

extension ServerLoad {
    fileprivate init(_ quantity: ServerQuantity) {
        self =
            switch quantity {
            case .connections: .connections
            case .sessionRate: .sessionRate
            case .waiting: .waiting
            }
    }
}

extension PrefixTable {
    fileprivate init(_ prefixes: [AddressPrefix]) {
        self.init(prefixes.map(Prefix.init))
    }
}

extension PrefixTable.Prefix {
    init(_ prefix: AddressPrefix) {
        let end = IPEndpoint(prefix.address, port: 0)
        guard case .v6 = prefix.address, end.isIPv4 else {
            self.init(end, length: prefix.length)
            return
        }
        // An address of IPv4 in the words of IPv6, whose length counts from the first of 128 bits.
        let rest = UInt64(clamping: 128 - prefix.length)
        let low = rest >= 64 ? 0 : end.low & ~0 << rest
        self.init(
            prefix.length < 96 ? IPEndpoint(high: 0, low: low, port: 0) : end,
            length: prefix.length < 96 ? prefix.length : prefix.length - 96)
    }
}

extension IPEndpoint {
    /// An address and a port.
    init(_ address: IPAddress, port: UInt16) {
        switch address {
        case .v4(let four): self.init(ipv4: four.rawValue, port: port)
        case .v6(let six): self.init(high: six.high, low: six.low, port: port)
        }
    }
}

extension ConnectionPlan {
    /// How connections to a server are made.
    init(_ connection: ServerConnection) {
        var options: HeaderOptions = []
        if connection.headerHasChecksum { options.insert(.checksum) }
        if connection.headerHasAuthority { options.insert(.authority) }
        if let security = connection.headerSecurity {
            options.insert(.security)
            if security.hasCommonName { options.insert(.commonName) }
            if security.hasCipher { options.insert(.cipher) }
        }
        if connection.headerHasIdentifier { options.insert(.identifier) }
        let header: Header =
            switch connection.header {
            case .none: .none
            case .versionOne: .versionOne
            case .versionTwo: .versionTwo(options)
            }
        let source: Source =
            switch connection.source.transparency {
            case .client: .client
            case .clientAddress: .clientAddress
            case .none:
                connection.source.ports.map { ports in
                    .ports(ports, of: connection.source.address.map { IPEndpoint($0, port: 0) })
                }
                    ?? connection.source.address.map { .address(IPEndpoint($0, port: 0)) }
                    ?? .automatic
            }
        self.init(
            header: header, source: source, interface: connection.source.interface,
            userTimeout: connection.userTimeout)
        keepAlive = connection.keepAlive.map(KeepAlive.init)
        congestionControl = connection.congestionControl
    }
}

extension KeepAlive {
    /// Probes on idle connections; what is not said is as the kernel has it.
    init(_ settings: KeepAliveSettings) {
        func seconds(_ time: Duration?) -> Int32 { Int32((time ?? .zero).components.seconds) }
        self.init(
            idle: seconds(settings.idle), interval: seconds(settings.interval),
            count: Int32(settings.count ?? 0))
    }
}

extension StreamAddress {
    /// Where a server is.
    init(_ server: Server) {
        switch server.address {
        case .internet(let address): self.init(address, port: server.port)
        case .path(let path): self = .path(path)
        case .abstractName(let name): self = .abstractName(name)
        // Nobody connects there: what has no address yet takes no clients.
        case .name: self = .ipv4(SocketAddress(address: 0, port: 0))
        }
    }
}
#endif
