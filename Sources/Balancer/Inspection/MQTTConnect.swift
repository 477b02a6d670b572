/// The packet that a client of MQTT begins with.
///
/// CONNECT of MQTT 3.1 (§3.1), 3.1.1 (OASIS standard, §3.1) and 5.0 (§3.1). Anything else than a whole one,
/// as its version has it, is none. Deviation: haproxy takes other packets for valid as well, which no client
/// begins with, and flags that a server must refuse (§3.1.2.5 to §3.1.2.9).
public enum MQTTConnect {
    /// What of it can be asked for; haproxy's names.
    public enum Field: String, Hashable, Sendable, CaseIterable {
        /// By which the server knows its session.
        case clientIdentifier = "client_identifier"
        /// Whom it logs in as.
        case userName = "username"
    }

    /// Where its fields lie.
    public struct Packet: Hashable, Sendable {
        fileprivate(set) var clientIdentifier = 0..<0
        fileprivate(set) var userName = 0..<0
        /// How many bytes it has.
        public fileprivate(set) var byteCount = 0

        /// Where a field lies; empty, where the client left it out.
        public subscript(field: Field) -> Range<Int> {
            switch field {
            case .clientIdentifier: clientIdentifier
            case .userName: userName
            }
        }
    }

    /// What a message comes to.
    public enum Reading: Hashable, Sendable {
        /// More bytes could bring the rest of it.
        case needsMore
        /// It is none.
        case malformed
        /// It is whole.
        case complete(Packet)
    }

    /// The most bytes of a packet; haproxy's are as many by default (`tune.bufsize`).
    public static let longestByteCount = 16_384

    /// Reads it.
    ///
    /// - Parameter bytes: What the client has sent so far.
    /// - Returns: The verdict; what follows a whole packet changes nothing.
    public static func read(_ bytes: Span<UInt8>) -> Reading {
        guard bytes.count > 0 else { return .needsMore }
        guard bytes[0] == connect else { return .malformed }
        var length = 0
        var place = 1
        while true {
            guard place < bytes.count else { return .needsMore }
            length |= Int(bytes[place] & 0x7F) << (7 * (place - 1))
            place += 1
            guard bytes[place - 1] & 0x80 != 0 else { break }
            guard place <= longestLength else { return .malformed }
        }
        let end = place + length
        guard end <= longestByteCount else { return .malformed }
        guard end <= bytes.count else { return .needsMore }
        var reader = MQTTReader(place: place, end: end)
        return reader.packet(bytes).map { .complete($0) } ?? .malformed
    }

    private static let connect: UInt8 = 0x10
    /// The most bytes of a length.
    private static let longestLength = 4
}

/// Reads what stands behind the length.
private struct MQTTReader {
    var place: Int
    let end: Int

    /// `nil`: it is none.
    mutating func packet(_ bytes: Span<UInt8>) -> MQTTConnect.Packet? {
        guard let name = text(bytes), let version = byte(bytes), isKnown(bytes, name, version),
            let flags = byte(bytes).map(MQTTFlags.init), flags.areSound(in: version), skip(2)
        else { return nil }
        let hasProperties = version == 5
        guard !hasProperties || skipProperties(bytes), let identifier = text(bytes) else {
            return nil
        }
        var packet = MQTTConnect.Packet()
        packet.clientIdentifier = identifier
        if flags.hasWill {
            guard !hasProperties || skipProperties(bytes), text(bytes) != nil, text(bytes) != nil
            else { return nil }
        }
        if flags.hasUserName {
            guard let name = text(bytes) else { return nil }
            packet.userName = name
        }
        if flags.hasPassword, text(bytes) == nil { return nil }
        packet.byteCount = end
        return place == end ? packet : nil
    }

    private func isKnown(_ bytes: Span<UInt8>, _ name: Range<Int>, _ version: UInt8) -> Bool {
        switch version {
        case 3: isText("MQIsdp", bytes, name)
        case 4, 5: isText("MQTT", bytes, name)
        default: false
        }
    }

    private func isText(_ text: String, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count == text.utf8.count else { return false }
        var place = range.lowerBound
        for byte in text.utf8 {
            guard bytes[place] == byte else { return false }
            place += 1
        }
        return true
    }

    private mutating func byte(_ bytes: Span<UInt8>) -> UInt8? {
        guard place < end else { return nil }
        defer { place += 1 }
        return bytes[place]
    }

    /// A text or bytes, after their length of 2 bytes.
    private mutating func text(_ bytes: Span<UInt8>) -> Range<Int>? {
        guard let high = byte(bytes), let low = byte(bytes) else { return nil }
        let start = place
        return skip(Int(high) << 8 | Int(low)) ? start..<place : nil
    }

    private mutating func skip(_ count: Int) -> Bool {
        guard count <= end - place else { return false }
        place += count
        return true
    }

    /// MQTT 5.0 §2.2.2; what they say is the server's matter.
    private mutating func skipProperties(_ bytes: Span<UInt8>) -> Bool {
        var length = 0
        for shift in stride(from: 0, to: 28, by: 7) {
            guard let part = byte(bytes) else { return false }
            length |= Int(part & 0x7F) << shift
            if part & 0x80 == 0 { return skip(length) }
        }
        return false
    }
}

/// MQTT 3.1.1 §3.1.2.3 to §3.1.2.9.
private struct MQTTFlags {
    let bits: UInt8

    var hasUserName: Bool { bits & 0x80 != 0 }
    var hasPassword: Bool { bits & 0x40 != 0 }
    var hasWill: Bool { bits & 0x04 != 0 }
    private var willQuality: UInt8 { bits >> 3 & 3 }
    private var retainsWill: Bool { bits & 0x20 != 0 }

    func areSound(in version: UInt8) -> Bool {
        guard bits & 0x01 == 0, willQuality < 3 else { return false }
        guard hasWill || willQuality == 0 && !retainsWill else { return false }
        return version == 5 || hasUserName || !hasPassword
    }
}
