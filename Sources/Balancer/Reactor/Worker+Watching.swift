internal import Reactor

// What the kernel is to tell of a connection's sockets. They are edge-triggered: it tells once of what comes.

extension Worker {
    /// Leaves a direction until its peer has room.
    mutating func awaitRoom(_ half: Int) {
        let peer = half ^ 1
        slab[half].marks.insert(.blocked)
        // Nothing limited how long a side that has ended its stream may wait.
        if slab[peer].marks.contains(.passedEnd) { arm(half & ~1) }
        // A client's socket is watched for room only once it ran out of it.
        if slab[peer].marks.isDisjoint(with: .watchesRoom) { watchRoom(peer) }
    }

    /// Has a half's socket watched for room to send as well.
    mutating func watchRoom(_ half: Int) {
        slab[half].marks.insert(.watchesRoom)
        watch(half)
    }

    /// Has a half's socket no longer watched for bytes, since those that are there wait for the peer: each
    /// segment that comes would wake the reactor, for nothing.
    mutating func ignoreBytes(_ half: Int) {
        slab[half].marks.insert(.ignoresBytes)
        if slab[half].marks.isDisjoint(with: .isSecured),
            slab[half ^ 1].marks.isDisjoint(with: .blocked)
        {
            // The kernel answers a change with what is so already, and room nearly always is.
            slab[half].marks.remove(.watchesRoom)
        }
        watch(half)
    }

    /// After a read that found nothing.
    mutating func ranDry(_ half: Int) {
        slab[half].marks.remove(.readable)
        guard slab[half].marks.contains(.ignoresBytes) else { return }
        slab[half].marks.remove(.ignoresBytes)
        // What has come since is told at once.
        watch(half)
    }

    /// Says to the kernel what a half's socket is watched for.
    private func watch(_ half: Int) {
        let marks = slab[half].marks
        var interest: Readiness = [.peerClosed, .edgeTriggered]
        // The kernel tells of bytes as if they might be urgent.
        if marks.isDisjoint(with: .ignoresBytes) { interest.formUnion([.readable, .urgent]) }
        if marks.contains(.watchesRoom) { interest.insert(.writable) }
        _ = epoll.modify(slab[half].socket, for: interest, token: slab.token(of: half))
    }
}
