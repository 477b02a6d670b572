internal import CNetlink
internal import LinuxIO

/// Puts addresses on interfaces and takes them away; decides nothing about when.
///
/// Belongs to the network namespace of the thread that made it, and to one thread at a time.
/// `rtnetlink(7)`, RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR.
public struct AddressManager: ~Copyable {
    /// What adding an address came to.
    public enum Addition: Hashable, Sendable {
        /// It is there now.
        case added
        /// It was there before, as given here; someone else may have put it there.
        case alreadyPresent(InterfaceAddress)
    }

    /// What removing an address came to.
    public enum Removal: Hashable, Sendable {
        /// It is gone now.
        case removed
        /// It was not there, or its interface was not.
        case alreadyAbsent
    }

    /// Whether the kernel remembers who put an address there (Linux 5.18).
    ///
    /// Without it, leftovers of an earlier run are known by the configuration only.
    public let supportsProtocolTag: Bool
    private let socket: NetlinkSocket

    /// Opens a socket to the kernel and asks it once whether it knows tags.
    ///
    /// - Throws: `NetlinkError`: a full descriptor table.
    public init() throws(NetlinkError) {
        let socket = try NetlinkSocket()
        supportsProtocolTag = try Self.knowsAttribute(Int(CNETLINK_IFA_PROTO), on: socket)
        self.socket = socket
    }

    /// Adds an address.
    ///
    /// - Parameter address: The address with all that it is to have.
    /// - Returns: Whether it was there already.
    /// - Throws: `NetlinkError` with the kernel's reason: no such interface (`ENODEV`), no
    ///   permission (`EPERM`), a wrong prefix or lifetime (`EINVAL`).
    public borrowing func add(_ address: InterfaceAddress) throws(NetlinkError) -> Addition {
        try add([address])[0].get()
    }

    /// Adds addresses with as few calls as possible.
    ///
    /// - Parameter addresses: The addresses, in the order in which to add them.
    /// - Returns: For each, whether it was there already, or why it was refused.
    /// - Throws: `NetlinkError` when the kernel's answers did not arrive: what was added is not
    ///   known then.
    public borrowing func add(
        _ addresses: [InterfaceAddress]
    ) throws(NetlinkError) -> [Result<Addition, NetlinkError>] {
        let answers = try perform(addresses, "add") { address throws(NetlinkError) in
            try address.additionRequest(flags: NLM_F_EXCL)
        }
        var results: [Result<Addition, NetlinkError>] = []
        for (address, answer) in zip(addresses, answers) {
            switch answer {
            case .refused(.fileExists, _):
                results.append(.success(.alreadyPresent(try presentForm(of: address))))
            case .done, .refused: results.append(address.result(of: answer, "add", .added))
            }
        }
        return results
    }

    /// Adds an address, or gives a present one what is said here: a new lifetime and the tag.
    ///
    /// - Parameter address: The address with all that it is to have; a tag left out is erased.
    /// - Throws: `NetlinkError` with the kernel's reason.
    public borrowing func replace(_ address: InterfaceAddress) throws(NetlinkError) {
        let request = try address.additionRequest(flags: NLM_F_REPLACE)
        try socket.perform(request, "replace").get("replace", "\(address)")
    }

    /// Removes an address.
    ///
    /// - Parameter address: What it is known by: interface, address, prefix and peer.
    /// - Returns: Whether it was there.
    /// - Throws: `NetlinkError` with the kernel's reason: no permission (`EPERM`).
    public borrowing func remove(_ address: InterfaceAddress) throws(NetlinkError) -> Removal {
        try remove([address])[0].get()
    }

    /// Removes addresses with as few calls as possible, and no others.
    ///
    /// The kernel removes the secondary addresses of a subnet along with its primary one (unless
    /// the sysctl `promote_secondaries` is set); those that are not named here are put back. Where
    /// they can't be listed first, those named are removed all the same: an address that stays on two
    /// nodes does more harm.
    ///
    /// - Parameter addresses: The addresses.
    /// - Returns: For each, whether it was there, or why the kernel refused.
    /// - Throws: `NetlinkError` when the kernel's answers did not arrive: what was removed is
    ///   unknown; or when others could not be listed or put back. To remove the same once more tells
    ///   what is left.
    public borrowing func remove(
        _ addresses: [InterfaceAddress]
    ) throws(NetlinkError) -> [Result<Removal, NetlinkError>] {
        var carried: [InterfaceAddress] = []
        var failure: NetlinkError?
        do throws(NetlinkError) {
            carried = try carriedAlong(with: addresses.filter { $0.address.family == .v4 })
        } catch { failure = error }
        // What was added last is secondary to what was added first: backwards, none of those named
        // is taken along by another.
        let answers = try perform(addresses.reversed(), "remove") { address throws(NetlinkError) in
            try address.removalRequest()
        }
        for result in try add(carried) { _ = try result.get() }
        if let failure { throw failure }
        return zip(addresses, answers.reversed()).map { address, answer in
            switch answer {
            case .refused(.addressNotAvailable, _), .refused(.noSuchDevice, _):
                .success(.alreadyAbsent)
            case .done, .refused: address.result(of: answer, "remove", .removed)
            }
        }
    }

    /// The addresses, in the kernel's order: primaries before their secondaries.
    ///
    /// - Parameters:
    ///   - interfaceIndex: Of this interface only; `nil`: of all.
    ///   - family: Of this version only; `nil`: of both, those of IPv4 first.
    /// - Returns: The addresses; none for an interface that does not exist.
    /// - Throws: `NetlinkError`.
    public borrowing func list(
        interfaceIndex: Int32? = nil, family: InternetAddress.Family? = nil
    ) throws(NetlinkError) -> [InterfaceAddress] {
        try socket.listAddresses(interfaceIndex: interfaceIndex, family: family)
    }

    /// Removes what an earlier run left behind: every address of either version that carries a tag.
    ///
    /// Make sure first, by a lock of the node, that no second program holds them.
    ///
    /// - Parameter tag: The tag.
    /// - Returns: What was removed; always nothing where ``supportsProtocolTag`` is false.
    /// - Throws: `NetlinkError` with the kernel's reason: no permission (`EPERM`).
    public borrowing func removeLeftovers(
        tag: AddressProtocol
    ) throws(NetlinkError) -> [InterfaceAddress] {
        let leftovers = try list().filter { $0.protocolTag == tag }
        var removed: [InterfaceAddress] = []
        for (leftover, result) in zip(leftovers, try remove(leftovers))
        where try result.get() == .removed { removed.append(leftover) }
        return removed
    }

    /// How an address is there that the kernel refused to add a second time.
    private borrowing func presentForm(
        of address: InterfaceAddress
    ) throws(NetlinkError) -> InterfaceAddress {
        let present = try list(
            interfaceIndex: address.interfaceIndex, family: address.address.family)
        // An interface can have an IPv6 address once only, whatever the prefix.
        return present.first { $0.isSameAddress(as: address) }
            ?? present.first { $0.address == address.address } ?? address
    }

    /// The IPv4 addresses that vanish with those which are to be removed, though they are not named.
    private borrowing func carriedAlong(
        with removed: [InterfaceAddress]
    ) throws(NetlinkError) -> [InterfaceAddress] {
        // A subnet of one address has no secondaries: no need to look.
        let suspects = removed.filter { $0.prefixLength < $0.address.family.bitWidth }
        var carried: [InterfaceAddress] = []
        for index in Set(suspects.map(\.interfaceIndex)).sorted() {
            let present = try list(interfaceIndex: index, family: .v4)
            let carriers = present.filter { candidate in
                removed.contains { $0.isSameAddress(as: candidate) }
            }
            carried += present.filter { candidate in
                carriers.contains { $0.carries(candidate) }
                    && !carriers.contains { $0.isSameAddress(as: candidate) }
            }
        }
        return carried
    }

    /// Performs a request per address, in batches whose answers fit the socket's buffer.
    private borrowing func perform(
        _ addresses: [InterfaceAddress], _ operation: String,
        _ request: (InterfaceAddress) throws(NetlinkError) -> RequestMessage
    ) throws(NetlinkError) -> [Acknowledgement] {
        let batchLimit = 64
        var answers: [Acknowledgement] = []
        while answers.count < addresses.count {
            var batch = RequestBatch()
            for address in addresses[answers.count...].prefix(batchLimit) {
                batch.append(try request(address), on: socket)
            }
            answers += try socket.exchange(batch, operation)
        }
        return answers
    }

    /// Whether the kernel knows an attribute of addresses; changes nothing and needs no privilege.
    ///
    /// A strict listing refuses every attribute but a few. A kernel that does not know one at all
    /// says so in words which, those kernels being released, can't change any more.
    static func knowsAttribute(
        _ number: Int, on socket: borrowing NetlinkSocket
    ) throws(NetlinkError) -> Bool {
        let header = ifaddrmsg(
            ifa_family: UInt8(AF_INET), ifa_prefixlen: 0, ifa_flags: 0, ifa_scope: 0, ifa_index: 0)
        let request = try RequestMessage(
            type: RTM_GETADDR, flags: dumpFlags, header: header)
        try request.put(number, AddressProtocol.lbctl.rawValue)
        let answer = try socket.perform(request, "ask for tags of addresses")
        guard case .refused(_, explanation: let words) = answer else { return false }
        return words != "Unknown attribute type"
    }
}

extension NetlinkSocket {
    /// Lists addresses, in the kernel's order; of both versions, those of IPv4 first.
    borrowing func listAddresses(
        interfaceIndex: Int32? = nil, family: InternetAddress.Family? = nil
    ) throws(NetlinkError) -> [InterfaceAddress] {
        // Asked for all, a kernel tells of one version after the other, in an order of its own.
        guard let family else {
            return try listAddresses(interfaceIndex: interfaceIndex, family: .v4)
                + listAddresses(interfaceIndex: interfaceIndex, family: .v6)
        }
        let header = ifaddrmsg(
            ifa_family: UInt8(family.rawFamily), ifa_prefixlen: 0, ifa_flags: 0, ifa_scope: 0,
            ifa_index: UInt32(bitPattern: interfaceIndex ?? 0))
        do throws(NetlinkError) {
            return try list("list addresses") { () throws(NetlinkError) in
                try RequestMessage(type: RTM_GETADDR, flags: dumpFlags, header: header)
            } read: { message in
                // A kernel without IPv6 answers with the addresses of all that it has.
                InterfaceAddress(message).flatMap { $0.address.family == family ? $0 : nil }
            }
        } catch {
            // An interface that does not exist has no addresses.
            if case .refused(.noSuchDevice, _) = error.reason, interfaceIndex != nil { return [] }
            throw error
        }
    }
}

extension InterfaceAddress {
    fileprivate func result<Success>(
        of answer: Acknowledgement, _ operation: String, _ success: Success
    ) -> Result<Success, NetlinkError> {
        Result { () throws(NetlinkError) in
            try answer.get(operation, "\(self)")
            return success
        }
    }
}

/// What makes a request a listing (`NLM_F_DUMP`).
let dumpFlags = NLM_F_ROOT | NLM_F_MATCH
