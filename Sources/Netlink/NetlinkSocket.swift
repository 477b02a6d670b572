internal import CNetlink
internal import LinuxIO

/// A socket to the kernel's tables of links, addresses and neighbours, with one owner.
///
/// Wraps libnl's `nl_sock` of NETLINK_ROUTE; belongs to the namespace of the thread that made it.
/// Requests wait for the kernel's answer, which it gives while it handles the request.
/// `netlink(7)`, `rtnetlink(7)`.
@safe
struct NetlinkSocket: ~Copyable {
    private let handle: OpaquePointer

    /// The longest wait for an answer, in seconds; the kernel answers at once unless it is stuck.
    static let answerSeconds = 2

    /// Opens a socket for requests.
    ///
    /// - Throws: `NetlinkError`: a full descriptor table.
    init() throws(NetlinkError) { self = try Self.requesting() }

    /// Opens a socket that receives the kernel's notifications and never waits.
    ///
    /// - Parameters:
    ///   - groups: `RTNLGRP_LINK` and so on.
    ///   - receiveBufferBytes: How much the kernel may queue before it drops notifications; limited
    ///     to `net.core.rmem_max` for a caller without CAP_NET_ADMIN.
    /// - Throws: `NetlinkError`: a full descriptor table, or no such group.
    init(subscribingTo groups: [UInt32], receiveBufferBytes: Int32) throws(NetlinkError) {
        self = try Self.subscribed(to: groups, receiveBufferBytes)
    }

    private init(owning handle: OpaquePointer) { unsafe self.handle = handle }

    /// The socket's number, to wait on; the socket owns it.
    var descriptor: Int32 { unsafe nl_socket_get_fd(handle) }

    /// Gives a message its number and the flags of a request that is to be answered.
    borrowing func complete(_ message: OpaquePointer) {
        unsafe nl_complete_msg(handle, message)
    }

    /// Sends requests.
    borrowing func send(_ batch: RequestBatch) throws(NetlinkError) {
        var bytes = batch.bytes
        let result = unsafe bytes.withUnsafeMutableBytes {
            unsafe nl_sendto(handle, $0.baseAddress, $0.count)
        }
        try Self.check("send a request", result)
    }

    /// Receives what is there next.
    borrowing func receive() -> Reception {
        var sender = sockaddr_nl()
        var buffer: UnsafeMutablePointer<UInt8>?
        let count = unsafe nl_recv(handle, &sender, &buffer, nil)
        guard count > 0, let base = unsafe buffer else {
            switch count {
            case 0, -NLE_AGAIN: return .nothing
            // libnl's word for ENOBUFS, and for ENOMEM: something may be lost after either.
            case -NLE_NOMEM: return .overrun
            default: return .failed(.library(-count))
            }
        }
        let datagram = unsafe ReceivedDatagram(owning: base, byteCount: count)
        // Port 0 is the kernel; what another process sends is nobody's answer.
        return sender.nl_pid == 0 ? .datagram(datagram) : .foreign
    }

    // A throwing initializer can't leave a type with a deinit half-way; a function can.
    private static func requesting() throws(NetlinkError) -> NetlinkSocket {
        let socket = try connected()
        // The answers of a whole batch at the kernel's full size for each, several times over.
        _ = unsafe nl_socket_set_buffer_size(socket.handle, 212_992, 0)
        var wait = timeval(tv_sec: answerSeconds, tv_usec: 0)
        let result = unsafe setsockopt(
            socket.descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait,
            socklen_t(MemoryLayout<timeval>.size))
        precondition(result == 0, "SO_RCVTIMEO fits every socket")
        return socket
    }

    private static func subscribed(
        to groups: [UInt32], _ receiveBufferBytes: Int32
    ) throws(NetlinkError) -> NetlinkSocket {
        let socket = try connected()
        let force: Int32 = 33  // SO_RCVBUFFORCE
        do throws(SystemError) {
            try Socket.setOption(
                socket.descriptor, SOL_SOCKET, force, receiveBufferBytes, "SO_RCVBUFFORCE")
        } catch {
            _ = unsafe nl_socket_set_buffer_size(socket.handle, receiveBufferBytes, 0)
        }
        try check("receive without waiting", unsafe nl_socket_set_nonblocking(socket.handle))
        for group in groups {
            try check(
                "subscribe to group \(group)",
                unsafe nl_socket_add_membership(socket.handle, Int32(group)))
        }
        return socket
    }

    private static func connected() throws(NetlinkError) -> NetlinkSocket {
        guard let handle = unsafe nl_socket_alloc() else {
            throw NetlinkError("open a netlink socket", nil, .library(NLE_NOMEM))
        }
        let socket = unsafe NetlinkSocket(owning: handle)
        try check("open a netlink socket", unsafe nl_connect(handle, NETLINK_ROUTE))
        // One call per datagram instead of a look and a call; the kernel sends at most 32 KiB.
        _ = unsafe nl_socket_set_msg_buf_size(handle, 65_536)
        try socket.setOptions()
        return socket
    }

    private func setOptions() throws(NetlinkError) {
        do throws(SystemError) {
            let level: Int32 = 270  // SOL_NETLINK
            let options = [
                (CNETLINK_CAP_ACK, "NETLINK_CAP_ACK"), (CNETLINK_EXT_ACK, "NETLINK_EXT_ACK"),
                (CNETLINK_STRICT_CHECK, "NETLINK_GET_STRICT_CHK"),
            ]
            for (option, name) in options {
                try Socket.setOption(descriptor, level, Int32(option), 1, name)
            }
        } catch { throw NetlinkError(error) }
    }

    private static func check(
        _ operation: @autoclosure () -> String, _ result: Int32
    )
        throws(NetlinkError)
    {
        guard result < 0 else { return }
        throw NetlinkError(operation(), nil, .library(-result))
    }

    deinit { unsafe nl_socket_free(handle) }
}

/// What a receive call came to.
enum Reception: ~Copyable {
    /// Messages of the kernel.
    case datagram(ReceivedDatagram)
    /// Messages of some other process, dropped.
    case foreign
    /// Nothing is there, or nothing came in time.
    case nothing
    /// The kernel dropped messages since the last call.
    case overrun
    /// The socket is of no use any more.
    case failed(NetlinkError.Reason)
}
