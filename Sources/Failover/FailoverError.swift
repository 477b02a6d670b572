public import VRRPCore

/// Why a node can't start, or can't follow a new configuration.
public enum FailoverError: Error, Hashable, Sendable {
    /// Another program holds virtual addresses in this network namespace.
    case alreadyRunning
    /// Two virtual routers have this name.
    case duplicateName(String)
    /// Two virtual routers have this identifier on one interface.
    case duplicateVRID(VRID, interface: String)
    /// A virtual router has more than the 255 addresses that can be advertised.
    case addressCount(Int, router: String)
    /// A virtual router tracks a script that is not there.
    case unknownScript(String, router: String)
    /// A virtual router tracks a file or a program that is not there.
    case unknownTracker(String, router: String)
    /// A virtual address has a prefix of less than 0 or more than 32 bits.
    case prefixLength(Int, IPAddress, router: String)
    /// An address is not of the family of the virtual router's first one.
    case mixedFamilies(IPAddress, router: String)
    /// This build has no cryptography (package trait `Program`) for an authentication trailer.
    case authenticationUnavailable(router: String)
    /// A sync group has no member.
    case emptyGroup(String)
    /// A sync group has a member that is not there.
    case unknownMember(String, String)
    /// A virtual router is in two sync groups, or twice in one.
    case sharedMember(String)
    /// An address is to be announced less than 0 or more than 100 times in one go, in which nothing
    /// else happens.
    case announcementCount(Int, router: String)
    /// A program to run is given without its name.
    case emptyCommand(of: String)
    /// A script is to run without a pause.
    case interval(Duration, script: String)
    /// The system refused.
    case system(HostError)
}

extension FailoverError: CustomStringConvertible {
    /// What is wrong, where, and what would be right.
    public var description: String {
        switch self {
        case .alreadyRunning:
            "another lbctl already runs in this network namespace: stop it first"
        case .duplicateName(let name): "two virtual routers are named \(name): rename one"
        case .duplicateVRID(let vrid, let interface):
            "two virtual routers on \(interface) have VRID \(vrid.rawValue): each needs its own"
        case .addressCount(let count, let router):
            "virtual router \(router) has \(count) addresses, must have at most 255"
        case .unknownScript(let script, let router):
            "virtual router \(router) tracks script \(script), which is not defined"
        case .unknownTracker(let subject, let router):
            "virtual router \(router) tracks \(subject), which is not defined"
        case .prefixLength(let length, let address, let router):
            "virtual router \(router) has address \(address)/\(length), must be /0 to "
                + "/\(8 * address.family.addressByteCount)"
        case .mixedFamilies(let address, let router):
            "virtual router \(router) has \(address) beside addresses of the other family, must "
                + "advertise one family; the other's go into excludedAddresses"
        case .authenticationUnavailable(let router):
            "virtual router \(router) wants an authentication trailer, which needs a build with "
                + "the trait Program"
        case .emptyGroup(let group): "sync group \(group) has no virtual router"
        case .unknownMember(let member, let group):
            "sync group \(group) has member \(member), which is not defined"
        case .sharedMember(let member):
            "virtual router \(member) is in two sync groups: it can move with one only"
        case .announcementCount(let count, let router):
            "virtual router \(router) announces its addresses \(count) times in one go, must be 0 to 100"
        case .emptyCommand(let subject): "\(subject) has no program to run"
        case .interval(let interval, let script):
            "script \(script) has an interval of \(interval), must be above 0"
        case .system(let error): error.description
        }
    }
}
