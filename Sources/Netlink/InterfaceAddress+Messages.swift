internal import CNetlink

extension InterfaceAddress {
    /// Reads an address from RTM_NEWADDR or RTM_DELADDR; `nil` when it is of no known family.
    init?(_ message: ReceivedMessage) {
        guard let header = message.payload(as: ifaddrmsg.self),
            [AF_INET, AF_INET6].contains(Int32(header.ifa_family))
        else { return nil }
        func attribute(_ number: Int) -> ReceivedAttribute? {
            message.attribute(number, after: MemoryLayout<ifaddrmsg>.size)
        }
        func address(_ number: Int) -> InternetAddress? {
            attribute(number).flatMap { InternetAddress(octets: $0.bytes) }
        }
        // IFA_ADDRESS is the other end where there is one; without IFA_LOCAL it is the address.
        let subnetAddress = address(IFA_ADDRESS)
        guard let local = address(IFA_LOCAL) ?? subnetAddress else { return nil }
        self.init(
            local, prefixLength: header.ifa_prefixlen,
            interfaceIndex: Int32(truncatingIfNeeded: header.ifa_index))
        peer = subnetAddress == local ? nil : subnetAddress
        broadcast = address(IFA_BROADCAST)
        label = attribute(IFA_LABEL)?.text
        scope = Scope(rawValue: header.ifa_scope)
        flags = Flags(rawValue: attribute(IFA_FLAGS)?.value() ?? UInt32(header.ifa_flags))
        protocolTag = attribute(Int(CNETLINK_IFA_PROTO))?.value(as: UInt8.self)
            .map(AddressProtocol.init(rawValue:))
        lifetime = nil
        if let cache = attribute(IFA_CACHEINFO)?.value(as: ifa_cacheinfo.self),
            cache.ifa_valid != Lifetime.forever || cache.ifa_prefered != Lifetime.forever
        {
            lifetime = Lifetime(
                validSeconds: cache.ifa_valid, preferredSeconds: cache.ifa_prefered)
        }
    }

    /// The request that adds the address.
    ///
    /// - Parameter flags: `NLM_F_EXCL` to add only what is missing, or `NLM_F_REPLACE`.
    /// - Returns: The request, with the tag.
    /// - Throws: `NetlinkError` when a label is longer than 15 bytes.
    func additionRequest(flags: Int32) throws(NetlinkError) -> RequestMessage {
        let object = try RouteAddress()
        try object.setIdentity(of: self)
        try object.setDetails(of: self)
        let message = try object.additionRequest(flags: flags)
        // libnl 3.7 knows no call for the tag, and a request without it erases the kernel's.
        if let protocolTag { try message.put(Int(CNETLINK_IFA_PROTO), protocolTag.rawValue) }
        return message
    }

    /// The request that removes the address, whatever its label and tag.
    func removalRequest() throws(NetlinkError) -> RequestMessage {
        let object = try RouteAddress()
        try object.setIdentity(of: self)
        return try object.removalRequest()
    }
}

/// libnl's object for an address on an interface, with one owner.
@safe
private struct RouteAddress: ~Copyable {
    private let handle: OpaquePointer

    /// Makes an object that says nothing yet.
    init() throws(NetlinkError) {
        guard let handle = unsafe rtnl_addr_alloc() else {
            throw NetlinkError("prepare an address", nil, .library(NLE_NOMEM))
        }
        unsafe self.handle = handle
    }

    /// Says what the kernel tells addresses apart by.
    borrowing func setIdentity(of address: InterfaceAddress) throws(NetlinkError) {
        let local = try BinaryAddress(address.address)
        unsafe rtnl_addr_set_ifindex(handle, address.interfaceIndex)
        try Self.check(address, unsafe rtnl_addr_set_local(handle, local.handle))
        if let peer = address.peer {
            let other = try BinaryAddress(peer)
            try Self.check(address, unsafe rtnl_addr_set_peer(handle, other.handle))
        }
        // After the addresses, which bring a prefix of their own along.
        unsafe rtnl_addr_set_prefixlen(handle, Int32(address.prefixLength))
    }

    /// Adds all else that a request to add an address may say.
    borrowing func setDetails(of address: InterfaceAddress) throws(NetlinkError) {
        if let broadcast = address.broadcast {
            let binary = try BinaryAddress(broadcast)
            try Self.check(address, unsafe rtnl_addr_set_broadcast(handle, binary.handle))
        }
        if let label = address.label {
            try Self.check(address, unsafe rtnl_addr_set_label(handle, label))
        }
        if let scope = address.scope {
            unsafe rtnl_addr_set_scope(handle, Int32(scope.rawValue))
        }
        let flags = address.flags.intersection(.settable)
        if !flags.isEmpty { unsafe rtnl_addr_set_flags(handle, flags.rawValue) }
        if let lifetime = address.lifetime {
            unsafe rtnl_addr_set_valid_lifetime(handle, lifetime.validSeconds)
            unsafe rtnl_addr_set_preferred_lifetime(handle, lifetime.preferredSeconds)
        }
    }

    borrowing func additionRequest(flags: Int32) throws(NetlinkError) -> RequestMessage {
        var message: OpaquePointer?
        let result = unsafe rtnl_addr_build_add_request(handle, flags, &message)
        return try unsafe Self.take(message, result)
    }

    borrowing func removalRequest() throws(NetlinkError) -> RequestMessage {
        var message: OpaquePointer?
        let result = unsafe rtnl_addr_build_delete_request(handle, 0, &message)
        return try unsafe Self.take(message, result)
    }

    private static func take(
        _ message: OpaquePointer?, _ result: Int32
    ) throws(NetlinkError) -> RequestMessage {
        guard result == 0, let message = unsafe message else {
            throw NetlinkError("prepare a request", nil, .library(-result))
        }
        return unsafe RequestMessage(owning: message)
    }

    private static func check(_ address: InterfaceAddress, _ result: Int32) throws(NetlinkError) {
        guard result < 0 else { return }
        throw NetlinkError("prepare", "\(address)", .library(-result))
    }

    deinit { unsafe rtnl_addr_put(handle) }
}

/// libnl's object for an address alone, with one owner.
@safe
private struct BinaryAddress: ~Copyable {
    let handle: OpaquePointer

    init(_ address: InternetAddress) throws(NetlinkError) {
        var octets = address.octets
        let count = octets.count
        guard let handle = unsafe nl_addr_build(address.family.rawFamily, &octets, count) else {
            throw NetlinkError("prepare", "\(address)", .library(NLE_NOMEM))
        }
        unsafe self.handle = handle
    }

    deinit { unsafe nl_addr_put(handle) }
}
