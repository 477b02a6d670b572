import Balancer

/// What comes first on a connection, whole and cut: a beginning of something right is never wrong.
func feedProxyHeader(_ bytes: [UInt8]) {
    let reading = ProxyHeader.read(bytes.span)
    guard case .complete(let header, let byteCount) = reading else { return }
    require(byteCount <= bytes.count, "a header of more bytes than there are")
    let whole = Array(bytes.prefix(byteCount))
    require(ProxyHeader.read(whole.span) == reading, "what follows a header changes it")
    for cut in [1, byteCount / 2, byteCount - 1] where cut < byteCount {
        let beginning = Array(bytes.prefix(cut))
        require(
            ProxyHeader.read(beginning.span) == .needsMore,
            "\(cut) of \(byteCount) bytes are wrong, or enough")
    }
    for isVersionTwo in [false, true] {
        let written = written(header, isVersionTwo: isVersionTwo)
        guard case .complete(let again, _) = ProxyHeader.read(written.span) else {
            fatalError("\(header) was written as \(written), which is no header")
        }
        // An end at :: counts as none, and what has one end alone is not written.
        if let ends = header.addresses, !ends.source.isPresent || !ends.destination.isPresent {
            continue
        }
        // Nor is a mixture of families, which version 1 can name by ::ffff:0:0/96.
        guard header.addresses?.source.isIPv4 == header.addresses?.destination.isIPv4 else {
            continue
        }
        require(again == header, "\(header) was read again as \(again)")
    }
}

/// What a NetScaler says of its client, whole and cut; the number that is agreed on is its own, as if it was
/// right.
func feedInsertedHeader(_ bytes: [UInt8]) {
    let magic = bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let reading = ProxyHeader.readInserted(bytes.span, magic: magic)
    if bytes.count >= 4 {
        require(
            ProxyHeader.readInserted(bytes.span, magic: ~magic) == .malformed(.signature),
            "a header of another number is one")
    }
    guard case .complete(let header, let byteCount) = reading else { return }
    require(byteCount <= bytes.count, "a header of more bytes than there are")
    require(header.addresses != nil, "a header that says nothing")
    let whole = Array(bytes.prefix(byteCount))
    require(
        ProxyHeader.readInserted(whole.span, magic: magic) == reading,
        "what follows a header changes it")
    for cut in [1, byteCount / 2, byteCount - 1] {
        let beginning = Array(bytes.prefix(cut))
        require(
            ProxyHeader.readInserted(beginning.span, magic: magic) == .needsMore,
            "\(cut) of \(byteCount) bytes are wrong, or enough")
    }
}

private func written(_ header: ProxyHeader, isVersionTwo: Bool) -> [UInt8] {
    var extensions = ProxyHeader.Extensions()
    extensions.hasChecksum = true
    return [UInt8](unsafeUninitializedCapacity: 1024) { memory, count in
        var output = ByteWriter(UnsafeMutableRawBufferPointer(memory))
        if isVersionTwo {
            header.writeVersionTwo(extensions, to: &output)
        } else {
            header.writeVersionOne(to: &output)
        }
        count = output.count
    }
}

/// The first message of a TLS client, whole and cut.
func feedClientHello(_ bytes: [UInt8]) {
    let reading = ClientHello.read(bytes.span)
    guard case .complete = reading else { return }
    for cut in [1, bytes.count / 2, bytes.count - 1] where cut < bytes.count {
        let beginning = Array(bytes.prefix(cut))
        switch ClientHello.read(beginning.span) {
        case .needsMore(let least):
            require(least > cut && least <= bytes.count, "\(least) bytes are wanted after \(cut)")
        case .malformed(let fault): fatalError("\(cut) of \(bytes.count) bytes are \(fault)")
        case .complete(let message):
            require(.complete(message) == reading, "what follows a message changes it")
        }
    }
}

/// The first message of a client of RDP, whole and cut.
func feedRDPCookie(_ bytes: [UInt8]) {
    for name in [RDPCookie.Name.any, RDPCookie.Name("mstshash") ?? .any] {
        let reading = RDPCookie.read(bytes.span, name: name)
        let beginning = RDPCookie.read(Array(bytes.prefix(bytes.count / 2)).span, name: name)
        require(beginning == .needsMore || beginning == reading, "what follows changes it")
        guard case .complete(let range) = reading else { continue }
        require(range.upperBound + 2 <= bytes.count, "a value beyond the end")
        require(!bytes[range].contains(13), "a value of several lines")
    }
}

func feedMQTTConnect(_ bytes: [UInt8]) {
    let reading = MQTTConnect.read(bytes.span)
    let beginning = MQTTConnect.read(Array(bytes.prefix(bytes.count / 2)).span)
    require(beginning == .needsMore || beginning == reading, "what follows changes it")
    guard case .complete(let packet) = reading else { return }
    require(packet.byteCount <= bytes.count, "a packet beyond the end")
    for field in MQTTConnect.Field.allCases {
        require(packet[field].upperBound <= packet.byteCount, "a field beyond the packet")
    }
    let alone = Array(bytes.prefix(packet.byteCount))
    require(MQTTConnect.read(alone.span) == reading, "what is behind it changes it")
}
