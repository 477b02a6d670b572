internal import LinuxIO

extension Worker {
    /// Reads the header that a connection begins with, once it is whole.
    mutating func readHeader(_ client: Int) {
        let isLast = slab[client].marks.contains(.endIsNear)
        let socket = slab[client].socket
        guard
            case .moved(let count) = unsafe StreamSocket.peek(
                at: socket, into: buffer, upTo: ProxyHeader.longestByteCount)
        else { return }
        guard count > 0 else { return refuse(client, as: .headerCut) }
        let magic = unsafe entries[Int(slab[client].path)].insertionMagic
        let reading = look(at: count) { bytes in
            guard let magic else { return ProxyHeader.read(bytes) }
            return ProxyHeader.readInserted(bytes, magic: magic)
        }
        switch reading {
        case .needsMore:
            if isLast { refuse(client, as: .headerCut) }
        case .malformed:
            refuse(client, as: .headerMalformed)
        case .complete(let header, let byteCount):
            _ = unsafe StreamSocket.receive(from: socket, into: buffer, upTo: byteCount)
            // Who has said no more has not said anything that waits for us.
            if count == byteCount, !isLast { slab[client].marks.remove(.readable) }
            if let addresses = header.addresses {
                if slab[client].introduction >= 0 {
                    introductions[slab[client].introduction] = addresses
                } else {
                    slab[client].introduction = introductions.keep(addresses)
                }
            }
            if magic == nil { keepHeaderTexts(of: client, byteCount) }
            if self[routeOf: client].logging?.tellsHeaderTime == true {
                let place = placeAside(client, source(of: client))
                introductions[headerTimeAt: place] = UInt32(clamping: lifetime(client))
            }
            slab[client].activeAt = UInt32(truncatingIfNeeded: now)
            headerIsDone(client, source: source(of: client), hadHeader: true)
        }
    }

    /// Keeps what a header, which lies in the buffer, says besides addresses, as far as it is asked for.
    private mutating func keepHeaderTexts(of client: Int, _ byteCount: Int) {
        for type in introductions.headerTextTypes {
            guard let text = look(at: byteCount, { ProxyHeader.text(of: type, in: $0) }) else {
                continue
            }
            introductions.keep(
                text, ofHeaderType: type, at: placeAside(client, source(of: client)))
        }
    }

    /// What the PROXY header of a connection said by an extension; `nil`: nothing.
    func headerText(_ type: UInt8, of client: Int) -> ShortText? {
        introductions.headerText(type, at: slab[client].introduction)
    }

    /// Goes on with a connection whose ends are known.
    ///
    /// - Parameters:
    ///   - client: The connection.
    ///   - source: Whose rate it counts in.
    ///   - hadHeader: Whether a PROXY header said them.
    mutating func headerIsDone(_ client: Int, source: IPEndpoint, hadHeader: Bool = false) {
        let listener = Int(slab[client].path)
        if unsafe entries[listener].mayHaveHeader, isOverRate(source, at: listener) {
            return end(
                client, client: .reset, server: .reset, because: Refusal.overRate.cause)
        }
        guard let security = unsafe entries[listener].security else {
            return beginInspecting(client, isCounted: hadHeader)
        }
        if !hadHeader { boundSession() }
        beginHandshake(client, by: security)
    }
}
