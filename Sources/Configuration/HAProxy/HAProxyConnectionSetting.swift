import VRRPCore

/// Actions of `tcp-request` that set something of a connection; haproxy's configuration manual, section
/// 4.2.
enum HAProxyConnectionSetting {
    /// Reads the value of such an action, whose first word is given; `nil`: it is another action.
    static func action(
        _ word: Word, _ arguments: inout Arguments
    ) throws(Remark) -> ConnectionRule.Action? {
        switch word.text {
        case "set-priority-class":
            .setPriority(try number(in: -2047...2047, word, &arguments, example: "int(1)"))
        case "set-priority-offset":
            .setPriorityOffset(
                try number(in: -524_287...524_287, word, &arguments, example: "int(500)"))
        case "set-mark", "set-fc-mark":
            .setMark(
                UInt32(try number(in: 0...Int(UInt32.max), word, &arguments, example: "0x10")))
        case "set-tos", "set-fc-tos":
            .setServiceType(UInt8(try number(in: 0...255, word, &arguments, example: "0x20")))
        case "set-src": .setAddress(of: .source, try address(word, &arguments))
        case "set-dst": .setAddress(of: .destination, try address(word, &arguments))
        case "set-src-port": .setPort(of: .source, try port(word, &arguments))
        case "set-dst-port": .setPort(of: .destination, try port(word, &arguments))
        default: nil
        }
    }

    /// The actions that set something, for who mistyped one.
    static let actions = [
        "set-priority-class", "set-priority-offset", "set-mark", "set-tos", "set-src",
        "set-src-port", "set-dst",
        "set-dst-port",
    ]

    /// Reads `src`, `dst`, either with `,ipmask(…)`, or `ipv4(ADDRESS)` and its like.
    private static func address(
        _ action: Word, _ arguments: inout Arguments
    ) throws(Remark) -> AddressExpression {
        let word = try arguments.next("an address such as src,ipmask(24) after \(action.text)")
        for (prefix, family) in [("ipv4(", AddressFamily.ipv4), ("ipv6(", .ipv6), ("str(", nil)]
            as [(String, AddressFamily?)]
        where word.text.hasPrefix(prefix) && word.text.hasSuffix(")") {
            let text = String(word.text.dropFirst(prefix.count).dropLast())
            guard let address = IPAddress(text), family == nil || address.family == family else {
                break
            }
            return .literal(address)
        }
        switch try word.knownConnectionKey(after: action.text) {
        case .source: return .end(.source)
        case .destination: return .end(.destination)
        case .converted(.source, .mask(let four, let six)):
            return .network(of: .source, four, six)
        case .converted(.destination, .mask(let four, let six)):
            return .network(of: .destination, four, six)
        default:
            throw .error(
                "\(action.text) \(word.text.quoted): must be src, dst, either with ,ipmask(24,64), or an"
                    + " address such as ipv4(192.0.2.1) or ipv6(2001:db8::1)", at: word.position)
        }
    }

    /// Reads `src_port`, `dst_port` or a number.
    private static func port(
        _ action: Word, _ arguments: inout Arguments
    ) throws(Remark) -> PortExpression {
        switch arguments.upcoming?.text {
        case "src_port":
            arguments.skip(1)
            return .end(.source)
        case "dst_port":
            arguments.skip(1)
            return .end(.destination)
        default:
            return .literal(
                UInt16(
                    try number(in: 0...65_535, action, &arguments, example: "int(4000)")))
        }
    }

    /// Reads a number, decimal or with 0x, as it is or as `int(NUMBER)`.
    private static func number(
        in range: ClosedRange<Int>, _ action: Word, _ arguments: inout Arguments, example: String
    ) throws(Remark) -> Int {
        let word = try arguments.next("a number such as \(example) after \(action.text)")
        var text = word.text[...]
        if text.hasPrefix("int("), text.hasSuffix(")") { text = text.dropFirst(4).dropLast() }
        let number =
            text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text, radix: 10)
        guard let number, range.contains(number) else {
            throw .error(
                "\(action.text) \(word.text.quoted): must be a number of \(range.lowerBound) to"
                    + " \(range.upperBound), such as \(example)", at: word.position)
        }
        return number
    }
}
