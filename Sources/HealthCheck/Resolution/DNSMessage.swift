/// One question of DNS.
///
/// RFC 1035 §4.1.2.
public struct DNSQuestion: Hashable, Sendable {
    /// The name that is asked for.
    public let name: DomainName
    /// The type of record that is asked for.
    public let type: DNSRecordType

    /// Makes a question.
    ///
    /// - Parameters:
    ///   - name: The name that is asked for.
    ///   - type: The type of record that is asked for.
    public init(_ name: DomainName, type: DNSRecordType) {
        self.name = name
        self.type = type
    }

    /// The section of a message.
    var bytes: [UInt8] {
        name.bytes + [UInt8(type.rawValue >> 8), UInt8(type.rawValue & 255), 0, 1]
    }

    /// A message that asks, recursion desired.
    ///
    /// - Parameters:
    ///   - identifier: The number that the answer has to have.
    ///   - payloadSize: How long an answer may be (RFC 6891 §6.1.2); `nil`: the 512 bytes of old.
    /// - Returns: The message.
    public func query(_ identifier: UInt16, payloadSize: UInt16? = nil) -> [UInt8] {
        let extra: [UInt8] =
            payloadSize.map { [0, 0, 41, UInt8($0 >> 8), UInt8($0 & 255), 0, 0, 0, 0, 0, 0] } ?? []
        return [
            UInt8(identifier >> 8), UInt8(identifier & 255), 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0,
            extra.isEmpty ? 0 : 1,
        ] + bytes + extra
    }
}

/// The answer to a question, as far as addresses and services go.
///
/// RFC 1035 §4.1, RFC 2782.
public struct DNSAnswer: Hashable, Sendable {
    /// Where a service is, of a record SRV.
    public struct Service: Hashable, Sendable {
        /// The lower one comes first.
        public let priority: UInt16
        /// The share among those of one priority.
        public let weight: UInt16
        /// The port.
        public let port: UInt16
        /// The host.
        public let target: DomainName
    }

    /// 0 is NOERROR, 3 NXDOMAIN.
    public let status: UInt8
    /// Whether the answer was cut to the length of a datagram.
    public let isTruncated: Bool
    /// The addresses of the name that was asked for, up to 16 aliases followed: 4 or 16 bytes each,
    /// each once, the first 512.
    public private(set) var addresses: [[UInt8]] = []
    /// The services of the name that was asked for.
    public private(set) var services: [Service] = []
    /// Addresses that came along, by their names; the first 512.
    public private(set) var furtherAddresses: [DomainName: [[UInt8]]] = [:]

    /// Reads an answer; `nil` where the message is none to the question, or malformed.
    ///
    /// - Parameters:
    ///   - message: The message, at most 65,535 bytes.
    ///   - question: What was asked.
    ///   - identifier: The number of the question.
    public init?(_ message: [UInt8], to question: DNSQuestion, _ identifier: UInt16) {
        var reader = Reader(message)
        guard reader.number() == identifier, let flags = reader.number(), flags & 0xF800 == 0x8000,
            reader.number() == 1, let answers = reader.number(), let authorities = reader.number(),
            let extras = reader.number(), reader.name() == question.name,
            reader.type() == question.type, reader.number() == 1
        else { return nil }
        status = UInt8(flags & 15)
        isTruncated = flags & 0x0200 != 0
        var records: [Record] = []
        for count in [answers, authorities, extras] {
            for _ in 0..<count {
                guard let record = reader.record() else {
                    // What a truncated answer has left counts for nothing anyway.
                    guard isTruncated else { return nil }
                    return
                }
                records.append(record)
            }
        }
        take(records, answerCount: Int(answers), question)
    }

    private mutating func take(
        _ records: [Record], answerCount: Int, _ question: DNSQuestion
    ) {
        let own = records.prefix(answerCount)
        let name = Self.end(of: question.name, along: own)
        var taken: Set<[UInt8]> = []
        for record in own where record.name == name && record.type == question.type {
            switch record.content {
            case .address(let bytes):
                guard taken.count < Self.mostAddresses, taken.insert(bytes).inserted else { break }
                addresses.append(bytes)
            case .service(let service): services.append(service)
            case .alias, .other: break
            }
        }
        var furtherCount = 0
        for record in records.dropFirst(answerCount) where furtherCount < Self.mostAddresses {
            if case .address(let bytes) = record.content {
                furtherAddresses[record.name, default: []].append(bytes)
                furtherCount += 1
            }
        }
    }

    /// The name that aliases lead to from another one, up to one that was there already.
    private static func end(of name: DomainName, along records: ArraySlice<Record>) -> DomainName {
        var targets: [DomainName: DomainName] = [:]
        for record in records {
            if case .alias(let target) = record.content, targets[record.name] == nil {
                targets[record.name] = target
            }
        }
        var (name, seen) = (name, Set([name]))
        for _ in 0..<mostAliases {
            guard let target = targets[name], seen.insert(target).inserted else { break }
            name = target
        }
        return name
    }

    /// The most aliases that are followed, one after the other.
    static let mostAliases = 16
    /// The most addresses of an answer that count, and of those that came along.
    static let mostAddresses = 512
}

/// A record, as far as it is looked at.
private struct Record {
    enum Content {
        case address([UInt8])
        case alias(DomainName)
        case service(DNSAnswer.Service)
        case other
    }

    let name: DomainName
    let type: DNSRecordType
    let content: Content
}

/// Takes the parts of a message off the front.
private struct Reader {
    /// The class of what is looked at, RFC 1035 §3.2.4.
    private static let internet: UInt16 = 1
    private let message: [UInt8]
    private var offset = 0

    init(_ message: [UInt8]) { self.message = message }

    mutating func number() -> UInt16? {
        guard offset + 2 <= message.count else { return nil }
        defer { offset += 2 }
        return UInt16(message[offset]) << 8 | UInt16(message[offset + 1])
    }

    mutating func type() -> DNSRecordType? { number().map(DNSRecordType.init) }

    mutating func name() -> DomainName? { DomainName(message, at: &offset) }

    mutating func record() -> Record? {
        guard let name = name(), let type = type(), let recordClass = number(), number() != nil,
            number() != nil, let length = number().map(Int.init),
            offset + length <= message.count
        else { return nil }
        let end = offset + length
        defer { offset = end }
        // The extended class of OPT is a length; records of other classes are none of ours.
        guard recordClass == Self.internet else {
            return Record(name: name, type: type, content: .other)
        }
        switch (type, length) {
        case (.a, 4), (.aaaa, 16):
            return Record(name: name, type: type, content: .address(Array(message[offset..<end])))
        case (.a, _), (.aaaa, _): return nil
        case (.cname, _):
            guard let target = self.name(), offset == end else { return nil }
            return Record(name: name, type: type, content: .alias(target))
        case (.srv, 7...):
            guard let priority = number(), let weight = number(), let port = number(),
                let target = self.name(), offset == end
            else { return nil }
            let service = DNSAnswer.Service(
                priority: priority, weight: weight, port: port, target: target)
            return Record(name: name, type: type, content: .service(service))
        default: return Record(name: name, type: type, content: .other)
        }
    }
}
