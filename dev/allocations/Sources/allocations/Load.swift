import Balancer
import Glibc
import LinuxIO

func listener(isIPv6: Bool = false) throws -> (number: Int32, end: IPEndpoint) {
    let address: StreamAddress =
        isIPv6
        ? .ipv6(IPEndpoint(high: 0, low: 1, port: 0))
        : .ipv4(SocketAddress(address: 0x7f00_0001, port: 0))
    let socket = try Socket.listening(on: address, options: ListeningOptions(backlog: 1024))
    let number = socket.release()
    return (number, StreamSocket.localEndpoint(of: number))
}

/// A socket for datagrams.
func mailbox() throws -> (number: Int32, end: IPEndpoint) {
    let socket = try DatagramSocket.bound(
        to: .ipv4(SocketAddress(address: 0x7f00_0001, port: 0)),
        options: ListeningOptions(backlog: 0))
    let number = socket.release()
    return (number, StreamSocket.localEndpoint(of: number))
}

/// Sends so many bytes on each connection, and ends; takes what comes, so that no end is a reset.
func serve(_ byteCount: Int, isIPv6: Bool) throws -> StreamAddress {
    let (number, end) = try listener(isIPv6: isIPv6)
    _ = fcntl(number, F_SETFL, 0)
    let bytes = [UInt8](repeating: 0x61, count: byteCount)
    try Thread(name: "server") {
        while true {
            let connection = accept(number, nil, nil)
            guard connection >= 0 else { return }
            try? Thread(name: "serving") {
                var rest = bytes[...]
                while !rest.isEmpty {
                    let sent = rest.withUnsafeBytes {
                        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                    guard sent > 0 else { break }
                    rest = rest.dropFirst(sent)
                }
                shutdown(connection, Int32(SHUT_WR))
                var buffer = [UInt8](repeating: 0, count: 4096)
                while recv(connection, &buffer, 4096, 0) > 0 {}
                close(connection)
            }.detach()
        }
    }.detach()
    return isIPv6 ? .ipv6(end) : .ipv4(SocketAddress(address: 0x7f00_0001, port: end.port))
}

/// Sends each datagram back.
func reflect() throws -> StreamAddress {
    let (number, end) = try mailbox()
    _ = fcntl(number, F_SETFL, 0)
    try Thread(name: "server") {
        var buffer = [UInt8](repeating: 0, count: 2048)
        while true {
            var peer = RawPeerAddress()
            buffer.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress,
                    case .moved(let count) = DatagramSocket.receive(
                        from: number, into: base, upTo: 2048, peer: &peer)
                else { return }
                _ = DatagramSocket.send(
                    base, count: count, to: RawStreamAddress(peer.endpoint), by: number)
            }
        }
    }.detach()
    return .ipv4(SocketAddress(address: 0x7f00_0001, port: end.port))
}

/// Opens so many connections at a time, reads each to its end, and counts the bytes.
func converse(with end: IPEndpoint, _ trial: Trial, rounds: Int) -> Int {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var total = 0
    let address = RawStreamAddress(end)
    for _ in 0..<rounds {
        let sockets = (0..<trial.width).map { _ in
            let kind = trial.isDatagram ? SOCK_DGRAM : SOCK_STREAM
            let number = socket(address.family, Int32(kind.rawValue), 0)
            _ = StreamSocket.connect(number, to: address)
            let preface = trial.isDatagram ? [UInt8](repeating: 0x62, count: 100) : trial.preface
            if !preface.isEmpty { _ = send(number, preface, preface.count, 0) }
            return number
        }
        if trial.readsLate { usleep(300_000) }
        total += readAll(sockets, into: &buffer, untilEnd: !trial.isDatagram)
    }
    return total
}

/// Reads each socket to its end, or one datagram, and closes it then: one that waits in a line gets its
/// turn only when others are closed, whichever it is.
private func readAll(_ sockets: [Int32], into buffer: inout [UInt8], untilEnd: Bool) -> Int {
    var total = 0
    var watched = sockets.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while !watched.isEmpty, poll(&watched, nfds_t(watched.count), 2_000) > 0 {
        for index in watched.indices where watched[index].revents != 0 {
            let count = recv(watched[index].fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { total += count }
            if count <= 0 || !untilEnd {
                close(watched[index].fd)
                watched[index].fd = -1
            }
        }
        watched.removeAll { $0.fd < 0 }
    }
    for left in watched { close(left.fd) }
    return total
}
