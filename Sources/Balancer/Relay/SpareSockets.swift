internal import LinuxIO

/// Sockets of connections to servers that are over, each for the next one to the same server.
///
/// To make a socket for each connection and to close it is a tenth of what a short one costs. Kept are
/// those alone that the kernel is done with as well: the server answered the end of the client's
/// stream with its own, and all of it was acknowledged.
///
/// The kernel numbers a socket's bytes on from its last connection (`tcp_disconnect`, net/ipv4/tcp.c):
/// so nobody but the server of that one may get the next, or he could foresee another's numbers
/// (RFC 6528). And a server with the same port still in TIME_WAIT accepts any number, as long as the
/// two exchange timestamps (RFC 6191).
struct SpareSockets: ~Copyable {
    private struct Place {
        var socket: Int32
        /// The next older one of the server, or the next free one.
        var next: Int32
        var server: Int32
        /// How many were kept before it.
        var turn: UInt32
    }

    private var places: [Place] = []
    private var firstFree: Int32 = -1
    /// The place of each server's latest one; -1: it has none.
    private var latest: [Int32]
    private var turn: UInt32 = 0

    init(serverCount: Int) {
        latest = Array(repeating: -1, count: serverCount)
        places.reserveCapacity(mostSpareSockets)
    }

    deinit { for socket in sockets { StreamSocket.close(socket) } }

    /// Whether one more of a server may be kept, be it in the place of another server's.
    func hasRoom(for server: Int) -> Bool {
        firstFree >= 0 || places.count < mostSpareSockets
            || places.contains { $0.server != server }
    }

    /// Takes a server's latest one, which is as good as new but for its place in the reactor's epoll.
    mutating func take(for server: Int) -> Int32? {
        let place = latest[server]
        guard place >= 0 else { return nil }
        let index = Int(place)
        let socket = places[index].socket
        latest[server] = places[index].next
        free(index)
        return socket
    }

    private mutating func free(_ index: Int) {
        places[index] = Place(socket: -1, next: firstFree, server: -1, turn: 0)
        firstFree = Int32(index)
    }

    /// Closes what another server left longest ago: it may have no connections any more.
    private mutating func closeOldest(besides server: Int) {
        let others = places.indices.lazy.filter { [places] in places[$0].server != server }
        guard
            let index = others.max(by: { [places, turn] in
                turn &- places[$0].turn < turn &- places[$1].turn
            })
        else { return }
        StreamSocket.close(places[index].socket)
        // It is its server's last.
        let owner = Int(places[index].server)
        if latest[owner] == index {
            latest[owner] = -1
        } else {
            var newer = Int(latest[owner])
            while places[newer].next != index { newer = Int(places[newer].next) }
            places[newer].next = -1
        }
        free(index)
    }

    /// Keeps a socket that is not connected any more; there must be room.
    mutating func keep(_ socket: Int32, for server: Int) {
        if firstFree < 0, places.count == mostSpareSockets { closeOldest(besides: server) }
        let entry = Place(
            socket: socket, next: latest[server], server: Int32(server), turn: turn)
        turn &+= 1
        if firstFree >= 0 {
            latest[server] = firstFree
            firstFree = places[Int(firstFree)].next
            places[Int(latest[server])] = entry
        } else {
            latest[server] = Int32(places.count)
            places.append(entry)
        }
    }

    /// Closes all of them, where descriptors are short.
    mutating func closeAll() {
        self = SpareSockets(serverCount: latest.count)
    }

    private var sockets: [Int32] { places.map(\.socket).filter { $0 >= 0 } }
}

/// Of one reactor: more than end within a turn are of no use.
let mostSpareSockets = 64
