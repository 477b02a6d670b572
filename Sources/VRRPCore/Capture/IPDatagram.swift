/// An IP datagram of VRRP as far as it can be read, also where its header contradicts itself.
struct IPDatagram {
    /// What VRRP looks at in the header; `nil` if the header is cut off.
    let header: IPHeader?
    /// The payload, as far as there are bytes.
    let payload: [UInt8]
    /// What is wrong with the header.
    let fault: DecodeError?
    /// Whether bytes of it are missing, so that nothing can be said about the payload.
    let isIncomplete: Bool

    /// Reads a packet, or returns `nil` if it is of another protocol than 112.
    init?(_ packet: NetworkPacket) {
        switch packet.etherType {
        case 0x0800: self.init(version4: packet.payload)
        case 0x86DD: self.init(version6: packet.payload)
        default: return nil
        }
    }

    private init?(version4 bytes: [UInt8]) {
        guard bytes.count > 9, bytes[9] == IPHeader.vrrpProtocolNumber else { return nil }
        do throws(DecodeError) {
            let decoded = try IPv4Header(decoding: bytes.span)
            self.init(header: IPHeader(decoded), payload: Array(bytes[decoded.payload]))
        } catch {
            let span = bytes.span
            let hasAddresses = bytes.count >= 20
            self.init(
                header: hasAddresses
                    ? IPHeader(
                        source: .v4(span.address(at: 12)), destination: .v4(span.address(at: 16)),
                        hopLimit: bytes[8]) : nil,
                payload: hasAddresses ? Array(bytes.dropFirst(Int(bytes[0] & 0x0F) * 4)) : [],
                fault: error)
        }
    }

    private init?(version6 bytes: [UInt8]) {
        guard bytes.count > 6 else { return nil }
        do throws(DecodeError) {
            let decoded = try IPv6Header(decoding: bytes.span)
            guard decoded.protocolNumber == IPHeader.vrrpProtocolNumber else { return nil }
            self.init(header: IPHeader(decoded), payload: Array(bytes[decoded.payload]))
        } catch {
            guard bytes[6] == IPHeader.vrrpProtocolNumber else { return nil }
            let span = bytes.span
            let hasAddresses = bytes.count >= 40
            self.init(
                header: hasAddresses
                    ? IPHeader(
                        source: .v6(span.longAddress(at: 8)),
                        destination: .v6(span.longAddress(at: 24)), hopLimit: bytes[7]) : nil,
                payload: hasAddresses ? Array(bytes.dropFirst(40)) : [], fault: error)
        }
    }

    private init(header: IPHeader?, payload: [UInt8], fault: DecodeError? = nil) {
        self.header = header
        self.payload = payload
        self.fault = fault
        isIncomplete = fault != nil
    }
}
