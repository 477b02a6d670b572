extension Advertisement {
    /// Encodes the message, without the IP header, which the kernel makes.
    ///
    /// - Parameters:
    ///   - coverage: The form of the checksum. Version 2 knows only one and ignores this.
    ///   - source: The sender's address, for the pseudo-header.
    ///   - destination: The address that the message is sent to, for the pseudo-header.
    /// - Returns: 8 + 4n bytes, and 8 more of zeros in version 2.
    /// - Complexity: O(n) in the number of addresses; allocates once.
    ///
    /// RFC 9568 §5.2, RFC 3768 §5.3.
    public func encoded(
        coverage: ChecksumCoverage = .message, source: IPv4Address,
        destination: IPv4Address = .vrrpGroup
    ) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(byteCount)
        message.append(UInt8(version.rawValue) << 4 | Self.typeNumber)
        message.append(vrid.rawValue)
        message.append(priority.rawValue)
        message.append(UInt8(addresses.count))
        switch interval {
        case .v2(let seconds):
            message.append(0)
            message.append(seconds.rawValue)
        case .v3(let centiseconds):
            message.append(UInt8(centiseconds.rawValue >> 8))
            message.append(UInt8(truncatingIfNeeded: centiseconds.rawValue))
        }
        message.append(contentsOf: [0, 0])
        for address in addresses { message.append(contentsOf: address.octets) }
        while message.count < byteCount { message.append(0) }

        let usedCoverage = version == .v2 ? .message : coverage
        var checksum = usedCoverage.seed(
            source: source, destination: destination, byteCount: message.count)
        checksum.add(message.span)
        message[6] = UInt8(checksum.value >> 8)
        message[7] = UInt8(truncatingIfNeeded: checksum.value)
        return message
    }

    /// The type of the only message, ADVERTISEMENT (RFC 9568 §5.2.2).
    static let typeNumber: UInt8 = 1
}
