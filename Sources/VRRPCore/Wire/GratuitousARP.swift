/// The Ethernet frame that tells a LAN which station now has an address.
///
/// A broadcast ARP request in which sender and target are both the virtual address: every station
/// that knows the address updates its cache, every switch learns the port. RFC 9568 §6.4.1 with
/// errata 7947 and 7949 leaves the operation open; RFC 5798 and all peers send a request, and some
/// hosts heed a reply only (RFC 5944 §4.6 has both).
public struct GratuitousARP: Hashable, Sendable {
    /// The virtual address that is announced.
    public var address: IPv4Address
    /// The station that has it now.
    public var mac: MACAddress

    /// Makes an announcement.
    ///
    /// Deviation: without a virtual MAC on the interface, `mac` is the interface's own, where
    /// RFC 9568 asks for 00-00-5E-00-01-{VRID}; keepalived does the same by default.
    ///
    /// - Parameters:
    ///   - address: The virtual address.
    ///   - mac: The station that has it now.
    public init(address: IPv4Address, mac: MACAddress) {
        self.address = address
        self.mac = mac
    }

    /// Encodes the frame from its Ethernet header on, without padding.
    ///
    /// - Parameter isReply: Whether it is a reply that nobody asked for, instead of a request.
    /// - Returns: 42 bytes; the network card pads them to 60.
    public func encoded(isReply: Bool = false) -> [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(42)
        frame.append(contentsOf: MACAddress.broadcast.octets)
        frame.append(contentsOf: mac.octets)
        // EtherType ARP; Ethernet, IPv4, address lengths 6 and 4; the operation.
        frame.append(contentsOf: [0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04])
        frame.append(contentsOf: [0x00, isReply ? 2 : 1])
        frame.append(contentsOf: mac.octets)
        frame.append(contentsOf: address.octets)
        // RFC 9568 §6.4.2 wants the sender here too; receivers of requests ignore it.
        frame.append(contentsOf: mac.octets)
        frame.append(contentsOf: address.octets)
        return frame
    }
}
