internal import LinuxIO

/// How a connection to a server says whom it is for: by its source address, or a PROXY header.
extension Worker {
    /// What was done about the address that a connection is made from.
    enum Binding {
        /// The port is still open.
        case anyPort
        /// The port is fixed, or not of TCP.
        case ownPort
        /// The kernel refused: a negative error number.
        case failed(Int)
    }

    /// Sets what the plan wants of a socket before it connects.
    @unsafe
    func bindSource(
        of socket: Int32, for destination: UnsafePointer<Destination>, _ client: Int
    ) -> Binding {
        let plan = unsafe destination.pointee.connection
        let timeout = unsafe destination.pointee.userTimeout
        if timeout > 0 { _ = StreamSocket.setOption(socket, level: 6, 18, to: timeout) }
        if let probes = plan.keepAlive { _ = StreamSocket.probe(socket, by: probes) }
        if let name = plan.congestionControl, !self[routeOf: client].isDatagram {
            let result = StreamSocket.setCongestionControl(socket, name)
            guard result == 0 else { return .failed(result) }
        }
        if let interface = plan.interface {
            let result = StreamSocket.bind(socket, toInterface: interface)
            guard result == 0 else { return .failed(result) }
        }
        let end: IPEndpoint
        switch plan.source {
        case .automatic: return .anyPort
        case .ports(_, let address):
            if let address, unsafe RawStreamAddress(address).family != destination.pointee.family {
                return .anyPort
            }
            return unsafe bindToRange(socket, of: address, for: destination, client)
        case .address(let address): end = address
        case .client: end = source(of: client)
        case .clientAddress:
            let client = source(of: client)
            end = IPEndpoint(high: client.high, low: client.low, port: 0)
        }
        // A client of another family than the server's cannot be its source.
        let address = RawStreamAddress(end)
        guard end.isPresent, unsafe address.family == destination.pointee.family else {
            return .anyPort
        }
        if plan.source.isTransparent {
            let result = StreamSocket.setTransparent(socket, family: address.family)
            guard result == 0 else { return .failed(result) }
        }
        if end.port == 0 {
            // The port is chosen by `connect`, which knows both ends (Linux 4.2).
            _ = StreamSocket.setOption(socket, level: 0, 24, to: 1)  // IP_BIND_ADDRESS_NO_PORT
        } else {
            _ = StreamSocket.setOption(socket, level: 1, 2, to: 1)  // SOL_SOCKET, SO_REUSEADDR
        }
        let result = StreamSocket.bind(socket, to: address)
        guard result == 0 else { return .failed(result) }
        return end.port == 0 ? .anyPort : .ownPort
    }

    /// Sends the PROXY header, the first bytes of a connection to a server.
    ///
    /// - Returns: Whether the socket took it: a new one has room for it.
    mutating func sendHeader(_ client: Int) -> Bool {
        let socket = slab[client | 1].socket
        let header = ProxyHeader(
            addresses: .init(source: source(of: client), destination: destination(of: client)))
        let owner = Int(slab[client | 1].owner)
        let plan = unsafe destinations[owner].connection.header
        var extensions = ProxyHeader.Extensions()
        if case .versionTwo(let options) = plan {
            extensions.hasChecksum = options.contains(.checksum)
            // As haproxy, without being asked for.
            let name = securedText(.applicationProtocol, of: client)
            if name.count > 0 { extensions.applicationProtocol = name }
            if options.contains(.authority) { extensions.authority = authority(of: client) }
            if options.contains(.identifier) {
                extensions.identifier = identifierForServer(client)
            }
            if options.contains(.security) { extensions.security = security(of: client, options) }
        }
        var writer = unsafe ByteWriter(
            UnsafeMutableRawBufferPointer(start: buffer, count: bufferByteCount))
        switch plan {
        case .none: return true
        case .versionOne: header.writeVersionOne(to: &writer)
        case .versionTwo:
            let texts = unsafe destinations[owner].connection.headerTexts
            header.writeVersionTwo(extensions, to: &writer) { writer in
                for text in texts { append(text, of: client, to: &writer) }
            }
        }
        let count = writer.count
        guard case .moved(count) = unsafe StreamSocket.send(buffer, count: count, to: socket) else {
            return false
        }
        slab[client | 1].marks.insert(.hasSent)
        return true
    }

    private func append(
        _ text: ConnectionPlan.HeaderText, of client: Int, to writer: inout ByteWriter
    ) {
        let value = value(of: text.source, client, source(of: client), readHello(client))
        let isKnown: Void? = value?.withText { writer.append(text.type, $0) }
        if isKnown == nil { writer.append(text.type, ShortText()) }
    }

    /// The name that the client's own PROXY header has, or else that he asked for by TLS, if he has said so
    /// by now.
    private func authority(of client: Int) -> ShortText? {
        if let told = headerText(ProxyHeader.Extension.authority, of: client) { return told }
        var name = ShortText()
        if slab[client].marks.contains(.isSecured) {
            name = securedText(.serverName, of: client)
        } else if case .complete(let hello) = readHello(client) {
            name = hello.serverName
        }
        return name.count > 0 ? name : nil
    }

    /// What is told of a client's TLS.
    private func security(
        of client: Int, _ options: ConnectionPlan.HeaderOptions
    ) -> ProxyHeader.Security {
        var told = ProxyHeader.Security()
        guard slab[client].marks.contains(.isSecured) else { return told }
        let session = sessions[client: client]
        told.client = 1  // PP2_CLIENT_SSL
        told.version = session.text(.version)
        if options.contains(.cipher) { told.cipher = session.text(.cipher) }
        guard session.number(.usesCertificate) == 1 else { return told }
        told.client |= 4  // PP2_CLIENT_CERT_SESS
        if session.number(.showedCertificate) == 1 { told.client |= 2 }  // PP2_CLIENT_CERT_CONN
        told.verification = UInt32(truncatingIfNeeded: session.number(.verification))
        if options.contains(.commonName) { told.commonName = session.text(.subjectName) }
        return told
    }
}
