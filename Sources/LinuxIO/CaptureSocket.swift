internal import CLinux
internal import Glibc

/// A socket that sees the packets which pass one interface, those that leave included.
///
/// The interface is not made promiscuous. `packet(7)`, AF_PACKET with SOCK_RAW.
public struct CaptureSocket: ~Copyable {
    /// One instruction of the kernel's packet filter, as `struct sock_filter`.
    public struct Instruction: Sendable {
        /// What to do.
        public let code: UInt16
        /// Instructions to skip where the comparison holds.
        public let whenTrue: UInt8
        /// Instructions to skip where it does not.
        public let whenFalse: UInt8
        /// The operand.
        public let operand: UInt32

        /// Makes an instruction.
        public init(_ code: UInt16, _ operand: UInt32, whenTrue: UInt8 = 0, whenFalse: UInt8 = 0) {
            self.code = code
            self.operand = operand
            self.whenTrue = whenTrue
            self.whenFalse = whenFalse
        }
    }

    /// The descriptor to wait on.
    public let descriptor: Descriptor
    /// The interface's number; an interface that is made anew has another one.
    public let interfaceIndex: Int32
    /// What kind of interface it is: `ARPHRD_ETHER` (1) and so on.
    public let hardwareType: UInt16

    /// Opens the socket.
    ///
    /// - Parameters:
    ///   - interface: The interface's name.
    ///   - filter: Decides in the kernel what is taken; empty: everything.
    ///   - groups: Ethernet addresses that the interface shall listen to meanwhile, 6 bytes each.
    /// - Throws: `SystemError`: no such interface (`ENODEV`), or no permission (CAP_NET_RAW).
    public init(
        interface: String, filter: [Instruction], groups: [[UInt8]]
    ) throws(SystemError) {
        let index = Int32(truncatingIfNeeded: unsafe if_nametoindex(interface))
        guard index > 0 else {
            throw SystemError(call: "if_nametoindex", errno: .noSuchDevice, subject: interface)
        }
        // Protocol 0: nothing is queued before the filter stands.
        let socket = try Socket.open(AF_PACKET, Int32(SOCK_RAW.rawValue), 0, "packet socket")
        let number = socket.rawValue
        if !filter.isEmpty { try Self.attach(filter, to: number) }
        for group in groups where group.count == 6 {
            // struct packet_mreq: index, PACKET_MR_MULTICAST, length, address.
            let request =
                Self.bytes(of: index) + Self.bytes(of: UInt16(0)) + Self.bytes(of: UInt16(6))
                + group + [0, 0]
            try Socket.setOption(number, solPacket, addMembership, bytes: request, interface)
        }
        let kind = try Self.bind(number, to: index, interface)
        descriptor = socket
        interfaceIndex = index
        hardwareType = kind
    }

    /// Takes one packet, without waiting.
    ///
    /// - Parameter buffer: Where it goes; what does not fit is lost.
    /// - Returns: Its whole length, which may be more than the buffer's. `ENETDOWN` once for an
    ///   interface that went down or away.
    public borrowing func receive(into buffer: inout [UInt8]) -> Transfer {
        let result = unsafe buffer.withUnsafeMutableBytes { buffer in
            unsafe clinux_recv(
                descriptor.rawValue, buffer.baseAddress, buffer.count, Self.truncation)
        }
        return Transfer(result: result)
    }

    /// Whether the interface still is what the socket was opened on.
    ///
    /// - Parameter name: The interface's name.
    /// - Returns: `false` once it is gone, or another one has its name.
    public borrowing func isOn(_ name: String) -> Bool {
        unsafe if_nametoindex(name) == UInt32(interfaceIndex)
    }

    /// The names of all interfaces of this network namespace, in the order of their numbers.
    public static var interfaceNames: [String] {
        guard let list = unsafe if_nameindex() else { return [] }
        defer { unsafe if_freenameindex(list) }
        var names: [String] = []
        var entry = unsafe list
        // SAFETY: the list ends with an entry of number 0 and no name; if_nameindex(3).
        while unsafe entry.pointee.if_index != 0, let name = unsafe entry.pointee.if_name {
            names.append(unsafe String(cString: name))
            unsafe entry += 1
        }
        return names
    }

    /// Begins to take packets of every protocol; returns the kind of the interface.
    private static func bind(
        _ number: Int32, to index: Int32, _ interface: String
    ) throws(SystemError) -> UInt16 {
        var address = clinux_link_address()
        address.family = UInt16(AF_PACKET)
        address.protocol = UInt16(0x0003).bigEndian  // ETH_P_ALL: also what this host sends.
        address.interface_index = index
        var length = UInt32(MemoryLayout<clinux_link_address>.size)
        try check("bind", interface, unsafe clinux_bind(number, &address, length))
        try check("getsockname", interface, unsafe clinux_getsockname(number, &address, &length))
        return address.hardware_type
    }

    /// Lets the kernel drop what a filter does not take.
    ///
    /// - Parameters:
    ///   - filter: At least one instruction.
    ///   - number: A socket's number.
    /// - Throws: `SystemError`: what is no program (`EINVAL`).
    public static func attach(
        _ filter: [Instruction], to number: Int32
    ) throws(SystemError) {
        let program = filter.flatMap {
            bytes(of: $0.code) + [$0.whenTrue, $0.whenFalse] + bytes(of: $0.operand)
        }
        let result = unsafe program.withUnsafeBytes { bytes in
            unsafe clinux_attach_filter(number, bytes.baseAddress, UInt16(filter.count))
        }
        try check("setsockopt", "SO_ATTACH_FILTER", result)
    }

    static func bytes(of number: some FixedWidthInteger) -> [UInt8] {
        unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
    }

    private static let truncation: Int32 = 0x20  // MSG_TRUNC
}

private let solPacket: Int32 = 263  // SOL_PACKET
private let addMembership: Int32 = 1  // PACKET_ADD_MEMBERSHIP
