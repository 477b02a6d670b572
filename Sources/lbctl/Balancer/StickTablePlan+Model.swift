#if Program
internal import Balancer
internal import NodeConfiguration
internal import VRRPCore

extension StickTablePlan {
    /// What is remembered and counted of keys.
    init(_ table: StickTableSettings) {
        self.init(name: table.name, size: table.size, lifetime: table.lifetime)
        keys =
            switch table.kind {
            case .ip: .ipv4
            case .ipv6: .addresses
            case .integer: .numbers
            case .string: .text(table.keyByteCount)
            case .binary: .bytes(table.keyByteCount)
            }
        keepsAll = table.keepsAll
        hasServerNumbers = table.hasServerNumbers
        (peers, peersName) = (table.peers, table.peersName)
        counters = table.counters.map {
            StickCounter(StickQuantity($0.datum), over: $0.period, count: $0.count)
        }
    }
}

extension StickRule {
    /// How clients belong to servers.
    init(_ settings: StickRuleSettings, _ places: RulePlaces) {
        self.init(in: places.table(settings.tableName), by: ConnectionKey(settings.key))
        (matches, stores) = (settings.matches, settings.stores)
        condition = Condition(settings.condition, places)
    }
}

extension Tracking {
    /// What a connection is counted by.
    init(_ settings: TrackingSettings, _ places: RulePlaces) {
        self.init(
            settings.number, by: ConnectionKey(settings.key), in: places.table(settings.tableName))
    }
}

extension BandwidthSharing {
    /// What connections share.
    init(_ settings: SharedBandwidth, _ places: RulePlaces) {
        self.init(
            settings.number, of: settings.direction == .upload ? .upload : .download,
            by: ConnectionKey(settings.key), in: places.table(settings.tableName),
            byteCount: UInt64(settings.byteCount))
        leastByteCount = settings.leastByteCount
    }
}

extension StickQuestion {
    /// What is asked of a table.
    init(_ question: CounterQuestion, _ places: RulePlaces) {
        let subject: Subject =
            switch question.subject {
            case .tracked(let number): .tracked(number)
            case .key(let key): .key(ConnectionKey(key))
            }
        let asked: Asked =
            switch question.asked {
            case .value(let datum, let index): .value(StickQuantity(datum), index)
            case .increase(let datum, let index): .increase(StickQuantity(datum), index)
            case .clear(let datum, let index): .clear(StickQuantity(datum), index)
            case .presence: .presence
            case .trackers: .trackers
            case .server: .server
            }
        self.init(asked, of: subject, in: question.tableName.map(places.table))
    }
}

extension ConnectionKey {
    init(_ name: ConnectionKeyName) {
        self =
            switch name {
            case .source: .source
            case .sourcePort: .sourcePort
            case .destination: .destination
            case .destinationPort: .destinationPort
            case .serverName: .serverName
            case .protocolName: .protocolName
            case .payload(let slice): .payload(offset: slice.offset, length: slice.length)
            case .countedPayload(let part):
                .countedPayload(
                    CountedPayload(
                        lengthOffset: part.length.offset, lengthByteCount: part.length.length,
                        offset: part.offset))
            case .rdpCookie(let name): .rdpCookie(RDPCookie.Name(ofModel: name))
            case .mqttField(let field): .mqttField(MQTTConnect.Field(field))
            case .tlsText(let text): .securedText(SecuredText(text))
            case .headerText(let type): .headerText(type)
            case .converted(let name, .mask(let four, let six)):
                .network(
                    of: name == .source ? .source : .destination,
                    AddressMask(four, six))
            case .converted(let name, .lower): .cased(Text(name), .lower)
            case .converted(let name, .upper): .cased(Text(name), .upper)
            }
    }
}

extension MQTTConnect.Field {
    /// A field of the model.
    init(_ field: MQTTField) {
        self =
            switch field {
            case .clientIdentifier: .clientIdentifier
            case .userName: .userName
            }
    }
}

extension AddressMask {
    /// Masks of the model.
    init(_ four: IPv4Address, _ six: IPv6Address?) {
        self.init(ipv4: four.rawValue, ipv6: six.map { ($0.high, $0.low) })
    }
}

extension ConnectionKey.Text {
    /// A text of the model; the reader lets no other key be one.
    fileprivate init(_ name: ConnectionKeyName) {
        switch name {
        case .serverName: self = .serverName
        case .protocolName: self = .protocolName
        case .payload(let slice): self = .payload(offset: slice.offset, length: slice.length)
        case .rdpCookie(let name): self = .rdpCookie(RDPCookie.Name(ofModel: name))
        case .tlsText(let text): self = .securedText(SecuredText(text))
        case .headerText(let type): self = .headerText(type)
        case .source, .sourcePort, .destination, .destinationPort, .countedPayload, .mqttField,
            .converted:
            preconditionFailure("\(name.name) is no text")
        }
    }
}

extension StickQuantity {
    /// A table's datum.
    init(_ datum: StickDatum) {
        self =
            switch datum {
            case .connections: .connections
            case .connectionTotal: .connectionTotal
            case .connectionRate: .connectionRate
            case .sessionTotal: .sessionTotal
            case .sessionRate: .sessionRate
            case .bytesIn: .bytesIn
            case .bytesInRate: .bytesInRate
            case .bytesOut: .bytesOut
            case .bytesOutRate: .bytesOutRate
            case .marks: .marks
            case .markRate: .markRate
            case .secondMarks: .secondMarks
            case .secondMarkRate: .secondMarkRate
            case .tag: .tag
            case .tags: .tags
            case .markArray: .markArray
            case .markRateArray: .markRateArray
            }
    }
}
#endif
