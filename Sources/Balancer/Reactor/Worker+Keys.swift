internal import LinuxIO

/// What of a connection is a key in a table.
extension Worker {
    /// Calls with a key; there is none where the client has not said it.
    ///
    /// What he has said lies in his socket until it is relayed.
    ///
    /// - Parameters:
    ///   - key: What is the key.
    ///   - client: The connection.
    ///   - source: The client's end.
    ///   - hello: His first TLS message, where that is asked for.
    ///   - body: What to do with it.
    /// - Returns: What came of it.
    func withKey<Result>(
        _ key: ConnectionKey, of client: Int, _ source: IPEndpoint,
        _ hello: @autoclosure () -> ClientHello.Reading, _ body: (StickKey) -> Result
    ) -> Result {
        switch key {
        case .source: return body(.address(source))
        case .sourcePort: return withPort(of: source, body)
        case .destination: return body(.address(destination(of: client)))
        case .destinationPort: return withPort(of: destination(of: client), body)
        case .serverName:
            guard case .complete(let hello) = hello(), hello.serverName.count > 0 else {
                return body(.none)
            }
            return hello.serverName.withBytes(in: 0..<hello.serverName.count) { body(.bytes($0)) }
        case .protocolName:
            guard case .complete(let hello) = hello(), hello.protocols.count > 0 else {
                return body(.none)
            }
            let end = 1 + Int(hello.protocols[0])
            return hello.protocols.withBytes(in: 1..<end) { body(.bytes($0)) }
        case .securedText(let text): return withText(securedText(text, of: client), body)
        case .headerText(let type):
            return withText(headerText(type, of: client) ?? ShortText(), body)
        case .payload(let offset, let length):
            let end = offset + length
            guard
                case .moved(end) = peek(client, upTo: end)
            else { return body(.none) }
            return look(at: end) { body(.bytes($0.extracting(offset..<end))) }
        case .countedPayload(let part):
            guard case .complete(let range) = readPart(part, of: client) else {
                return body(.none)
            }
            return look(at: range.upperBound) { body(.bytes($0.extracting(range))) }
        case .rdpCookie(let name):
            guard case .complete(let range) = readCookie(name, of: client) else {
                return body(.none)
            }
            return look(at: range.upperBound) { body(.bytes($0.extracting(range))) }
        case .mqttField(let field):
            guard case .complete(let packet) = readConnect(of: client), !packet[field].isEmpty
            else {
                return body(.none)
            }
            return look(at: packet.byteCount) { body(.bytes($0.extracting(packet[field]))) }
        case .network(_, let mask):
            return withKey(key.unconverted, of: client, source, hello()) { key in
                guard case .address(let end) = key, let network = mask.applied(to: end) else {
                    return body(.none)
                }
                return body(.address(network))
            }
        case .cased(_, let letters):
            return withKey(key.unconverted, of: client, source, hello()) { key in
                guard case .bytes(let bytes) = key else { return body(.none) }
                return withCased(bytes, letters, body)
            }
        }
    }

    /// Calls with a text; an empty one is no key.
    private func withText<Result>(
        _ text: ShortText, _ body: (StickKey) -> Result
    ) -> Result {
        guard text.count > 0 else { return body(.none) }
        return text.withBytes(in: 0..<text.count) { body(.bytes($0)) }
    }

    /// Calls with the port of an end; a Unix socket has none.
    private func withPort<Result>(
        of end: IPEndpoint, _ body: (StickKey) -> Result
    ) -> Result {
        end.isPresent ? body(.number(UInt32(end.port))) : body(.none)
    }

    /// Calls with a text with all its letters in one case, which ends at a zero.
    private func withCased<Result>(
        _ text: Span<UInt8>, _ letters: LetterCase, _ body: (StickKey) -> Result
    ) -> Result {
        // What the client has said lies before.
        let start = unsafe (buffer + bufferByteCount / 2).assumingMemoryBound(to: UInt8.self)
        var count = 0
        while count < min(text.count, bufferByteCount / 2), text[count] != 0 {
            unsafe start[count] = letters.applied(to: text[count])
            count += 1
        }
        return body(.bytes(unsafe UnsafeBufferPointer(start: start, count: count).span))
    }

    /// Whether a key is known, or never will be.
    func isTold(_ key: ConnectionKey?, of client: Int, _ facts: Facts) -> Bool {
        switch key?.unconverted {
        case nil, .source, .sourcePort, .destination, .destinationPort, .securedText, .headerText,
            .network, .cased:
            true
        case .payload(let offset, let length): facts.byteCount >= offset + length
        case .serverName, .protocolName:
            if case .needsMore = facts.hello { false } else { true }
        case .countedPayload(let part): readPart(part, of: client) != .needsMore
        case .rdpCookie(let name): readCookie(name, of: client) != .needsMore
        case .mqttField: readConnect(of: client) != .needsMore
        }
    }

    /// The server where a client of RDP says that he was, if he may go there; his words lie in the buffer.
    func server(
        of reading: RDPCookie.Reading, among tokens: TokenServers, _ client: Int
    ) -> Int? {
        guard case .complete(let range) = reading,
            let token = look(at: range.upperBound, { RDPToken($0.extracting(range)) }),
            let server = tokens.position(
                of: token, from: self[routeOf: client].firstServer, shared.addresses)
        else { return nil }
        // As haproxy: what forces clients to their server is not asked about it.
        let isKept = self[routeOf: client].keepsToServers
        return mayServe(server, client, isKept: isKept) ? server : nil
    }

    /// Looks for a part of what the client has said; its bytes lie in the buffer then.
    private func readPart(_ part: CountedPayload, of client: Int) -> CountedPayload.Reading {
        guard case .moved(let count) = peek(client, upTo: ClientHello.longestByteCount) else {
            return .needsMore
        }
        return look(at: count, part.read)
    }

    /// Looks for a cookie in what the client has said; its bytes lie in the buffer then.
    func readCookie(_ name: RDPCookie.Name, of client: Int) -> RDPCookie.Reading {
        guard
            case .moved(let count) = peek(client, upTo: RDPCookie.longestByteCount)
        else { return .needsMore }
        return look(at: count) { RDPCookie.read($0, name: name) }
    }

    /// Reads the packet that a client of MQTT begins with; its bytes lie in the buffer then.
    func readConnect(of client: Int) -> MQTTConnect.Reading {
        guard
            case .moved(let count) = peek(client, upTo: MQTTConnect.longestByteCount)
        else { return .needsMore }
        return look(at: count) { MQTTConnect.read($0) }
    }
}
