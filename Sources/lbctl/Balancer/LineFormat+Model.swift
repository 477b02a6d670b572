#if Program
internal import Balancer
internal import LinuxIO
internal import NodeConfiguration

extension ConnectionLogging {
    /// `nil` where no line has anywhere to go.
    init?(_ frontend: Frontend, _ global: GlobalSettings) {
        guard !frontend.logTargets(global).isEmpty else { return nil }
        switch frontend.log.form {
        case .accepting: self.init(moment: .accepting)
        case .tcplog, .json, .written:
            self.init(moment: frontend.log.isEarly ? .connecting : .ending)
        }
        omitsEmpty = frontend.omitsEmptyConnectionsFromLog
        omitsNormal = frontend.log.omitsNormal
        let form = LineFormat(frontend.log.form == .written ? frontend.log.format : [])
        let forms = [
            form, LineFormat(frontend.log.errorFormat), LineFormat(frontend.log.structuredData),
        ]
        tellsDestination = forms.contains(where: \.tellsDestination)
        tellsServerEnd = forms.contains(where: \.tellsServerEnd)
        tellsSourceEnd = forms.contains(where: \.tellsSourceEnd)
        tellsHeaderTime = forms.contains(where: \.tellsHeaderTime)
        tellsRequestNumber = forms.contains(where: \.tellsRequestNumber)
        let isJSON = frontend.log.form == .json
        tellsIdentifier =
            forms.contains(where: \.tellsIdentifier)
            || isJSON && !frontend.log.identifierFormat.isEmpty
        tellsCaptures =
            forms.contains(where: \.tellsCaptures)
            || isJSON && !frontend.rules.captureLengths.isEmpty
        tellsNames = form.tellsNames || LineFormat(frontend.log.structuredData).tellsNames
        tellsBrokenHeaders = !frontend.log.errorFormat.isEmpty
        headerTextTypes = Set(forms.flatMap(\.headerTextTypes)).sorted()
    }
}

extension LineFormat {
    /// A form as a file has it.
    init(_ pieces: [LogFormatPiece]) {
        self.init(
            pieces.map { piece -> Piece in
                switch piece {
                case .text(let text): .text(text)
                case .variable(let name, let isQuoted, let isHexadecimal, let isEscaped):
                    Variable(rawValue: name.rawValue).map {
                        .variable(
                            $0, isQuoted: isQuoted, isHexadecimal: isHexadecimal,
                            isEscaped: isEscaped)
                    } ?? .text("")
                case .capture(let number, let isQuoted, let isEscaped):
                    .capture(number, isQuoted: isQuoted, isEscaped: isEscaped)
                case .headerText(let type, let isQuoted, let isEscaped):
                    .headerText(type, isQuoted: isQuoted, isEscaped: isEscaped)
                case .tlsText(let text, let isQuoted, let isEscaped):
                    .sample(.text(SecuredText(text)), isQuoted: isQuoted, isEscaped: isEscaped)
                case .tlsNumber(let number, let isQuoted):
                    .sample(.number(SecuredNumber(number)), isQuoted: isQuoted)
                }
            })
    }
}

extension IdentifierFormat {
    /// What tells a frontend's connections apart; `nil`: nothing.
    init?(ofModel frontend: Frontend) {
        guard !frontend.log.identifierFormat.isEmpty else { return nil }
        self.init(
            frontend.log.identifierFormat.flatMap { piece -> [Piece] in
                switch piece {
                case .text(let text): return [.text(Array(text.utf8))]
                case .variable(let name, let isQuoted, let isHexadecimal, _):
                    let piece = Piece(name, of: frontend, isHexadecimal: isHexadecimal)
                    let quote = isQuoted ? [Piece.text([UInt8(ascii: "\"")])] : []
                    return quote + (piece.map { [$0] } ?? []) + quote
                case .capture, .headerText, .tlsText, .tlsNumber: return []
                }
            })
    }
}

extension IdentifierFormat.Piece {
    /// `nil`: it is not the same from the beginning of a connection to its end; the reader lets none pass.
    fileprivate init?(_ variable: LogVariable, of frontend: Frontend, isHexadecimal: Bool) {
        switch variable {
        case .clientAddress: self = .address(.source, isHexadecimal: isHexadecimal)
        case .clientPort: self = .port(.source, isHexadecimal: isHexadecimal)
        case .frontendAddress: self = .address(.destination, isHexadecimal: isHexadecimal)
        case .frontendPort: self = .port(.destination, isHexadecimal: isHexadecimal)
        case .frontend, .frontendName: self = .text(Array(frontend.name.utf8))
        case .timestamp: self = .timestamp(isHexadecimal: isHexadecimal)
        case .milliseconds: self = .milliseconds(isHexadecimal: isHexadecimal)
        case .requestNumber: self = .requestNumber(isHexadecimal: isHexadecimal)
        case .hostName: self = .text(Array(HostName.current.utf8))
        case .processID: self = .processID(isHexadecimal: isHexadecimal)
        case .uuid: self = .uuid
        default: return nil
        }
    }
}
#endif
