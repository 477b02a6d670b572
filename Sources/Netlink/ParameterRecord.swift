internal import LinuxIO

/// What parameters of an interface were before this program changed them.
///
/// It is kept as the alias of the link on whose behalf they were changed: it lives exactly as long
/// as what it describes, in the same namespace, and outlives the program. No file can do that.
struct ParameterRecord: Hashable {
    /// The former values of those that were changed.
    var former: [InterfaceParameter: Int] = [:]

    /// The first word of an alias of this program.
    static let mark = "lbctl"

    init() {}

    /// Reads an alias; `nil` for one that is not of this program.
    init?(alias: String) {
        let words = alias.split(separator: " ")
        guard let first = words.first, first == Self.mark else { return nil }
        for word in words.dropFirst() {
            let parts = word.split(separator: "=")
            guard parts.count == 2, let parameter = InterfaceParameter(rawValue: String(parts[0])),
                let value = Int(parts[1])
            else { continue }
            former[parameter] = value
        }
    }

    /// `lbctl arp_announce=0 arp_ignore=0`: less than the 255 bytes that an alias can hold.
    var alias: String {
        let words = former.map { "\($0.key.rawValue)=\($0.value)" }.sorted()
        return ([Self.mark] + words).joined(separator: " ")
    }

    /// Notes the present value of each parameter that has less than it needs, unless one is noted.
    mutating func note(
        below needed: [InterfaceParameter: Int], of interface: String
    ) throws(SystemError) {
        for (parameter, value) in needed where former[parameter] == nil {
            let present = try parameter.parameter(of: interface).value()
            if present < value { former[parameter] = present }
        }
    }

    /// Raises the noted parameters to what they need.
    func apply(_ needed: [InterfaceParameter: Int], to interface: String) throws(SystemError) {
        for (name, value) in needed where former[name] != nil {
            let parameter = name.parameter(of: interface)
            if try parameter.value() < value { try parameter.set(value) }
        }
    }

    /// Gives the noted parameters their former values, but for those that somebody else has
    /// changed meanwhile.
    func restore(_ needed: [InterfaceParameter: Int], on interface: String) throws(SystemError) {
        for (name, value) in former {
            let parameter = name.parameter(of: interface)
            if try parameter.value() == needed[name] { try parameter.set(value) }
        }
    }
}
