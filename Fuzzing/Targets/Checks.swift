import Expressions
import HealthCheck

/// An answer to one question each for addresses and services, whatever its number.
func feedDNSAnswer(_ bytes: [UInt8]) {
    guard bytes.count >= 2, let name = try? DomainName("web.example") else { return }
    let number = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
    for type in [DNSRecordType.a, .aaaa, .srv] {
        guard let answer = DNSAnswer(bytes, to: DNSQuestion(name, type: type), number) else {
            continue
        }
        let length = type == .aaaa ? 16 : 4
        require(
            answer.addresses.allSatisfy { $0.count == length },
            "an address of another length than its type has")
        for service in answer.services {
            let text = service.target.description
            guard let again = try? DomainName(text) else { continue }
            require(
                again == service.target || text.contains("\\"),
                "\(text) was read again as \(again)")
        }
    }
}

/// An expression and a text: what is found does not depend on what the text was searched for before,
/// and whether a text has one of the expressions is found is the same for it in a group.
func feedExpression(_ bytes: [UInt8]) {
    let end = bytes.firstIndex(of: 0) ?? bytes.endIndex
    let pattern = String(decoding: bytes[..<end], as: UTF8.self)
    let text = Array(bytes[end...].dropFirst())
    guard let expression = try? RegularExpression(pattern) else { return }
    let found = expression.isFound(in: text)
    require(found == expression.isFound(in: text), "\(pattern) is found at times")
    if let group = try? RegularExpression("(?:\(pattern))"), pattern.allSatisfy({ $0 != "#" }) {
        require(found == group.isFound(in: text), "\(pattern) is another one in a group")
    }
}
