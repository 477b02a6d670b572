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
        /// The next one of the server, or the next free one.
        var next: Int32
    }

    private var places: [Place] = []
    private var firstFree: Int32 = -1
    /// The place of each server's latest one; -1: it has none.
    private var latest: [Int32]

    init(serverCount: Int) {
        latest = Array(repeating: -1, count: serverCount)
        places.reserveCapacity(mostSpareSockets)
    }

    deinit { for socket in sockets { StreamSocket.close(socket) } }

    /// Whether one more may be kept.
    var hasRoom: Bool { firstFree >= 0 || places.count < mostSpareSockets }

    /// Takes a server's latest one, which is as good as new but for its place in the reactor's epoll.
    mutating func take(for server: Int) -> Int32? {
        let place = latest[server]
        guard place >= 0 else { return nil }
        let index = Int(place)
        let socket = places[index].socket
        latest[server] = places[index].next
        places[index] = Place(socket: -1, next: firstFree)
        firstFree = place
        return socket
    }

    /// Keeps a socket that is not connected any more; there must be room.
    mutating func keep(_ socket: Int32, for server: Int) {
        let entry = Place(socket: socket, next: latest[server])
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
private let mostSpareSockets = 64
