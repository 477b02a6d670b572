extension Advertisement {
    /// Encodes the message, without the IP header.
    ///
    /// - Parameters:
    ///   - coverage: The form of the checksum. Version 2 and IPv6 know only one and ignore this.
    ///   - source: The sender's address, for the pseudo-header.
    ///   - destination: The address that the message is sent to, for the pseudo-header; `nil`: the
    ///     group of the family.
    ///   - password: What goes into the authentication data of version 2; `nil`: no authentication.
    ///   - trailer: What follows the message; the checksum covers it over IPv6 only, where the
    ///     kernel may write it.
    /// - Returns: 8 + 4n bytes, over IPv6 8 + 16n, in version 2 16 + 4n; and the trailer.
    /// - Complexity: O(n) in the number of addresses; allocates once.
    ///
    /// RFC 9568 §5.2, RFC 3768 §5.3, RFC 2338 §5.3.6.
    public func encoded(
        coverage: ChecksumCoverage = .message, source: IPAddress, destination: IPAddress? = nil,
        password: Password? = nil, trailer: [UInt8] = []
    ) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(byteCount + trailer.count)
        message.append(UInt8(version.rawValue) << 4 | Self.typeNumber)
        message.append(vrid.rawValue)
        message.append(priority.rawValue)
        message.append(UInt8(addresses.count))
        switch interval {
        case .v2(let seconds):
            message.append(password == nil ? 0 : Password.typeNumber)
            message.append(seconds.rawValue)
        case .v3(let centiseconds):
            message.append(UInt8(centiseconds.rawValue >> 8))
            message.append(UInt8(truncatingIfNeeded: centiseconds.rawValue))
        }
        message.append(contentsOf: [0, 0])
        for address in addresses { message.append(contentsOf: address.octets) }
        if version == .v2 { message.append(contentsOf: password?.octets ?? Password.absent) }

        if addresses.family == .ipv6 { message.append(contentsOf: trailer) }
        var checksum = usedCoverage(asked: coverage).seed(
            source: source, destination: destination ?? addresses.family.vrrpGroup,
            byteCount: message.count)
        checksum.add(message.span)
        message[6] = UInt8(checksum.value >> 8)
        message[7] = UInt8(truncatingIfNeeded: checksum.value)
        if addresses.family == .ipv4 { message.append(contentsOf: trailer) }
        return message
    }

    /// Encodes the message for the group of IPv4, or for another IPv4 address.
    ///
    /// - Parameters:
    ///   - coverage: The form of the checksum. Version 2 knows only one and ignores this.
    ///   - source: The sender's address, for the pseudo-header.
    ///   - destination: The address that the message is sent to, for the pseudo-header.
    /// - Returns: 8 + 4n bytes, in version 2 16 + 4n.
    public func encoded(
        coverage: ChecksumCoverage = .message, source: IPv4Address,
        destination: IPv4Address = .vrrpGroup
    ) -> [UInt8] {
        encoded(coverage: coverage, source: .v4(source), destination: .v4(destination))
    }

    private func usedCoverage(asked: ChecksumCoverage) -> ChecksumCoverage {
        switch (version, addresses.family) {
        case (_, .ipv6): .pseudoHeader
        case (.v2, .ipv4): .message
        case (.v3, .ipv4): asked
        }
    }

    /// The type of the only message, ADVERTISEMENT (RFC 9568 §5.2.2).
    static let typeNumber: UInt8 = 1
}
