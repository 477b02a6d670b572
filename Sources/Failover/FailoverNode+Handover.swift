public import VRRPCore

/// Why a planned move can't be made.
public enum HandoverError: Error, Hashable, Sendable {
    /// No virtual router has this name; `known` are those that there are.
    case unknownRouter(String, known: [String])
    /// It can't take part, or not yet.
    case takesNoPart(String, causes: [FaultCause])
    /// Who is Active can't be outranked.
    case outranked(String, by: Priority, at: IPAddress)
}

extension FailoverNode {
    /// Lets another node hold a virtual router's addresses.
    ///
    /// If it is Active it sends priority 0 and becomes Backup. Until ``takeOver(router:)``, or until
    /// it has to take over because nobody else is Active, it does not preempt.
    ///
    /// - Parameter name: The virtual router.
    /// - Returns: Whether it was Active.
    /// - Throws: `.unknownRouter`.
    @discardableResult
    public func release(router name: String) throws(HandoverError) -> Bool {
        let driver = try driver(named: name)
        let wasActive = driver.state == .active
        driver.giveWay(.asked)
        return wasActive
    }

    /// Becomes Active in a virtual router, whoever is.
    ///
    /// By an advertisement of a priority above the Active router's, which is kept for as long as
    /// this one stays Active; so it also works against a node that runs another program.
    ///
    /// - Parameter name: The virtual router.
    /// - Returns: Whether it was not Active before.
    /// - Throws: `HandoverError`, with nothing changed.
    @discardableResult
    public func takeOver(router name: String) throws(HandoverError) -> Bool {
        let driver = try driver(named: name)
        guard driver.state != .active else { return false }
        do throws(VirtualRouter.TakeoverRefusal) { try driver.takeOver() } catch {
            switch error {
            case .takesNoPart: throw .takesNoPart(name, causes: driver.faultCauses)
            case .outranked(let priority, let peer):
                throw .outranked(name, by: priority, at: peer.address)
            }
        }
        return true
    }

    private func driver(named name: String) throws(HandoverError) -> RouterDriver {
        guard let settings = configuration.routers.first(where: { $0.name == name }),
            let driver = drivers[RouterKey(settings)]
        else { throw .unknownRouter(name, known: configuration.routers.map(\.name)) }
        return driver
    }
}

extension HandoverError: CustomStringConvertible {
    /// What is wrong, and what would be right.
    public var description: String {
        switch self {
        case .unknownRouter(let name, let known):
            "no virtual router is named '\(name)'; there are: \(known.joined(separator: ", "))"
        case .takesNoPart(let name, let causes):
            "\(name) can't take over: "
                + (causes.isEmpty
                    ? "it has not started" : causes.map(\.words).joined(separator: ", "))
        case .outranked(let name, let priority, let address):
            "\(name) can't take over: \(address) has priority \(priority.rawValue), which nothing"
                + " outranks; release it there"
        }
    }
}
