internal import LinuxIO
internal import Netlink
internal import Reactor
internal import VRRPCore

/// What the virtual routers of a node share of the host that they run on: interfaces and their
/// sockets, addresses, announcements, and the results of scripts.
final class Host {
    let loop: EventLoop
    let emit: (FailoverEvent) -> Void
    /// The interfaces that exist, of those that the configuration names, by their names.
    private(set) var interfaces: [String: HostInterface] = [:]
    /// The interfaces that had a name until now, by that name: routers still resign on them.
    private var departed: [String: HostInterface] = [:]
    var scripts: [String: ScriptTracker] = [:]
    var files: [String: FileTracker] = [:]
    var processes: [String: ProcessTracker] = [:]
    /// Looks for the processes of all of them.
    private(set) lazy var processSurvey = ProcessSurvey(loop: loop)
    /// What the node was told about itself.
    var facts: [String: Bool] = [:]
    /// What arrived and belongs to none of the virtual routers.
    var strays = StrayCounters()
    /// How much is told of it.
    var news = PacketNews()
    /// How late the elections were woken.
    var lag = SchedulingLag()
    /// Before this, no virtual router takes part.
    var quietUntil = MonotonicInstant(nanoseconds: 0)
    /// Numbers the states that notification programs are told of.
    var epoch = NotificationEpoch()
    /// How mail is sent; `nil`: not at all.
    var mailSettings: MailSettings?
    private(set) lazy var mailbox = Mailbox(loop: loop) { [emit] in emit(.mailFailed($0)) }
    /// The named pipes that new states are written to.
    var fifos: [NotificationFIFO] = []

    /// Called while the interfaces of these names are others than before, or none.
    var onDeparture: (Set<String>) -> Void = { _ in }
    /// Called after interfaces or their addresses changed; for what virtual routers go by, or not.
    var onInterfaceChange: (_ concernsRouters: Bool) -> Void = { _ in }
    /// Called when an address is gone, whoever took it off.
    var onAddressRemoval: (IPAddress, _ interface: String) -> Void = { _, _ in }
    /// Called when addresses may have come and gone of which nobody was told.
    var onMissedNews: () -> Void = {}
    /// Called when routes or rules of this program are gone, whoever took them away.
    var onRouteRemoval: (RouteMonitor.Event) -> Void = { _ in }
    /// Called with the payload of each datagram of protocol 112; no header: it contradicts itself.
    var onDatagram: (Span<UInt8>, IPHeader?, _ interface: String) -> Void = { _, _, _ in }

    /// Called with each VRRP message that arrived inside an authentication header.
    var onWrappedMessage: (Span<UInt8>, IPHeader, _ interface: String) -> Void = { _, _, _ in }

    let addresses: AddressManager
    let announcer: ARPAnnouncer
    let routes: Routes
    let rules: Rules
    var routeMonitor: RouteMonitor?
    let macvlans: Macvlans
    let links: Links
    /// The links with a virtual hardware address that this run made, by name.
    var madeLinks: [String: Macvlan] = [:]
    /// Those that could not be set up yet.
    var linksToSetUp: Set<String> = []
    /// Those that take part, and whether with IPv6.
    var openLinks: [String: Bool] = [:]
    /// What stays on the node while it follows another configuration.
    var transfers = AddressTransfers()
    /// Why others could not be made.
    var linkFailures: [String: NetlinkError] = [:]
    /// Drops what comes in for addresses that are held for others only.
    private(set) var filter: AddressFilter?
    private var isDropping = false
    private var monitor: NetworkMonitor?
    /// What the kernel told and is not to count yet; `nil`: all counts at once.
    private var heldEvents: [NetworkEvent]?
    private var interfacesAtHold: [String: HostInterface] = [:]
    /// Whether ``interfaces`` is not what the kernel told last.
    private var isOutdated = false
    /// The numbers of the links that are known as ``interfaces``.
    private var knownLinks: Set<Int32> = []
    /// Those that had no IPv6 for a moment: the kernel has forgotten who listens to which group there.
    private var deafLinks: Set<Int32> = []
    private var lastDryReadings: [String: MonotonicInstant] = [:]
    private(set) var uses = InterfaceUses()
    /// The least time between two announcements on one interface.
    var announcementSpacing = AnnouncementSpacing()
    /// Announcements that wait for their turn, where turns are taken.
    var announcements: [AnnouncementLane: AnnouncementQueue] = [:]
    /// When the next of them is due.
    var announcementTimer: (due: Instant, deadline: EventLoop.Deadline)?
    /// What the interfaces count as whose changes have to last.
    var debounces: [String: LinkDebounce] = [:]
    /// What could not be taken off yet.
    var unremoved: Set<PlacedAddress> = []
    /// When that is tried again.
    var removalRetry: EventLoop.Deadline?
    /// When the next change counts.
    var settling: (due: Instant, deadline: EventLoop.Deadline)?

    /// Opens the sockets to the kernel, in the network namespace of the calling thread.
    init(loop: EventLoop, onEvent: @escaping (FailoverEvent) -> Void) throws(HostError) {
        self.loop = loop
        emit = onEvent
        do throws(NetlinkError) {
            addresses = try AddressManager()
            routes = try Routes()
            rules = try Rules()
            macvlans = try Macvlans()
            links = try Links()
        } catch { throw .netlink(error) }
        do throws(SystemError) { announcer = try ARPAnnouncer() } catch { throw .system(error) }
        do throws(NetlinkError) {
            monitor = try NetworkMonitor(
                on: loop, handler: { [weak self] in self?.take($0) },
                onPause: { [weak self] in self?.catchUpWithEvents() })
        } catch { throw .netlink(error) }
    }

    /// Follows the interfaces that a configuration names, and opens sockets where it advertises.
    ///
    /// Those that it does not name any more can be resigned on until ``forgetDeparted()``.
    ///
    /// - Throws: `HostError` when this process may not open such sockets; everything else leaves
    ///   the interface without one, which is the cause of a fault.
    func follow(_ uses: InterfaceUses) throws(HostError) {
        let previous = (uses: self.uses, interfaces: interfaces)
        self.uses = uses
        refresh()
        for interface in interfaces.values {
            guard
                let error = interface.socketErrors.values.first(where: {
                    HostError.system($0).isPermission
                })
            else { continue }
            (self.uses, interfaces) = previous
            throw .system(error)
        }
        departed = previous.interfaces.filter { interfaces[$0.key] == nil }
    }

    /// All interfaces and addresses, as the kernel last told; `nil` once nothing is followed.
    var networkState: NetworkState? { monitor?.state }

    /// Closes the sockets of interfaces that nobody needs any more.
    func forgetDeparted() { departed = [:] }

    /// The interface that routers of this name's have used so far: to take back what is on it.
    func interfaceInUse(_ name: String) -> HostInterface? { departed[name] ?? interfaces[name] }

    /// The socket of an interface as virtual routers still use it.
    func socketInUse(on name: String, of family: AddressFamily) -> AdvertisementSocket? {
        if let former = departed[name] { return former.sockets[family] }
        // By its place: all that is known of the interface would be copied otherwise.
        return interfaces.index(forKey: name).flatMap { interfaces.values[$0].sockets[family] }
    }

    /// An interface as another configuration would use it.
    func interface(_ name: String, usedAs uses: InterfaceUses) -> HostInterface? {
        interfaces[name]?.with(virtualAddresses: uses.virtualAddresses[name] ?? [])
    }

    /// Remembers that this run put an address onto an interface, or took it off again.
    func note(_ address: IPAddress, on name: String, isClaimed: Bool) {
        interfaces[name]?.note(address, isClaimed: isClaimed)
    }

    /// Closes the sockets and follows nothing any more.
    ///
    /// - Returns: Mails that were not sent.
    func stop() -> Int {
        files.values.forEach { $0.stop() }
        processes.values.forEach { $0.stop() }
        processSurvey.follow([], waits: false)
        fifos.forEach { $0.stop() }
        fifos = []
        let unsent = mailbox.stop()
        endRemovals()
        monitor?.stop()
        monitor = nil
        if let settling { loop.cancel(settling.deadline) }
        settling = nil
        if let announcementTimer { loop.cancel(announcementTimer.deadline) }
        announcementTimer = nil
        announcements = [:]
        watchRoutes(false)
        removeLinks(except: [])
        interfaces = [:]
        return unsent
    }

    /// Takes in all that the kernel has told, and what arrived for one interface's routers.
    ///
    /// - Parameters:
    ///   - name: The interface.
    ///   - age: Nothing is read if that was done no longer ago than this: of many Active routers
    ///     that wake in one turn, the first reads for all. A stall in between shows in the clock.
    func readDry(_ name: String, unlessWithin age: Duration = .zero) {
        let now = MonotonicInstant.now
        if let last = lastDryReadings[name], age > .zero, now < last + age { return }
        lastDryReadings[name] = now
        monitor?.readDry()
        guard let place = interfaces.index(forKey: name) else { return }
        for socket in interfaces.values[place].sockets.values { socket.readDry() }
    }

    /// Keeps what the kernel tells from now on back, until ``releaseEvents()``.
    func holdEvents() { (heldEvents, interfacesAtHold) = ([], interfaces) }

    /// Takes in what was kept back.
    func releaseEvents() {
        let events = heldEvents ?? []
        heldEvents = nil
        // Somebody may have made an interface anew meanwhile; links of this program are its own doing.
        departed = interfacesAtHold.filter { name, former in
            guard madeLinks[name] == nil, uses.watched.contains(name) else { return false }
            return interfaces[name]?.link.index != former.link.index
        }
        interfacesAtHold = [:]
        if !departed.isEmpty { onDeparture(Set(departed.keys)) }
        departed = [:]
        events.forEach(take)
        catchUpWithEvents()
    }

    /// Knows the interfaces as they are now, while events are held: links that were just made too.
    func catchUp() {
        monitor?.readDry()
        refresh()
    }

    private func take(_ event: NetworkEvent) {
        guard heldEvents == nil else {
            heldEvents?.append(event)
            return
        }
        switch event {
        case .linkChanged(let link):
            if link.mtu < Self.leastIPv6MTU { deafLinks.insert(link.index) }
            note(changeOf: link.index, link.name)
        case .linkRemoved(let index, let name):
            note(changeOf: index, name)
            forgetLinks { $0 == index }
        case .addressAdded(let added): note(changeOf: added.interfaceIndex, nil)
        case .addressRemoved(let removed):
            note(changeOf: removed.interfaceIndex, nil)
            guard let name = monitor?.state.links[removed.interfaceIndex]?.name else { return }
            onAddressRemoval(IPAddress(removed.address), name)
        case .resynchronized:
            if let state = monitor?.state { forgetLinks { state.links[$0] == nil } }
            deafLinks.formUnion(knownLinks)
            isOutdated = true
            onMissedNews()
        case .impaired(let error): emit(.failed(.netlink(error)))
        case .recovered: break
        }
    }

    /// Remembers to look again, unless it is about a link that nobody uses.
    private func note(changeOf index: Int32, _ name: String?) {
        guard !isOutdated else { return }
        let name = name ?? monitor?.state.links[index]?.name
        isOutdated =
            knownLinks.contains(index) || uses.followsSources
            // Whatever goes may have been in the way of a link that is to be made.
            || !linkFailures.isEmpty || !linksToSetUp.isEmpty
            || name.map { uses.watched.contains($0) || madeLinks[$0] != nil } ?? false
    }

    /// Looks once at what many events have changed together.
    private func catchUpWithEvents() { if heldEvents == nil, isOutdated { refreshAndTell() } }

    /// Drops what comes in for these addresses from now on, and for no others.
    ///
    /// The first time also what an earlier run left behind is replaced or removed. A host that has
    /// none to drop for needs no `nft`.
    func drop(for addresses: Set<InternetAddress>) {
        let hasBegun = filter != nil
        if hasBegun, addresses.isEmpty, !isDropping { return }
        isDropping = !addresses.isEmpty
        let filter =
            filter
            ?? AddressFilter(on: loop) { [weak self] result in
                guard case .failure(let error) = result, let self, isDropping else { return }
                emit(.filterFailed(error))
            }
        self.filter = filter
        filter.set(addresses)
    }

    func refreshAndTell() {
        let before = interfaces
        refresh()
        for name in uses.watched.sorted() {
            let isUp = interfaces[name]?.isUp ?? false
            guard isUp != (before[name]?.isUp ?? false) else { continue }
            emit(.interface(name: name, isUp: isUp))
        }
        departed = before.filter { interfaces[$0.key]?.link.index != $0.value.link.index }
        if !departed.isEmpty { onDeparture(Set(departed.keys)) }
        departed = [:]
        let isLikeBefore =
            before.count == interfaces.count
            && interfaces.allSatisfy { $0.value.isLike(before[$0.key]) }
        onInterfaceChange(!isLikeBefore)
    }

    private func refresh() {
        guard let state = monitor?.state else { return }
        isOutdated = false
        var next: [String: HostInterface] = [:]
        for link in state.links.values where uses.watched.contains(link.name) {
            let name = link.name
            var interface = HostInterface(
                link: link, addresses: state.addresses(of: link.index),
                virtualAddresses: uses.virtualAddresses[name] ?? [], following: interfaces[name])
            interface.settledState = settledState(of: name, isRunning: link.isRunning)
            for (family, groups) in uses.advertising[name] ?? [:] {
                provideSocket(of: family, hearing: groups, for: &interface)
            }
            next[name] = interface
        }
        interfaces = next
        knownLinks = Set(next.values.map(\.link.index))
        deafLinks.formIntersection(
            next.values.filter { $0.link.mtu < Self.leastIPv6MTU }.map(\.link.index))
        debounces = debounces.filter { next[$0.key] != nil }
        waitForSettling()
    }

    /// Keeps the socket of an interface that is the same as before, or opens one.
    private func provideSocket(
        of family: AddressFamily, hearing groups: Set<IPAddress>,
        for interface: inout HostInterface
    ) {
        let (name, index) = (interface.link.name, interface.link.index)
        do throws(SystemError) {
            let known = interfaces[name]?.sockets[family]
            let socket =
                if let known, known.interfaceIndex == index { known } else {
                    try AdvertisementSocket(
                        interface: name, index: index, family: family, loop: loop
                    ) { [weak self] payload, header in self?.onDatagram(payload, header, name) }
                }
            if family == .ipv6, deafLinks.contains(index),
                interface.link.mtu >= Self.leastIPv6MTU
            {
                try socket.hear([])
            }
            try socket.hear(groups)
            interface.sockets[family] = socket
        } catch {
            interface.socketErrors[family] = error
        }
        if family == .ipv4, interface.sockets[family] != nil, madeLinks[name] == nil {
            provideHeaderSocket(for: &interface)
        }
    }

    /// It is there for a word to the operator: where it can't be, nothing else is lost.
    private func provideHeaderSocket(for interface: inout HostInterface) {
        let (name, index) = (interface.link.name, interface.link.index)
        if let known = interfaces[name]?.headerSocket, known.interfaceIndex == index {
            interface.headerSocket = known
            return
        }
        interface.headerSocket = try? AuthenticationHeaderSocket(
            interface: name, index: index, loop: loop
        ) { [weak self] message, header in self?.onWrappedMessage(message, header, name) }
    }

    /// Bytes; with less, an interface has no IPv6 (RFC 8200 §5).
    static let leastIPv6MTU: UInt32 = 1280
}
