internal import VRRPCore

/// How a configuration uses the interfaces that it names.
struct InterfaceUses: Hashable {
    /// The groups that are listened to, by family, on those that advertisements travel on.
    var advertising: [String: [AddressFamily: Set<IPAddress>]] = [:]
    /// All that matter.
    var watched: Set<String> = []
    /// The addresses that move, by the interface that holds them.
    var virtualAddresses: [String: Set<IPAddress>] = [:]
    /// How long changes of an interface have to last before they count, where they do.
    var delays: [String: LinkDelays] = [:]
    /// Whether an address may lead a virtual router to any interface of the host.
    var followsSources = false
}
