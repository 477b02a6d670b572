internal import CNetlink

/// One request under construction: an `nl_msg` with one owner.
@safe
struct RequestMessage: ~Copyable {
    fileprivate let handle: OpaquePointer

    /// Takes a message over that libnl has built.
    init(owning handle: OpaquePointer) { unsafe self.handle = handle }

    /// Begins a message.
    ///
    /// - Parameters:
    ///   - type: `RTM_GETLINK` and so on.
    ///   - flags: `NLM_F_DUMP` and so on.
    ///   - header: The fixed part that belongs to the type.
    /// - Throws: `NetlinkError` when memory is short.
    init<Header: BitwiseCopyable>(
        type: Int, flags: Int32 = 0, header: Header
    ) throws(NetlinkError) {
        self = try Self.begun(type, flags, header)
    }

    // A throwing initializer can't leave a type with a deinit half-way; a function can.
    private static func begun<Header: BitwiseCopyable>(
        _ type: Int, _ flags: Int32, _ header: Header
    ) throws(NetlinkError) -> RequestMessage {
        guard let handle = unsafe nlmsg_alloc_simple(Int32(type), flags) else {
            throw NetlinkError("prepare a request", nil, .library(NLE_NOMEM))
        }
        let message = unsafe RequestMessage(owning: handle)
        var header = header
        try message.check(
            unsafe nlmsg_append(handle, &header, MemoryLayout<Header>.size, Int32(NLMSG_ALIGNTO)))
        return message
    }

    /// Adds an attribute of 8 bits.
    borrowing func put(_ attribute: Int, _ value: UInt8) throws(NetlinkError) {
        try check(unsafe nla_put_u8(handle, Int32(attribute), value))
    }

    /// Adds an attribute of 32 bits.
    borrowing func put(_ attribute: Int, _ value: UInt32) throws(NetlinkError) {
        try check(unsafe nla_put_u32(handle, Int32(attribute), value))
    }

    /// Adds an attribute of text, with its terminator.
    borrowing func put(_ attribute: Int, _ value: String) throws(NetlinkError) {
        try check(unsafe nla_put_string(handle, Int32(attribute), value))
    }

    /// Adds an attribute of bytes.
    borrowing func put(_ attribute: Int, _ value: [UInt8]) throws(NetlinkError) {
        try check(unsafe nla_put(handle, Int32(attribute), Int32(value.count), value))
    }

    /// Adds an attribute that holds others.
    borrowing func nest(
        _ attribute: Int,
        _ body: (borrowing RequestMessage) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        guard let start = unsafe nla_nest_start(handle, Int32(attribute)) else {
            throw NetlinkError("prepare a request", nil, .library(NLE_NOMEM))
        }
        try body(self)
        // SAFETY: the message's memory is allocated once at its full size; start stays where it is.
        try check(unsafe nla_nest_end(handle, start))
    }

    private func check(_ result: Int32) throws(NetlinkError) {
        guard result < 0 else { return }
        throw NetlinkError("prepare a request", nil, .library(-result))
    }

    deinit { unsafe nlmsg_free(handle) }
}

/// Requests that go to the kernel in one call, each answered by itself.
struct RequestBatch {
    /// The messages, one after the other.
    private(set) var bytes: [UInt8] = []
    /// How many there are.
    private(set) var count = 0
    /// The first one's number; those of the others follow.
    private(set) var firstSequence: UInt32 = 0

    /// Makes an empty batch.
    init() {}

    /// Makes a batch of one.
    init(_ message: borrowing RequestMessage, on socket: borrowing NetlinkSocket) {
        append(message, on: socket)
    }

    /// Numbers a message and adds it.
    ///
    /// The socket numbers messages in the order of the calls, so a batch is completed and sent
    /// before the next one is begun.
    mutating func append(_ message: borrowing RequestMessage, on socket: borrowing NetlinkSocket) {
        unsafe socket.complete(message.handle)
        // SAFETY: the header lies at the front of nlmsg_len bytes, which the message owns.
        guard let header = unsafe nlmsg_hdr(message.handle) else { return }
        let length = unsafe Int(header.pointee.nlmsg_len)
        if count == 0 { firstSequence = unsafe header.pointee.nlmsg_seq }
        unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: header, count: length))
        let padding = Int(cnetlink_align(UInt32(length))) - length
        bytes.append(contentsOf: repeatElement(0, count: padding))
        count += 1
    }
}
