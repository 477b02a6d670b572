/// A JSON document that keeps the order of its members.
indirect enum JSONValue {
    case string(String)
    case integer(Int)
    case number(Double)
    case array([JSONValue])
    case object([(String, JSONValue)])

    /// The document in RFC 8259's form, on one line.
    var text: String {
        switch self {
        case .string(let value): Self.quoted(value)
        case .integer(let value): "\(value)"
        // JSON has no infinity and no NaN.
        case .number(let value): value.isFinite ? "\(value)" : "null"
        case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { "\(Self.quoted($0)):\($1.text)" }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ value: String) -> String {
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
