#if Program
internal import Foundation
internal import VRRPCore

/// One packet of VRRP as `lbctl monitor` and `lbctl decode` print it.
struct PacketReport {
    /// The packet's place in the file or since the beginning, from 1.
    let number: Int
    /// Nanoseconds since 1970, 0 if the capture does not tell.
    let time: Int64
    let explanation: PacketExplanation
    let findings: [TrafficFinding]

    /// What is wrong, each in a sentence.
    var faults: [String] {
        explanation.faults.map(\.description)
            + findings.filter(\.isFault).map(\.description)
    }

    /// What is right and worth knowing.
    var remarks: [String] {
        explanation.remarks.map(\.description)
            + findings.filter { !$0.isFault }.map(\.description)
    }

    /// The packet in one line.
    var headline: String {
        guard let packet = explanation.packet else { return "\(number) \(moment()) VRRP, cut off" }
        var words = [
            "\(number)", moment(), "\(packet.header.source) > \(packet.header.destination)",
        ]
        words += packet.vlans.map { "vlan \($0)" }
        guard let message = packet.message else { return (words + ["VRRP"]).joined(separator: " ") }
        let interval =
            message.version == 2 ? "\(message.interval) s" : "\(Int(message.interval) * 10) ms"
        words += [
            "VRRPv\(message.version)", "vrid \(message.vrid)", "priority \(message.priority)",
            "interval \(interval)",
        ]
        if message.authenticationType == 1 { words.append("password") }
        if let trailer = packet.trailer { words.append("hmac key \(trailer.keyID)") }
        words.append(message.addresses.map(\.description).joined(separator: ", "))
        return words.joined(separator: " ")
    }

    /// When it was captured, in UTC as RFC 3339 writes it; `-` if that is not known.
    ///
    /// - Parameter places: Places behind the point, 0 to 9.
    /// - Returns: `2026-11-23T14:40:04.985649Z`, for example.
    func moment(places: Int = 6) -> String {
        guard time != 0 else { return "-" }
        var seconds = Int(time / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let start = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let digits = String(time % 1_000_000_000)
        let fraction = String(repeating: "0", count: 9 - digits.count) + digits
        return "\(start).\(fraction.prefix(places))Z"
    }
}

// MARK: - JSON

/// One line of `--json`: every field, and everything that was found.
private struct PacketDocument: Encodable {
    struct Finding: Encodable {
        let name: String
        let text: String
    }
    struct Trailer: Encodable {
        let keyID: UInt8
        let seconds: UInt32
        let sequence: UInt64
        let code: String
    }
    struct Message: Encodable {
        let version: UInt8
        let type: UInt8
        let vrid: UInt8
        let priority: UInt8
        let addressCount: UInt8
        let reserved: UInt8?
        let authenticationType: UInt8?
        let authenticationData: String?
        let intervalSeconds: UInt16?
        let intervalCentiseconds: UInt16?
        let checksum: String
        let checksumForm: String?
        let addresses: [String]
    }

    let number: Int
    let time: String?
    let ethernetSource: String?
    let ethernetDestination: String?
    let vlans: [UInt16]
    let source: String?
    let destination: String?
    let hopLimit: UInt8?
    let vrrp: Message?
    let trailer: Trailer?
    let trailingBytes: Int
    let faults: [Finding]
    let remarks: [Finding]
}

extension PacketDocument {
    fileprivate init(_ report: PacketReport) {
        let (explanation, packet) = (report.explanation, report.explanation.packet)
        number = report.number
        time = report.time == 0 ? nil : report.moment(places: 9)
        ethernetSource = packet?.linkSource?.description
        ethernetDestination = packet?.linkDestination?.description
        vlans = packet?.vlans ?? []
        source = packet?.header.source.description
        destination = packet?.header.destination.description
        hopLimit = packet?.header.hopLimit
        vrrp = packet?.message.map { Message($0, of: explanation) }
        trailer = packet?.trailer.map {
            Trailer(
                keyID: $0.keyID, seconds: $0.sequence.seconds, sequence: $0.sequence.rawValue,
                code: $0.code.map { String(format: "%02x", Int($0)) }.joined())
        }
        trailingBytes = packet?.trailingByteCount ?? 0
        faults =
            explanation.faults.map { Finding(name: $0.name, text: $0.description) }
            + report.findings.filter(\.isFault).map { Finding(name: $0.name, text: "\($0)") }
        remarks =
            explanation.remarks.map { Finding(name: $0.name, text: $0.description) }
            + report.findings.filter { !$0.isFault }.map { Finding(name: $0.name, text: "\($0)") }
    }
}

extension PacketDocument.Message {
    fileprivate init(_ message: PacketFields.Message, of explanation: PacketExplanation) {
        let isVersion2 = message.version == 2
        version = message.version
        type = message.type
        vrid = message.vrid
        priority = message.priority
        addressCount = message.addressCount
        reserved = message.reserved
        authenticationType = message.authenticationType
        // A password is not shown.
        authenticationData = message.authenticationData.map { data in
            data.allSatisfy { $0 == 0 } ? "zeros" : "8 bytes"
        }
        intervalSeconds = isVersion2 ? message.interval : nil
        intervalCentiseconds = isVersion2 ? nil : message.interval
        checksum = String(format: "0x%04x", Int(message.checksum))
        checksumForm = explanation.checksumForm.map { form in
            switch form {
            case .message: "message"
            case .pseudoHeader: "pseudo-header"
            case .groupPseudoHeader: "group-pseudo-header"
            }
        }
        addresses = message.addresses.map(\.description)
    }
}

extension PacketReport {
    /// The packet and all that was found as JSON, on one line.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // Encoding fails only for numbers that are not finite, and there is none.
        return (try? encoder.encode(PacketDocument(self))).map {
            String(decoding: $0, as: UTF8.self)
        }
            ?? "{}"
    }
}
#endif
