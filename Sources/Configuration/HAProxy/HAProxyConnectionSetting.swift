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
        case "set-mark", "set-fc-mark":
            .setMark(
                UInt32(try number(in: 0...Int(UInt32.max), word, &arguments, example: "0x10")))
        case "set-tos", "set-fc-tos":
            .setServiceType(UInt8(try number(in: 0...255, word, &arguments, example: "0x20")))
        default: nil
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
