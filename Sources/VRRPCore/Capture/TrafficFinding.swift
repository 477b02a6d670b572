/// What does not fit between an advertisement and those of other routers before it.
public enum TrafficFinding: Hashable, Sendable {
    /// Another router advertises as well, again and again: both hold the addresses.
    case twoActive(IPAddress)
    /// Another router says that it owns the addresses, too (RFC 9568 §8.3.2).
    case twoOwners(IPAddress)
    /// Another router speaks another version, so that neither hears the other.
    case version(VRRPVersion, of: IPAddress)
    /// Another router advertises at another interval.
    ///
    /// Routers of RFC 3768 drop what has another interval than theirs; those of RFC 9568 follow it.
    case interval(AdvertisementInterval, of: IPAddress)
    /// Another router lists other addresses.
    case addresses(VirtualAddressList, of: IPAddress)
    /// Another router sends the version 3 checksum over IPv4 in the other form.
    case checksumForm(of: IPAddress)
    /// Another router authenticates in another way, or with another password.
    case authentication(of: IPAddress)
    /// The authentication trailer is not later than the sender's last one.
    case replayed

    /// Whether routers may fail to hear each other because of it.
    public var isFault: Bool {
        switch self {
        case .interval(.v3, _): false
        case .twoActive, .twoOwners, .version, .interval, .addresses, .checksumForm,
            .authentication, .replayed:
            true
        }
    }

    /// A word for programs.
    public var name: String {
        switch self {
        case .twoActive: "two-active"
        case .twoOwners: "two-owners"
        case .version: "version-mismatch"
        case .interval: "interval-mismatch"
        case .addresses: "address-mismatch"
        case .checksumForm: "checksum-form-mismatch"
        case .authentication: "authentication-mismatch"
        case .replayed: "replayed"
        }
    }
}

extension TrafficFinding: CustomStringConvertible {
    /// One sentence for an operator.
    public var description: String {
        switch self {
        case .twoActive(let other): "\(other) is Active as well: both hold the addresses"
        case .twoOwners(let other): "\(other) says that it owns the addresses, too"
        case .version(let version, let other):
            "\(other) speaks version \(version.rawValue): neither hears the other"
        case .interval(.v2(let seconds), let other):
            "\(other) advertises every \(seconds.rawValue) s: routers of RFC 3768 drop this"
        case .interval(.v3(let interval), let other):
            "\(other) advertises every \(Int(interval.rawValue) * 10) ms"
        case .addresses(let list, let other):
            "\(other) lists \(list.map(\.description).joined(separator: ", "))"
        case .checksumForm(let other):
            "\(other) sends the other form of checksum: one may refuse the other's"
        case .authentication(let other):
            "\(other) authenticates otherwise: neither takes the other's"
        case .replayed: "authenticated no later than this sender's last one: sent again"
        }
    }
}
