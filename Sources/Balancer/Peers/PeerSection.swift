internal import LinuxIO
internal import Reactor

/// The peers of one section, on the thread that exchanges tables.
///
/// Whatever a peer does costs its connection alone: each turn reads and writes so much of it, what it
/// does not take stays in the tables, and what it sends is applied one entry at a time.
final class PeerSection {
    private(set) var plan: PeersPlan
    private let loop: EventLoop
    private let processID: Int32
    private let report: (PeerNews) -> Void
    private var tables: [(table: StickTable, plan: PeerTable)]
    private var remotes: [PeerRemote]
    private var learning: PeerLearning
    private lazy var listeners = PeerListeners(on: loop) { [weak self] socket, security in
        self?.receive(socket, security)
    }
    /// Those who have not said who they are.
    private var guests: [PeerConnection] = []
    private var lastRefusal: MonotonicInstant?

    init(
        _ plan: PeersPlan, _ tables: [(table: StickTable, plan: PeerTable)], loop: EventLoop,
        processID: Int32, report: @escaping (PeerNews) -> Void
    ) {
        let now = MonotonicInstant.now
        (self.plan, self.tables, self.loop) = (plan, tables, loop)
        (self.processID, self.report) = (processID, report)
        remotes = plan.peers.map { PeerRemote($0, tables, at: now) }
        learning = PeerLearning(at: now)
    }

    /// Listens on these sockets, one for each listener of the plan, and no others.
    func listen(on sockets: [Int32]) {
        listeners.listen(on: sockets, securedBy: plan.listenerSecurities)
    }

    /// Goes on by another plan and with other tables; sessions stay where nothing about them changes.
    func adopt(_ plan: PeersPlan, _ tables: [(table: StickTable, plan: PeerTable)]) {
        let now = MonotonicInstant.now
        let isSameShare =
            plan.localName == self.plan.localName
            && tables.elementsEqual(self.tables) { $0.table === $1.table && $0.plan == $1.plan }
        let isNew = { (table: StickTable) in !self.tables.contains { $0.table === table } }
        if tables.contains(where: { isNew($0.table) }) { learning = PeerLearning(at: now) }
        for guest in guests { close(guest) }
        for remote in remotes where !isSameShare || !plan.peers.contains(remote.plan) {
            drop(remote, "the configuration changed", at: now)
        }
        remotes = plan.peers.map { peer in
            guard let remote = remotes.first(where: { $0.plan == peer }) else {
                return PeerRemote(peer, tables, at: now)
            }
            if !isSameShare {
                remote.share(tables)
                remote.hurry(at: now)
            }
            return remote
        }
        (self.plan, self.tables) = (plan, tables)
    }

    /// Tells what is still to be told, as far as that takes no time, and ends.
    func stop() {
        listen(on: [])
        for guest in guests { close(guest) }
        for remote in remotes {
            if let connection = remote.connection { pump(connection) }
            if let connection = remote.connection { close(connection) }
            remote.connection = nil
        }
    }

    var status: PeersStatus {
        PeersStatus(
            name: plan.name, localName: plan.localName, isComplete: learning.isComplete,
            peers: remotes.map(\.status))
    }

    // MARK: Time

    /// When something is to be done unless something else happens.
    var deadline: MonotonicInstant? {
        let remotes = remotes.map { $0.connection?.deadline ?? $0.retryAt }
        let others = [learning.deadline, listeners.pauseEnd].compactMap(\.self)
        return (remotes + guests.map(\.deadline) + others).min()
    }

    /// Does what is due.
    func tick(at now: MonotonicInstant) {
        learning.expire(at: now)
        listeners.tick(at: now)
        for guest in guests where guest.isOver(at: now) { close(guest) }
        for remote in remotes {
            guard let connection = remote.connection else {
                if remote.retryAt <= now { connect(remote, at: now) }
                continue
            }
            if connection.isOver(at: now) {
                drop(remote, connection.session.isOpen ? "it says nothing" : "no answer", at: now)
            } else if connection.isToBeat(at: now) {
                connection.session.beat()
                pump(connection)
            }
        }
    }

    // MARK: Connections

    private func connect(_ remote: PeerRemote, at now: MonotonicInstant) {
        let number = StreamSocket.open(remote.plan.address.family)
        guard number >= 0 else { return giveUp(remote, Errno(result: number), at: now) }
        let socket = Descriptor(owning: Int32(number))
        let result = StreamSocket.connect(
            socket.rawValue, to: RawStreamAddress(remote.plan.address))
        guard result == 0 || Errno(result: result) == .inProgress else {
            return giveUp(remote, Errno(result: result), at: now)
        }
        StreamSocket.disableDelay(socket.rawValue)
        let session = PeerSession(
            greeting: remote.plan.name, as: plan.localName, processID: processID,
            isOld: remote.isOld, tables: tables.map(\.plan))
        var security: (any SecureSession)?
        if let secures = remote.plan.security {
            security = secures.makeSession(on: socket.rawValue, asking: nil)
            guard security != nil else { return giveUp(remote, .outOfMemory, at: now) }
        }
        let connection = PeerConnection(
            socket, session, isConnecting: true, securedBy: security, at: now)
        connection.remote = remote
        remote.connection = connection
        watch(connection)
    }

    /// Takes note of a connection that could not even be tried.
    private func giveUp(_ remote: PeerRemote, _ errno: Errno, at now: MonotonicInstant) {
        let isNews = remote.fault != "\(errno)"
        remote.end("\(errno)", at: now)
        if isNews { report(.left(peer: remote.plan.name, of: plan.name, "\(errno)")) }
    }

    /// Takes somebody who has connected.
    private func receive(_ socket: consuming Descriptor, _ security: (any SecureSession)?) {
        // A peer says at once who it is: whoever does not makes room.
        if guests.count == PeerSection.mostGuests { close(guests[0]) }
        let guest = PeerConnection(
            socket, PeerSession(answering: plan.localName, tables: tables.map(\.plan)),
            isConnecting: false, securedBy: security, at: loop.now)
        guests.append(guest)
        watch(guest)
    }

    private func watch(_ connection: PeerConnection) {
        let readiness: Readiness =
            connection.session.output.isEmpty ? .readable : [.readable, .writable]
        do throws(SystemError) {
            connection.watch = try loop.watch(
                connection.descriptor.rawValue, for: readiness
            ) { [weak self, weak connection] readiness in
                guard let self, let connection else { return }
                handle(connection, readiness)
            }
        } catch { fail(connection, "\(error)") }
    }

    private func handle(_ connection: PeerConnection, _ readiness: Readiness) {
        var mayRead = connection.holdsBytes
        if connection.isSecuring {
            switch connection.secure() {
            // What follows the handshake may have come with it.
            case .done: mayRead = true
            // Room is watched for as long as it lacks.
            case .waits: return pump(connection)
            case .ended(let why): return fail(connection, why)
            case .failed(let why):
                return connection.remote == nil
                    ? refuse(connection, why) : fail(connection, why)
            }
        }
        if mayRead || readiness.contains(.writable) {
            pump(connection)
            guard connection.watch != nil, !connection.isSecuring else { return }
        }
        guard mayRead || !readiness.isDisjoint(with: [.readable, .hungUp, .failed]) else { return }
        var chunks = 0
        while chunks < PeerSection.chunksPerTurn {
            guard let isMore = connection.read(at: loop.now) else {
                return fail(connection, connection.end)
            }
            chunks += 1
            do throws(PeerFault) {
                while let event = try connection.session.next() {
                    take(event, connection)
                    guard connection.watch != nil else { return }
                }
            } catch {
                _ = connection.flush(at: loop.now)
                return end(connection, error)
            }
            guard isMore else { break }
        }
        pump(connection)
    }

    /// Ends a connection, whoever has it.
    private func fail(_ connection: PeerConnection, _ why: String) {
        guard let remote = connection.remote else {
            // Who looks whether somebody listens says nothing.
            return close(connection)
        }
        drop(remote, why, at: loop.now)
    }

    private func end(_ connection: PeerConnection, _ fault: PeerFault) {
        guard let remote = connection.remote else { return refuse(connection, fault.description) }
        if fault == .refused(502), !connection.session.isOpen { remote.speakOld() }
        var isRefusal = true
        if case .refused(300) = fault { isRefusal = false }
        drop(remote, fault.description, isRefusal: isRefusal, at: loop.now)
    }

    private func refuse(_ connection: PeerConnection, _ why: String) {
        let end = StreamSocket.peerEndpoint(of: connection.descriptor.rawValue)
        close(connection)
        if let lastRefusal, loop.now - lastRefusal < PeerSection.refusalInterval { return }
        lastRefusal = loop.now
        report(.refused(end, of: plan.name, why))
    }

    private func drop(
        _ remote: PeerRemote, _ why: String, isRefusal: Bool = false, isReplaced: Bool = false,
        at now: MonotonicInstant
    ) {
        guard let connection = remote.connection else { return }
        let isNews = remote.hasCome || remote.fault != why && !isReplaced
        close(connection)
        remote.end(why, isRefusal: isRefusal, at: now)
        learning.lost(remote.plan.name, at: now)
        ask()
        if isNews { report(.left(peer: remote.plan.name, of: plan.name, why)) }
    }

    private func close(_ connection: PeerConnection) {
        if let watch = connection.watch { loop.unwatch(watch) }
        connection.watch = nil
        connection.endSending()
        guests.removeAll { $0 === connection }
    }

    // MARK: What peers say

    private func take(_ event: PeerSession.Event, _ connection: PeerConnection) {
        let now = loop.now
        if case .hello(let name) = event { return welcome(name, connection) }
        guard let remote = connection.remote else { return }
        let name = remote.plan.name
        switch event {
        case .hello, .alive: break
        case .accepted: begin(remote)
        case .update(let table, let entry):
            remote.shares[table].learned += 1
            remote.shares[table].table.learn(entry, now: now.milliseconds)
        case .acknowledged(let table, let change): remote.shares[table].acknowledge(change)
        case .unfit(let table):
            if connection.unfitTables.insert(table).inserted {
                report(.unfit(table: table, peer: name, of: plan.name))
            }
        case .wantsAll:
            connection.lesson = remote.shares.map(\.table.lastChange)
            for share in remote.shares { share.beginAnew() }
        case .toldAll(let isComplete):
            if learning.isAsking(name) {
                report(.taught(peer: name, of: plan.name, isComplete: isComplete))
            }
            learning.toldAll(name, isComplete: isComplete, at: now)
            // One that knew no more than it had learned so far leaves the others to be asked.
            ask()
            connection.confirmations = min(connection.confirmations + 1, 16)
        case .confirmed: break
        }
    }

    /// Takes somebody who said who he is, unless this node's own connection to him goes before.
    private func welcome(_ name: String, _ guest: PeerConnection) {
        guard let remote = remotes.first(where: { $0.plan.name == name }) else {
            guest.session.refuse(504)
            _ = guest.flush(at: loop.now)
            return refuse(guest, "it says that it is \(name.debugDescription), who is no peer")
        }
        if let own = remote.connection {
            // Of two that connect to each other the one whose name comes first is the one that does;
            // haproxy drops its own in any case. Where packets pass one way alone, that way counts.
            guard own.session.isOpen || !own.hasSent || plan.localName > name else {
                guest.session.refuse(300)
                _ = guest.flush(at: loop.now)
                return close(guest)
            }
            drop(remote, "it has connected anew", isReplaced: true, at: loop.now)
        }
        guests.removeAll { $0 === guest }
        guest.session.accept()
        guest.remote = remote
        remote.connection = guest
        begin(remote)
    }

    private func begin(_ remote: PeerRemote) {
        remote.begin()
        report(.came(peer: remote.plan.name, of: plan.name))
        ask()
    }

    /// Asks somebody for all, where that is still to be known.
    private func ask() {
        let connected = remotes.filter(\.isConnected)
        guard let name = learning.choose(among: connected.map(\.plan.name)),
            let connection = connected.first(where: { $0.plan.name == name })?.connection
        else { return }
        connection.session.askForAll()
        pump(connection)
    }

    // MARK: What peers are told

    /// Tells all peers what has changed.
    func tell() {
        for remote in remotes where remote.isConnected {
            if let connection = remote.connection, !connection.isBlocked { pump(connection) }
        }
    }

    /// Sends what there is to be said, as far as the socket takes it and a share of a turn allows.
    private func pump(_ connection: PeerConnection) {
        let now = loop.now
        var isMore = !connection.isSecuring
        for _ in 0..<PeerSection.chunksPerTurn {
            if connection.session.output.isEmpty { isMore = fill(connection) }
            if let fault = connection.flush(at: now) { return fail(connection, fault) }
            guard isMore, !connection.isBlocked else { break }
        }
        guard let watch = connection.watch else { return }
        let isWriting = isMore || connection.isBlocked || connection.holdsBytes
        loop.change(watch, to: isWriting ? [.readable, .writable] : .readable)
    }

    /// Says what there is to be said.
    ///
    /// - Returns: Whether that was not all.
    private func fill(_ connection: PeerConnection) -> Bool {
        guard let remote = connection.remote, connection.session.isOpen else { return false }
        while connection.confirmations > 0 {
            connection.confirmations -= 1
            connection.session.confirm()
        }
        connection.session.acknowledge()
        let (lesson, now) = (connection.lesson, loop.now)
        if lesson == nil, learning.isAsking(remote.plan.name) { return false }
        for (number, share) in remote.shares.enumerated() {
            while true {
                let entries = share.next(through: lesson?[number] ?? .max, at: now.milliseconds)
                for entry in entries {
                    connection.session.tell(entry, of: number, isTimed: lesson != nil)
                }
                guard connection.session.output.count < PeerSection.enough else { return true }
                if entries.isEmpty { break }
            }
        }
        guard lesson != nil else { return false }
        connection.lesson = nil
        connection.session.endTelling(isComplete: learning.isComplete)
        return true
    }

    private static let mostGuests = 16
    /// Of 16 KiB each.
    private static let chunksPerTurn = 4
    /// Bytes that are made before they are sent.
    private static let enough = 16_384
    /// How often it is told at most that somebody was refused.
    private static let refusalInterval = Duration.seconds(10)
}
