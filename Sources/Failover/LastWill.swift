internal import LinuxIO
internal import Netlink
public import Reactor
internal import VRRPCore

/// What is to be done for a node that ends without resigning, by a process that outlives it.
///
/// Says priority 0 for each virtual router that is Active here, and takes the addresses off, so that
/// another node takes over as if this one had been stopped. A router whose advertisements are signed
/// says nothing: what is signed ahead would be a replay, and the keys stay where they are.
public struct LastWill: Hashable, Sendable, Codable {
    private var words: [Word] = []
    /// The virtual routers that are Active here.
    public private(set) var routers: [String] = []

    private struct Word: Hashable, Codable {
        let interface: String
        let interfaceIndex: Int32
        let source: IPAddress
        let destination: IPAddress
        let hopLimit: UInt8
        let message: [UInt8]
    }

    /// A will by which nothing is to be done.
    public init() {}

    /// Whether nothing is to be done.
    public var isEmpty: Bool { routers.isEmpty }

    /// Does it, once the process of the node is gone, and with it the lock.
    ///
    /// - Parameter loop: The loop of the calling thread, for sockets; it need not run.
    /// - Returns: What could not be done; nothing is taken off where another run has begun, since
    ///   that one does so itself.
    public func execute(on loop: EventLoop) -> [FailoverError] {
        var errors = say(on: loop)
        do throws(FailoverError) {
            let lock = try NodeLock()
            do throws(NetlinkError) {
                _ = try AddressManager().removeLeftovers(tag: .lbctl)
            } catch { errors.append(.system(.netlink(error))) }
            _ = consume lock
        } catch { errors.append(error) }
        return errors
    }

    private func say(on loop: EventLoop) -> [FailoverError] {
        var sockets: [String: [AddressFamily: AdvertisementSocket]] = [:]
        var errors: [FailoverError] = []
        // Twice, as whoever leaves does: the one that is lost costs the peers three intervals.
        for word in words + words {
            let family = word.source.family
            do throws(SystemError) {
                let socket =
                    if let open = sockets[word.interface]?[family] { open } else {
                        try AdvertisementSocket(
                            interface: word.interface, index: word.interfaceIndex, family: family,
                            loop: loop, onDatagram: { _, _ in })
                    }
                sockets[word.interface, default: [:]][family] = socket
                let header = IPHeader(
                    source: word.source, destination: word.destination, hopLimit: word.hopLimit)
                if case .failed(let errno) = socket.send(word.message, header: header) {
                    throw SystemError(call: "send", errno: errno, subject: word.interface)
                }
            } catch { errors.append(.system(.system(error))) }
        }
        return errors
    }

    fileprivate mutating func add(_ router: RouterDriver) {
        guard router.state == .active, let election = router.election,
            let interface = router.host.interfaces[router.settings.sender]
        else { return }
        routers.append(router.settings.name)
        var speaker = router.channel
        let release = election.advertisement(priority: .release)
        let messages = try? speaker?.messages(for: release, at: .now, using: nil)
        words += (messages ?? []).map { message in
            Word(
                interface: router.settings.sender, interfaceIndex: interface.link.index,
                source: election.configuration.primaryAddress, destination: message.destination,
                hopLimit: router.settings.hopLimit, message: message.payload)
        }
    }
}

extension FailoverNode {
    /// What is to be done if this node ends without resigning; another after each change of state.
    public var lastWill: LastWill {
        var will = LastWill()
        for driver in drivers.values.sorted(by: { $0.settings.name < $1.settings.name }) {
            will.add(driver)
        }
        return will
    }
}
