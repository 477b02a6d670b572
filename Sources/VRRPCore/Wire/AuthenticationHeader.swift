/// The IPsec authentication header, in which keepalived's `auth_type AH` sends its messages.
///
///     next header · length · reserved · SPI · sequence number · integrity check value
///
/// It is not spoken here: RFC 3768 took it out of the protocol. It is recognised, so that the virtual
/// router whose messages are lost that way can say so. RFC 4302 §2.
public enum AuthenticationHeader {
    /// IP protocol 51.
    public static let protocolNumber: UInt8 = 51

    /// Where the VRRP message begins behind the header.
    ///
    /// - Parameter payload: The IP payload, from the header on.
    /// - Returns: The offset; `nil` if no VRRP message follows.
    public static func messageOffset(in payload: Span<UInt8>) -> Int? {
        guard payload.count >= 12, payload[0] == IPHeader.vrrpProtocolNumber else { return nil }
        let offset = (Int(payload[1]) + 2) * 4
        return offset < payload.count ? offset : nil
    }
}
