import Glibc

/// Reads the kernel's table of addresses byte by byte, without libnl and without the library.
enum RawReader {
    /// The attributes of an address on an interface, by number; `nil` when it is not there.
    static func attributes(
        of address: [UInt8], interfaceIndex: Int32
    ) throws -> [UInt16: [UInt8]]? {
        let socket = Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), 0)
        defer { close(socket) }
        // nlmsghdr: length 24, RTM_GETADDR 22, NLM_F_REQUEST | NLM_F_DUMP, sequence 1, port 0;
        // ifaddrmsg: AF_INET (2) or AF_INET6 (10) and zeros.
        let request: [UInt8] =
            [24, 0, 0, 0, 22, 0, 0x01, 0x03, 1, 0, 0, 0, 0, 0, 0, 0] + [
                address.count == 4 ? 2 : 10, 0, 0, 0, 0, 0, 0, 0,
            ]
        guard send(socket, request, request.count, 0) == request.count else {
            throw CommandFailure(message: "raw netlink send: errno \(errno)")
        }
        var found: [UInt16: [UInt8]]?
        while true {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { throw CommandFailure(message: "raw netlink: no answer") }
            var rest = Array(buffer[..<count])
            while rest.count >= 16 {
                let length = Int(number(rest[0..<4]))
                let type = number(rest[4..<6])
                if type == 3 { return found }  // NLMSG_DONE
                guard type == 20 else { throw CommandFailure(message: "message \(type)") }
                let index = Int32(number(rest[20..<24]))
                let attributes = split(Array(rest[24..<length]))
                // IFA_LOCAL, or IFA_ADDRESS where there is none (IPv6).
                if index == interfaceIndex && (attributes[2] ?? attributes[1]) == address {
                    found = attributes
                }
                rest.removeFirst(min((length + 3) & ~3, rest.count))
            }
        }
    }

    private static func split(_ bytes: [UInt8]) -> [UInt16: [UInt8]] {
        var attributes: [UInt16: [UInt8]] = [:]
        var offset = 0
        while offset + 4 <= bytes.count {
            let length = Int(number(bytes[offset..<offset + 2]))
            let type = UInt16(number(bytes[offset + 2..<offset + 4]))
            attributes[type] = Array(bytes[offset + 4..<offset + length])
            offset += (length + 3) & ~3
        }
        return attributes
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
