internal import LinuxIO

extension ProxyHeader {
    /// What a header of version 2 says besides the addresses.
    public struct Extensions: Sendable {
        /// A checksum over the header (`proxy-v2-options crc32c`).
        public var hasChecksum = false
        /// The protocol that was agreed on with the client by ALPN.
        public var applicationProtocol: ShortText?
        /// The name that the client asks for (`authority`).
        public var authority: ShortText?
        /// A number that no other connection has (`unique-id`).
        public var identifier: ShortText?
        /// What is told of the client's TLS (`ssl`).
        public var security: Security?

        /// Makes none.
        public init() {}
    }

    /// What is told of a client's TLS (section 2.2.6 of the protocol).
    public struct Security: Sendable {
        /// What there was, PP2_CLIENT_….
        public var client: UInt8 = 0
        /// What verifying the client's certificate came to; 0: well.
        public var verification: UInt32 = 0
        /// Its version, empty without TLS.
        public var version = ShortText()
        /// The common name of the client's certificate; left out while empty.
        public var commonName = ShortText()
        /// The cipher; likewise.
        public var cipher = ShortText()

        /// Tells of a client without TLS.
        public init() {}
    }

    /// Appends the header as version 1 has it: a line of text.
    ///
    /// - Parameter output: Where to; needs room for 107 bytes.
    public func writeVersionOne(to output: inout ByteWriter) {
        guard let addresses, addresses.arePresent else {
            return output.append("PROXY UNKNOWN\r\n")
        }
        output.append(addresses.areIPv4 ? "PROXY TCP4 " : "PROXY TCP6 ")
        output.append(addressOf: addresses.source, asIPv6: !addresses.areIPv4)
        output.append(" ")
        output.append(addressOf: addresses.destination, asIPv6: !addresses.areIPv4)
        output.append(" ")
        output.append(decimal: Int(addresses.source.port))
        output.append(" ")
        output.append(decimal: Int(addresses.destination.port))
        output.append("\r\n")
    }

    /// Appends the header as version 2 has it.
    ///
    /// - Parameters:
    ///   - extensions: What it says besides.
    ///   - output: Where to; needs room for 1,615 bytes: 16 to begin with, 36 of addresses, 7 of a
    ///     checksum, 8 of TLS, and 258 of each of six texts; and for what is appended.
    ///   - appendFurther: Appends extensions of other types.
    public func writeVersionTwo(
        _ extensions: Extensions, to output: inout ByteWriter,
        appending appendFurther: (inout ByteWriter) -> Void = { _ in }
    ) {
        let start = output.count
        for index in 0..<12 { output.append(ProxyHeader.versionTwoSignature[index]) }
        let known = addresses.flatMap { $0.arePresent ? $0 : nil }
        // Without addresses as haproxy, which takes no other: a connection of its own.
        output.append(known == nil ? 0x20 : 0x21)
        output.append(known.map { $0.areIPv4 ? 0x11 : 0x21 } ?? 0x00)
        output.append(bigEndian: 0 as UInt16)
        if let known { known.write(to: &output) }
        var checksumPlace: Int?
        if extensions.hasChecksum {
            output.append(Extension.checksum)
            output.append(bigEndian: 4 as UInt16)
            checksumPlace = output.count
            output.append(bigEndian: 0 as UInt32)
        }
        if let name = extensions.applicationProtocol {
            output.append(Extension.applicationProtocol, name)
        }
        if let authority = extensions.authority {
            output.append(Extension.authority, authority)
        }
        if let identifier = extensions.identifier {
            output.append(Extension.uniqueIdentifier, identifier)
        }
        if let security = extensions.security { security.write(to: &output) }
        appendFurther(&output)
        let length = output.count - start - 16
        output.replace(at: start + 14, bigEndian: UInt16(length))
        guard let checksumPlace else { return }
        let sum = output.withWritten(from: start) {
            Checksum.castagnoli(of: $0, leavingOut: checksumPlace - start)
        }
        output.replace(at: checksumPlace, bigEndian: sum)
    }
}

extension ProxyHeader.Security {
    fileprivate func write(to output: inout ByteWriter) {
        output.append(ProxyHeader.Extension.security)
        let start = output.count
        output.append(bigEndian: 0 as UInt16)
        output.append(client)
        output.append(bigEndian: verification)
        let parts = [
            (ProxyHeader.Extension.securityVersion, version),
            (ProxyHeader.Extension.commonName, commonName), (ProxyHeader.Extension.cipher, cipher),
        ]
        for (type, text) in parts where text.count > 0 { output.append(type, text) }
        output.replace(at: start, bigEndian: UInt16(output.count - start - 2))
    }
}

extension ProxyHeader.Addresses {
    fileprivate var arePresent: Bool { source.isPresent && destination.isPresent }

    /// Otherwise one of IPv4 is told as IPv6 has it, as haproxy does.
    fileprivate var areIPv4: Bool { source.isIPv4 && destination.isIPv4 }

    fileprivate func write(to output: inout ByteWriter) {
        if areIPv4 {
            source.writeAddress(to: &output)
            destination.writeAddress(to: &output)
        } else {
            output.append(bigEndian: source.high)
            output.append(bigEndian: source.low)
            output.append(bigEndian: destination.high)
            output.append(bigEndian: destination.low)
        }
        output.append(bigEndian: source.port)
        output.append(bigEndian: destination.port)
    }
}

extension ByteWriter {
    /// Appends an extension.
    mutating func append(_ type: UInt8, _ text: Span<UInt8>) {
        append(type)
        append(bigEndian: UInt16(text.count))
        for index in text.indices { append(text[index]) }
    }

    /// Appends an extension.
    mutating func append(_ type: UInt8, _ text: ShortText) {
        append(type)
        append(bigEndian: UInt16(text.count))
        for index in 0..<text.count { append(text[index]) }
    }

    fileprivate mutating func append(addressOf end: IPEndpoint, asIPv6 isMapped: Bool) {
        if isMapped, end.isIPv4 { append("::ffff:") }
        append(addressOf: end)
    }

    /// A number without zeros in front, of 20 bytes at most.
    mutating func append(decimal number: Int) {
        if number < 0 { append(UInt8(ascii: "-")) }
        let size = number.magnitude
        var unit: UInt = 1
        while size / unit >= 10 { unit *= 10 }
        while unit > 0 {
            append(UInt8(ascii: "0") + UInt8(size / unit % 10))
            unit /= 10
        }
    }

    /// Dotted decimal, or as RFC 5952 §4 wants it.
    mutating func append(addressOf end: IPEndpoint) {
        guard !end.isIPv4 else {
            for octet in 0..<4 {
                if octet > 0 { append(UInt8(ascii: ".")) }
                append(decimal: Int(end.ipv4 >> UInt32(24 - 8 * octet) & 255))
            }
            return
        }
        let gap = end.longestRunOfZeros
        var place = 0
        while place < 8 {
            if let gap, gap.lowerBound == place {
                append("::")
                place = gap.upperBound
                continue
            }
            if place > 0, gap?.upperBound != place { append(UInt8(ascii: ":")) }
            append(hexadecimal: end.group(place))
            place += 1
        }
    }

    private mutating func append(hexadecimal number: UInt16) {
        var shift: UInt16 = 12
        while shift > 0, number >> shift == 0 { shift -= 4 }
        while true {
            let digit = UInt8(number >> shift & 15)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            guard shift > 0 else { return }
            shift -= 4
        }
    }
}

extension IPEndpoint {
    /// Writes the address, 4 or 16 bytes.
    func writeAddress(to output: inout ByteWriter) {
        guard !isIPv4 else { return output.append(bigEndian: ipv4) }
        output.append(bigEndian: high)
        output.append(bigEndian: low)
    }

    /// One of the eight groups of 16 bits.
    fileprivate func group(_ place: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: (place < 4 ? high : low) >> UInt64(48 - place % 4 * 16))
    }

    /// The first of the longest runs of two groups of zeros or more.
    fileprivate var longestRunOfZeros: Range<Int>? {
        var longest = 0..<1
        var start = 0
        for place in 0..<8 {
            guard group(place) == 0 else {
                start = place + 1
                continue
            }
            if place + 1 - start > longest.count { longest = start..<place + 1 }
        }
        return longest.count > 1 ? longest : nil
    }
}
