#if Program
internal import LinuxIO
internal import NodeConfiguration
internal import VRRPCore

/// Every listening socket of the node, by where it listens.
///
/// They belong to the failover process, so that connections wait in their backlogs while a balancer
/// process is replaced or restarted.
struct ListenerSet: ~Copyable {
    private var sockets: [ListeningPlace: Int32] = [:]
    /// Those that newcomers do not reach any more.
    private var retired: [ListeningPlace: Int32] = [:]

    /// Owns nothing yet.
    init() {}

    /// Opens what `model` listens on and is not open yet.
    ///
    /// - Returns: The places that were opened, to close them by if the model is not taken.
    /// - Throws: `Failure` that names the address; then nothing has changed.
    mutating func open(for model: Model) throws(Failure) -> [ListeningPlace] {
        closeRetired()
        let listeners = model.listeners
        // Programs that this process starts keep the usual limit, unless it is not enough here.
        if listeners.count > KernelSettings.openFileLimit / 2 {
            KernelSettings.raiseOpenFileLimit()
        }
        var opened: [ListeningPlace] = []
        for listener in listeners {
            let place = ListeningPlace(listener)
            guard sockets[place] == nil else { continue }
            // Those that have a part of the address make room: whoever connects reaches the one that is
            // closest to what he asks for, as 127.0.0.1:80 beside *:80, and *:80 beside :::80.
            let others = sockets.filter { $0.key.overlaps(place) }
            for number in others.values { Socket.setShared(number, true) }
            defer { for number in others.values { Socket.setShared(number, false) } }
            do {
                sockets[place] =
                    try ListenerSet.socket(for: listener, isShared: !others.isEmpty).release()
                opened.append(place)
            } catch {
                close(opened)
                throw Failure(error, hint: hint(for: error, at: place))
            }
        }
        return opened
    }

    /// Gives sockets that stay open the options that `model` has for them.
    ///
    /// - Returns: What the system refused, for the log.
    func applyOptions(of model: Model) -> [SystemError] {
        var refused: [SystemError] = []
        for listener in model.listeners {
            guard let socket = sockets[ListeningPlace(listener)], !listener.isDatagram else {
                continue
            }
            let options = ListeningOptions(listener)
            do throws(SystemError) {
                if case .descriptor = listener.endpoint {
                    try ListenerSet.adjust(socket, to: listener)
                    continue
                }
                Socket.setBacklog(options.backlog, of: socket)
                switch listener.endpoint {
                case .internet: try Socket.apply(options, to: socket)
                case .path(let path):
                    try UnixSocket.setAccess(
                        to: path, mode: options.mode ?? UnixSocket.everybody, owner: options.owner)
                case .abstractName, .descriptor: break
                }
            } catch { refused.append(error) }
        }
        return refused
    }

    /// Leaves those who connect to the sockets of `model`; who has begun to connect elsewhere can still
    /// be accepted there, until ``closeRetired()``.
    ///
    /// - Returns: Whether there may be any.
    mutating func retireAll(but model: Model) -> Bool {
        let kept = Set(model.listeners.map(ListeningPlace.init))
        var mayHaveSome = false
        for (place, number) in sockets where !kept.contains(place) {
            retired[place] = number
            guard case .internet = place.endpoint, !place.isDatagram else { continue }
            Socket.turnNewcomersAway(from: number)
            mayHaveSome = true
        }
        for place in retired.keys { sockets[place] = nil }
        return mayHaveSome
    }

    /// Closes what newcomers do not reach any more.
    mutating func closeRetired() {
        for (place, number) in retired { ListenerSet.close(place, number) }
        retired = [:]
    }

    /// Closes sockets, also for the processes that have them: nobody connects to them any more.
    mutating func close(_ places: [ListeningPlace]) {
        for place in places {
            guard let number = sockets.removeValue(forKey: place) else { continue }
            ListenerSet.close(place, number)
        }
    }

    private static func close(_ place: ListeningPlace, _ number: Int32) {
        // One that we were given may serve others after us.
        if case .descriptor = place.endpoint {} else { Socket.endListening(number) }
        if case .path(let path) = place.endpoint { UnixSocket.remove(path) }
        _ = Descriptor(owning: number)
    }

    /// Closes all.
    mutating func closeAll() {
        closeRetired()
        close(Array(sockets.keys))
    }

    /// The sockets of `model`, each once, in the order of its listeners.
    func descriptors(for model: Model) -> [Int32] {
        var seen: Set<ListeningPlace> = []
        var numbers: [Int32] = []
        for place in model.listeners.map(ListeningPlace.init) where seen.insert(place).inserted {
            numbers.append(descriptor(of: place))
        }
        return numbers
    }

    /// The socket of a place that is open.
    func descriptor(of place: ListeningPlace) -> Int32 {
        guard let number = sockets[place] else {
            preconditionFailure("no socket was opened on \(place.endpoint)")
        }
        return number
    }

    deinit {
        for number in retired.values { _ = Descriptor(owning: number) }
        for number in sockets.values { _ = Descriptor(owning: number) }
    }

    private static func socket(
        for listener: Listener, isShared: Bool
    ) throws(SystemError) -> Descriptor {
        if case .descriptor(let number) = listener.endpoint {
            let socket = try Socket.inherited(number)
            try adjust(socket.rawValue, to: listener)
            return socket
        }
        let address = StreamAddress(listener.endpoint)
        var options = ListeningOptions(listener)
        options.isShared = isShared
        return listener.isDatagram
            ? try DatagramSocket.bound(to: address, options: options)
            : try Socket.listening(on: address, options: options)
    }

    /// Gives a socket that was open before what is said of it.
    ///
    /// A reload that says less takes nothing back: nobody knows what the socket was opened with.
    private static func adjust(_ socket: Int32, to listener: Listener) throws(SystemError) {
        let options = ListeningOptions(listener)
        if listener.backlog != nil { Socket.setBacklog(options.backlog, of: socket) }
        try Socket.applyRequested(options, to: socket)
    }

    private func hint(for error: SystemError, at place: ListeningPlace) -> String {
        switch (error.errno, place.endpoint) {
        case (_, .descriptor(let number)):
            "'fd@\(number)' needs a listening socket that whoever starts this program leaves open,"
                + " as systemd does for a .socket unit"
        case (.addressInUse, .internet(_, let port)):
            "another program listens there; 'ss -ltnp sport = :\(port)' names it"
        case (.addressInUse, _):
            "another program listens there; 'ss -lxp' names it"
        case (.accessDenied, .internet):
            "ports below 1024 want root or CAP_NET_BIND_SERVICE"
        case (.notPermitted, .internet):
            "'interface' and 'transparent' want root, or CAP_NET_RAW and CAP_NET_ADMIN"
        default: ""
        }
    }
}

/// What tells one listening socket from another: what cannot change while it is open.
struct ListeningPlace: Hashable {
    let endpoint: Endpoint
    let interface: String?
    let servesIPv6Alone: Bool?
    let isTransparent: Bool
    let isDatagram: Bool

    init(_ listener: Listener) {
        endpoint = listener.endpoint
        interface = listener.interface
        servesIPv6Alone = listener.servesIPv6Alone
        isTransparent = listener.isTransparent
        isDatagram = listener.isDatagram
    }

    /// Whether the kernel has both listen at once only where both allow it, although they differ.
    fileprivate func overlaps(_ other: ListeningPlace) -> Bool {
        guard self != other, case .internet(let address, let port) = endpoint,
            case .internet(let otherAddress, let otherPort) = other.endpoint
        else { return false }
        return port == otherPort && isDatagram == other.isDatagram
            && (endpoint == other.endpoint || ListeningPlace.isEverything(address)
                || ListeningPlace.isEverything(otherAddress))
    }

    private static func isEverything(_ address: IPAddress?) -> Bool {
        address == nil || address == .v6(.unspecified)
    }
}

extension Model {
    /// Where the node listens: the frontends' listeners first, then the pages' and those for peers.
    var listeners: [Listener] {
        frontends.filter { !$0.isDisabled }.flatMap(\.listeners)
            + statisticsPages.flatMap(\.listeners) + peers.flatMap(\.listeners)
    }
}

extension ListeningOptions {
    /// What is special about a listener.
    init(_ listener: Listener) {
        self.init(backlog: Int32(clamping: listener.backlog ?? mostWaiting))
        interface = listener.interface
        servesIPv6Alone = listener.servesIPv6Alone
        fastOpenQueue = listener.isFastOpen ? self.backlog : nil
        defersAccept = listener.defersAccept
        savesAcknowledgement = listener.savesAcknowledgement
        segmentByteCount = listener.segmentByteCount.map { Int32(clamping: $0) }
        userTimeout = Int32(clamping: Int((listener.userTimeout ?? .zero) / .milliseconds(1)))
        congestionControl = listener.congestionControl
        keepAlive = listener.keepAlive.map(KeepAlive.init)
        isTransparent = listener.isTransparent
        mode = listener.mode
        owner = (listener.userID, listener.groupID)
    }
}

extension StreamAddress {
    /// An endpoint as the kernel takes it.
    init(_ endpoint: Endpoint) {
        switch endpoint {
        case .internet(let address?, let port): self.init(address, port: port)
        case .internet(nil, let port): self = .ipv4(SocketAddress(address: 0, port: port))
        case .path(let path): self = .path(path)
        case .abstractName(let name): self = .abstractName(name)
        case .descriptor: self = .abstractName("")
        }
    }

    /// An address and a port as the kernel takes them.
    init(_ address: IPAddress, port: UInt16) {
        switch address {
        case .v4(let four): self = .ipv4(SocketAddress(address: four.rawValue, port: port))
        case .v6(let six): self = .ipv6(IPEndpoint(high: six.high, low: six.low, port: port))
        }
    }
}

/// Connections that may wait per socket; the kernel caps it at net.core.somaxconn.
private let mostWaiting = 65_535
#endif
