internal import LinuxIO
internal import Reactor
internal import Synchronization

// All reactors wait on the same listening sockets, level-triggered and EPOLLEXCLUSIVE. Not a
// socket for each by SO_REUSEPORT: the kernel then deals connections out to them before they are
// accepted, and resets those that wait in the queue of one that closes. These sockets belong to the
// process above, and must outlive a balancer that dies with connections in the queue.

// A listener for which there is no room is not waited for: it stands in the list of those who wait for
// that room, and is looked at when there is some. So a full frontend costs others nothing, however
// many proxies there are, and each step along a list takes a connection or ends a wait.

/// Listeners that wait for the same room, linked through themselves.
struct ListenerList {
    var first: Int32 = -1
    var last: Int32 = -1
}

extension Worker {
    /// Waits at every listener, if this reactor may accept.
    mutating func watchListeners() {
        guard isAccepting, acceptPauseEnd == nil else { return }
        forgetWaiting()
        for index in listeners.indices where !listeners[index].isWatched { watchListener(index) }
    }

    private mutating func watchListener(_ index: Int) {
        let token = UInt64(specialGeneration) << 32 | UInt64(index)
        let isDatagram = listeners[index].isDatagram
        // Flows are found without a lock: those of one listener belong to one reactor.
        let socket = Int(listeners[index].socket)
        guard socket >= 0, !isDatagram || socket % shared.plan.reactorCount == number else {
            return
        }
        let result = epoll.add(
            listeners[index].socket, for: isDatagram ? .readable : [.readable, .exclusive],
            token: token)
        listeners[index].isWatched = result == 0
        // Else nobody would ever look there again.
        if result != 0 { acceptPauseEnd = now + acceptPause }
    }

    mutating func unwatchListener(_ index: Int) {
        guard listeners[index].isWatched else { return }
        // An exclusive watch cannot be changed by EPOLL_CTL_MOD, so it is taken away.
        _ = epoll.remove(listeners[index].socket)
        listeners[index].isWatched = false
    }

    /// Leaves all listeners to the other reactors, and what waits there in the kernel's queue.
    mutating func unwatchListeners() {
        forgetWaiting()
        for index in listeners.indices { unwatchListener(index) }
    }

    /// Stops waiting at all listeners, for whoever else waits there.
    ///
    /// The kernel may have woken this reactor alone for a connection that it has not taken yet. So it
    /// stops waiting first, and takes what is there then.
    mutating func leaveListeners() {
        forgetWaiting()
        for index in listeners.indices where listeners[index].isWatched {
            unwatchListener(index)
            if !listeners[index].isDatagram { sweep(index) }
        }
        shared.admission.withLock { $0.sweepEnded() }
    }

    /// Takes what waits at listeners that are about to go, before those who connected are reset.
    mutating func sweepListeners(missingIn sockets: [[Int32]]) {
        let staying = Set(sockets.joined())
        for index in listeners.indices where !staying.contains(listeners[index].socket) {
            guard listeners[index].isWatched else { continue }
            unwatchListener(index)
            if !listeners[index].isDatagram { sweep(index) }
        }
    }

    private mutating func sweep(_ index: Int) {
        var rest = mostSweeps
        while rest > 0, case .more = take(from: index, isSweeping: true) { rest -= 1 }
    }

    /// Stops accepting for a while when descriptors or watches are out.
    ///
    /// The kernel checks for one before it takes a connection from the queue, so none is lost; a watch
    /// left in place would spin.
    mutating func pauseAccepting() {
        acceptPauseEnd = now + acceptPause
        spares.closeAll()
        forgetWaiting()
        // Datagrams of flows that are there come by their listener, and cost no descriptor.
        for index in listeners.indices where !listeners[index].isDatagram {
            unwatchListener(index)
        }
    }

    // MARK: Waiting for room

    /// Has a listener that is not watched wait for what it lacks.
    mutating func wait(_ index: Int, for answer: Admission.Answer) {
        switch answer {
        case .room, .closed: break
        case .full(let place): append(index, to: list(of: place))
        case .tooFast(let due):
            append(index, to: rateList)
            rateDueAt = min(rateDueAt ?? .max, due)
        }
    }

    /// Tells reactors of room that they wait for.
    mutating func tell(_ openings: Admission.Openings, at frontend: Int, by listener: Int) {
        guard !openings.isEmpty else { return }
        tell(openings.process, .process)
        tell(openings.secured, .secured)
        tell(openings.frontend, .frontend(frontend))
        tell(openings.listener, .listener(listener))
    }

    private mutating func tell(_ reactors: UInt64, _ place: Admission.Place) {
        var rest = reactors
        while rest != 0 {
            let reactor = rest.trailingZeroBitCount
            rest &= rest - 1
            if reactor == number {
                openPlaces.append(place)
            } else {
                shared.inboxes[reactor].post(.roomToAccept(place))
            }
        }
    }

    /// Takes what waits at the listeners that wait for room which there is now.
    mutating func useRoom() {
        // What comes meanwhile is for the next turn.
        var rest = openPlaces.count
        while rest > 0, let place = openPlaces.popLast() {
            rest -= 1
            let list = list(of: place)
            while let index = popFirst(of: list), resume(index) != .full(place) {}
        }
    }

    /// The rate of a frontend allows more.
    mutating func useRate() {
        rateDueAt = nil
        let last = Int(waitingLists[rateList].last)
        while let index = popFirst(of: rateList) {
            _ = resume(index)
            if index == last { return }
        }
    }

    /// Takes from a listener that is not watched; it is watched again once nothing more waits there.
    ///
    /// - Returns: Why it has to wait again; `nil`: it has not.
    private mutating func resume(_ index: Int) -> Admission.Answer? {
        guard isAccepting, acceptPauseEnd == nil, !listeners[index].isWatched else { return nil }
        var taking = take(from: index, isSweeping: false)
        // The usual case of one free place: what else waits there goes on waiting, without a watch.
        if case .more = taking { taking = take(from: index, isSweeping: false) }
        guard case .noRoom(let answer) = taking else {
            if acceptPauseEnd == nil { watchListener(index) }
            return nil
        }
        wait(index, for: answer)
        return answer
    }

    private func list(of place: Admission.Place) -> Int {
        switch place {
        case .process: 0
        case .secured: 2
        case .frontend(let index): 3 + index
        case .listener(let index): 3 + shared.plan.frontends.count + index
        }
    }

    private mutating func append(_ index: Int, to list: Int) {
        guard !listeners[index].isWaiting else { return }
        listeners[index].isWaiting = true
        listeners[index].next = -1
        if waitingLists[list].last >= 0 {
            listeners[Int(waitingLists[list].last)].next = Int32(index)
        } else {
            waitingLists[list].first = Int32(index)
        }
        waitingLists[list].last = Int32(index)
    }

    private mutating func popFirst(of list: Int) -> Int? {
        let index = Int(waitingLists[list].first)
        guard index >= 0 else { return nil }
        waitingLists[list].first = listeners[index].next
        if listeners[index].next < 0 { waitingLists[list].last = -1 }
        listeners[index].isWaiting = false
        return index
    }

    private mutating func forgetWaiting() {
        rateDueAt = nil
        for list in waitingLists.indices { waitingLists[list] = ListenerList() }
        for index in listeners.indices { listeners[index].isWaiting = false }
    }
}

/// The list of those for whom connections came too fast; 0 is that of the process.
private let rateList = 1
/// Bounds what is taken when a reactor stops waiting; a flood goes on to the others.
private let mostSweeps = 64
/// Milliseconds.
private let acceptPause: UInt64 = 100
