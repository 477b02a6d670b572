internal import CNetlink
internal import LinuxIO

/// What one receive call brought: messages, one after the other, freed with their owner.
@safe
struct ReceivedDatagram: ~Copyable {
    private let base: UnsafeMutablePointer<UInt8>
    private let byteCount: Int32

    /// Takes over a buffer that libnl allocated.
    init(owning base: UnsafeMutablePointer<UInt8>, byteCount: Int32) {
        unsafe self.base = base
        self.byteCount = byteCount
    }

    /// Hands over each whole message; it is valid during the call only.
    borrowing func forEach(_ body: (ReceivedMessage) -> Void) {
        var remaining = byteCount
        // SAFETY: malloc aligns the buffer; nlmsg_ok checks that header and length lie within what
        // remains before each use, and nlmsg_next subtracts what it skips.
        var header = unsafe UnsafeMutableRawPointer(base).assumingMemoryBound(to: nlmsghdr.self)
        while unsafe nlmsg_ok(header, remaining) != 0 {
            unsafe body(ReceivedMessage(header))
            guard let next = unsafe nlmsg_next(header, &remaining) else { return }
            unsafe header = next
        }
    }

    deinit { unsafe free(base) }
}

/// One message of the kernel, read in place; valid only within the call that hands it over.
@safe
struct ReceivedMessage {
    private let header: UnsafeMutablePointer<nlmsghdr>

    fileprivate init(_ header: UnsafeMutablePointer<nlmsghdr>) { unsafe self.header = header }

    /// `RTM_NEWLINK` and so on.
    var type: Int { unsafe Int(header.pointee.nlmsg_type) }
    /// `NLM_F_MULTI` and so on.
    var flags: Int32 { unsafe Int32(header.pointee.nlmsg_flags) }
    /// The number of the request that it answers.
    var sequence: UInt32 { unsafe header.pointee.nlmsg_seq }

    /// The fixed part after the message's header, or `nil` when the message is too short for it.
    func payload<Payload: BitwiseCopyable>(as type: Payload.Type = Payload.self) -> Payload? {
        guard unsafe nlmsg_datalen(header) >= Int32(MemoryLayout<Payload>.size),
            let data = unsafe nlmsg_data(header)
        else { return nil }
        return unsafe data.loadUnaligned(as: Payload.self)
    }

    /// An attribute, or `nil`.
    ///
    /// - Parameters:
    ///   - number: `IFA_LOCAL` and so on.
    ///   - headerBytes: The size of the fixed part before the attributes, which the message holds.
    /// - Returns: The first attribute of that number.
    func attribute(_ number: Int, after headerBytes: Int) -> ReceivedAttribute? {
        // SAFETY: libnl stops at the first attribute that does not fit into the message.
        guard
            let attribute = unsafe nlmsg_find_attr(header, Int32(headerBytes), Int32(number))
        else { return nil }
        return unsafe ReceivedAttribute(attribute)
    }

    /// The answer to a request: `nil` for a message of another type.
    var acknowledgement: Acknowledgement? {
        guard type == NLMSG_ERROR, let error = payload(as: nlmsgerr.self) else { return nil }
        guard error.error != 0 else { return .done }
        return .refused(
            .init(rawValue: -error.error),
            explanation: explanation(requestBytes: error.msg.nlmsg_len))
    }

    /// The error that ended a listing half-way, or `nil`.
    var listingError: Acknowledgement? {
        guard let result = payload(as: Int32.self), result < 0 else { return nil }
        let text = attribute(Int(NLMSGERR_ATTR_MSG.rawValue), after: 4)?.text
        return .refused(.init(rawValue: -result), explanation: text)
    }

    private func explanation(requestBytes: UInt32) -> String? {
        guard flags & Int32(CNETLINK_FLAG_ACK_TLVS) != 0 else { return nil }
        // The request's header comes back always, the rest of the request only when not capped.
        let isCapped = flags & Int32(CNETLINK_FLAG_CAPPED) != 0
        let echoed = isCapped ? MemoryLayout<nlmsghdr>.size : Int(cnetlink_align(requestBytes))
        guard unsafe Int(nlmsg_datalen(header)) >= echoed else { return nil }
        return attribute(Int(NLMSGERR_ATTR_MSG.rawValue), after: 4 + echoed)?.text
    }
}

/// One attribute of a message, read in place; valid as long as its message.
@safe
struct ReceivedAttribute {
    private let attribute: UnsafeMutablePointer<nlattr>

    fileprivate init(_ attribute: UnsafeMutablePointer<nlattr>) {
        unsafe self.attribute = attribute
    }

    /// The value as fixed bits, or `nil` when it is too short for them.
    func value<Value: BitwiseCopyable>(as type: Value.Type = Value.self) -> Value? {
        guard unsafe nla_len(attribute) >= Int32(MemoryLayout<Value>.size),
            let data = unsafe nla_data(attribute)
        else { return nil }
        return unsafe data.loadUnaligned(as: Value.self)
    }

    /// An attribute among those that this one holds, or `nil`.
    func attribute(_ number: Int) -> ReceivedAttribute? {
        // SAFETY: libnl stops at the first attribute that does not fit into the length given.
        guard let start = unsafe nla_data(attribute)?.assumingMemoryBound(to: nlattr.self),
            let found = unsafe nla_find(start, nla_len(attribute), Int32(number))
        else { return nil }
        return unsafe ReceivedAttribute(found)
    }

    /// The value as bytes.
    var bytes: [UInt8] {
        let count = unsafe Int(nla_len(attribute))
        guard count > 0, let data = unsafe nla_data(attribute) else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: data, count: count))
    }

    /// The value as text, up to its terminator.
    var text: String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
}
