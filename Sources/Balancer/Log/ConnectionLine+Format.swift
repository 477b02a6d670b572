public import LinuxIO

extension ConnectionLine {
    /// A line in a form that somebody wrote.
    ///
    /// haproxy's configuration manual, section 8.2.6; what is not known is `-`, in quotes nothing, or -1 for a
    /// time.
    ///
    /// - Parameters:
    ///   - record: What is to be told.
    ///   - texts: What stands beside it.
    ///   - format: The form.
    ///   - date: When the connection was accepted.
    /// - Returns: The line, without an end.
    public func text(
        _ record: ConnectionRecord, _ texts: LineTexts = .none, as format: LineFormat,
        acceptedAt date: CivilTime
    ) -> String {
        var line = ""
        for piece in format.pieces {
            switch piece {
            case .text(let text): line += text
            case .variable(.captures, let isQuoted, _, let isEscaped):
                let captures = captures(of: record, texts.kept).map(\.encoded)
                guard !captures.isEmpty else { continue }
                let style = Style(isQuoted: isQuoted, isEscaped: isEscaped)
                line += style.applied(to: "{\(captures.joined(separator: "|"))}")
            case .variable(.captureList, let isQuoted, _, let isEscaped):
                let style = Style(isQuoted: isQuoted, isEscaped: isEscaped)
                line += captures(of: record, texts.kept).map { capture in
                    style.applied(to: capture.isEmpty ? nil : capture.encoded)
                }.joined(separator: " ")
            case .capture(let number, let isQuoted, let isEscaped):
                let style = Style(isQuoted: isQuoted, isEscaped: isEscaped)
                let capture = texts.kept.capture(number)
                line += style.applied(to: capture.isEmpty ? nil : capture.printable)
            case .headerText(let type, let isQuoted, let isEscaped):
                let style = Style(isQuoted: isQuoted, isEscaped: isEscaped)
                let frontend = plan.frontends[record.frontend]
                let place = frontend.logging?.headerTextTypes.firstIndex(of: type)
                let text = place.map { texts.kept.capture(frontend.captureLengths.count + $0) }
                line += style.applied(to: text.flatMap { $0.isEmpty ? nil : $0.printable })
            case .sample(let sample, let isQuoted, let isEscaped):
                let style = Style(isQuoted: isQuoted, isEscaped: isEscaped)
                let kept = plan.frontends[record.frontend].securedSamples
                line += style.applied(to: texts.names.samples.text(of: sample, among: kept))
            case .variable(let variable, let isQuoted, let isHexadecimal, let isEscaped):
                let style = Style(isQuoted: isQuoted, isEscaped: isEscaped)
                let digits = isHexadecimal ? digits(variable, of: record, acceptedAt: date) : nil
                line += style.applied(
                    to: digits ?? value(variable, of: record, texts, acceptedAt: date))
            }
        }
        return line
    }

    /// What was captured under each number.
    func captures(of record: ConnectionRecord, _ kept: KeptTexts) -> [[UInt8]] {
        plan.frontends[record.frontend].captureLengths.indices.map(kept.capture)
    }

    /// What has a form in hexadecimal digits; `nil`: it has none, or is not known.
    private func digits(
        _ variable: LineFormat.Variable, of record: ConnectionRecord, acceptedAt date: CivilTime
    ) -> String? {
        switch variable {
        case .clientAddress: record.client.hostDigits
        case .clientPort: record.client.portDigits
        case .frontendAddress: record.local.hostDigits
        case .frontendPort: record.local.portDigits
        case .sourceAddress: record.sourceEnd.hostDigits
        case .sourcePort: record.sourceEnd.portDigits
        case .serverAddress: serverEnd(of: record).hostDigits
        case .serverPort: serverEnd(of: record).portDigits
        case .timestamp: UInt64(clamping: date.secondsSince1970).digits(4)
        case .milliseconds: UInt64(date.millisecondDigits)?.digits(2)
        case .requestNumber: UInt64(record.requestNumber).digits(4)
        case .processID: UInt64(clamping: SystemLimits.processID).digits(4)
        default: nil
        }
    }

    private func value(
        _ variable: LineFormat.Variable, of record: ConnectionRecord, _ texts: LineTexts,
        acceptedAt date: CivilTime
    ) -> String? {
        let names = texts.names
        let plus = record.kind == .connected ? "+" : ""
        return switch variable {
        case .clientAddress: record.client.hostText
        case .clientPort: record.client.portText
        case .frontendAddress: record.local.hostText
        case .frontendPort: record.local.portText
        case .sourceAddress: record.sourceEnd.hostText
        case .sourcePort: record.sourceEnd.portText
        case .serverAddress: serverEnd(of: record).hostText
        case .serverPort: serverEnd(of: record).portText
        case .frontend: plan.frontends[record.frontend].name
        case .frontendName: plan.frontends[record.frontend].name + (record.isSecured ? "~" : "")
        case .pool: plan.pools[record.pool].name
        case .serverName:
            record.server.map { plan.pools[record.pool].servers[$0].name }
        case .helloServerName: names.isSecured ? nil : names.serverNameText
        case .helloProtocols: names.isSecured ? nil : names.protocolsText
        case .securedServerName: names.isSecured ? names.serverNameText : nil
        case .securedProtocol: names.isSecured ? names.protocolsText : nil
        case .securedVersion: names.version.text
        case .securedCipher: names.cipher.text
        case .server:
            record.server.map { plan.pools[record.pool].servers[$0].name } ?? "<NOSRV>"
        case .date: date.logDate
        case .localDate: date.localLogDate
        case .universalDate: date.universalLogDate
        case .timestamp: "\(date.secondsSince1970)"
        case .milliseconds: date.millisecondDigits
        case .headerTime: "\(record.headerTime)"
        case .queueTime: "\(record.queueTime ?? -1)"
        case .connectTime: "\(record.connectTime ?? -1)"
        case .dataTime: "\(dataTime(of: record))"
        case .totalTime: "\(plus)\(record.totalTime)"
        case .bytesOut: "\(plus)\(record.bytesOut)"
        case .bytesIn: "\(record.bytesIn)"
        case .ending: record.ending.description
        case .processConnections: "\(record.processConnections)"
        case .frontendConnections: "\(record.frontendConnections)"
        case .poolConnections: "\(record.poolConnections)"
        case .serverConnections: "\(record.serverConnections)"
        case .retries: "\(record.wasRedispatched ? "+" : "")\(record.retries)"
        case .serverQueue: "\(record.serverQueue)"
        case .poolQueue: "\(record.poolQueue)"
        case .hostName: HostName.current
        case .processID: "\(SystemLimits.processID)"
        case .identifier:
            texts.kept.identifier.isEmpty ? nil : texts.kept.identifier.printable
        case .requestNumber: "\(record.requestNumber)"
        case .uuid: UUIDText.random().description
        case .captures, .captureList: nil
        }
    }

    /// Milliseconds since the server answered; -1: it did not.
    private func dataTime(of record: ConnectionRecord) -> Int {
        guard let queueTime = record.queueTime, let connectTime = record.connectTime else {
            return -1
        }
        return max(0, record.totalTime - queueTime - connectTime)
    }

    private func serverEnd(of record: ConnectionRecord) -> IPEndpoint {
        guard let server = record.server else { return .none }
        if record.serverEnd.isPresent { return record.serverEnd }
        let plan = plan.pools[record.pool].servers[server]
        return switch plan.address(forClientsOf: record.local) {
        case .ipv4(let address): IPEndpoint(ipv4: address.address, port: address.port)
        case .ipv6(let end): end
        default: .none
        }
    }
}

extension IPEndpoint {
    fileprivate var hostText: String? { isPresent ? host : nil }

    fileprivate var portText: String? { isPresent ? "\(port)" : nil }

    /// 8 or 32 hexadecimal digits.
    fileprivate var hostDigits: String? {
        guard isPresent else { return nil }
        return isIPv4 ? UInt64(ipv4).digits(8) : high.digits(16) + low.digits(16)
    }

    fileprivate var portDigits: String? { isPresent ? UInt64(port).digits(4) : nil }
}

/// How a value stands in a line.
private struct Style {
    let isQuoted: Bool
    let isEscaped: Bool

    /// - Parameter value: The value; `nil`: it is not known.
    /// - Returns: As it stands in the line.
    func applied(to value: String?) -> String {
        guard let value else { return isQuoted ? "\"\"" : "-" }
        let text = isEscaped ? value.escaped : value
        return isQuoted ? "\"\(text)\"" : text
    }
}

extension UInt64 {
    /// At least so many hexadecimal digits.
    fileprivate func digits(_ least: Int) -> String {
        let digits = String(self, radix: 16, uppercase: true)
        return String(repeating: "0", count: Swift.max(0, least - digits.count)) + digits
    }
}

extension String {
    /// With a backslash before what ends a value of structured data; RFC 5424 §6.3.3.
    fileprivate var escaped: String {
        var text = ""
        // Not by characters: with a mark above it a bracket would be another one.
        for scalar in unicodeScalars {
            if "\"\\]".unicodeScalars.contains(scalar) { text += "\\" }
            text.unicodeScalars.append(scalar)
        }
        return text
    }
}

extension [UInt8] {
    /// The bytes as text; a client may have chosen them, so that what could end a line is `?`.
    var printable: String {
        String(decoding: map { (0x20...0x7e).contains($0) ? $0 : 0x3f }, as: Unicode.ASCII.self)
    }

    /// As haproxy writes what was captured: what is not printed, and what stands around it, as `#` and two
    /// digits.
    var encoded: String {
        var text: [UInt8] = []
        for byte in self {
            switch byte {
            case 0x20...0x21, 0x24...0x7a, 0x7e: text.append(byte)
            default: text += "#\(UInt64(byte).digits(2))".utf8
            }
        }
        return String(decoding: text, as: Unicode.ASCII.self)
    }
}
