import Foundation
import Glibc
import LinuxIO
import Netlink
import Testing

extension Tag {
    /// Makes network namespaces, which only root may.
    @Tag static var needsRoot: Self
}

/// Whether tests may make namespaces; says so loudly when not.
let isRoot: Bool = {
    guard geteuid() != 0 else { return true }
    print("NOT RUN: the tests of Netlink that need root (run them as root)")
    return false
}()

struct CommandFailure: Error { let message: String }

extension NetlinkError.Reason {
    var errno: Errno? {
        if case .refused(let errno, _) = self { errno } else { nil }
    }
    var explanation: String? {
        if case .refused(_, let explanation) = self { explanation } else { nil }
    }
}

/// A network namespace for a test that has a process of its own.
enum Laboratory {
    /// Runs a test in a new namespace with `lo` and two ends of a cable, both up: `a`
    /// (02:00:00:00:00:0a) and `b` (02:00:00:00:00:0b), without addresses: no link-local one
    /// is derived.
    ///
    /// Call it in a process of the test's own: the thread does not come back from the namespace.
    /// An error that ends the body is an issue, told of with its text.
    static func run(_ body: () throws -> Void) {
        do {
            try NetworkNamespace.enterNew()
            try set("net/ipv6/conf/default/addr_gen_mode", "1")
            try ip(
                "link add name a address 02:00:00:00:00:0a type veth peer name b address 02:00:00:00:00:0b"
            )
            for name in ["lo", "a", "b"] { try ip("link set dev \(name) up") }
            for name in ["a", "b"] { try waitUntilUp(name) }
            try body()
        } catch { Issue.record(error) }
    }

    /// Waits until the kernel has noticed the carrier: until then it drops every frame, and tells
    /// of the link later.
    private static func waitUntilUp(_ name: String) throws {
        struct Interface: Decodable { var operstate: String }
        try wait {
            let output = try ip("-json link show dev \(name)")
            return try JSONDecoder().decode([Interface].self, from: output)
                .allSatisfy { $0.operstate == "UP" }
        }
    }

    /// Waits for what the kernel does in its own time.
    static func wait(until condition: () throws -> Bool) throws {
        let deadline = MonotonicInstant.now + .seconds(5)
        while try !condition() {
            guard .now < deadline else { throw CommandFailure(message: "not so within 5 s") }
            usleep(5000)
        }
    }

    /// Runs `ip` of iproute2 in the namespace.
    @discardableResult
    static func ip(_ arguments: String) throws -> Data {
        try run(["ip"] + arguments.split(separator: " ").map(String.init))
    }

    /// Writes a file of /proc/sys, of the namespace.
    static func set(_ path: String, _ value: String) throws {
        let file = open("/proc/sys/\(path)", O_WRONLY)
        defer { Glibc.close(file) }
        guard write(file, value, value.utf8.count) == value.utf8.count else {
            throw CommandFailure(message: "\(path): errno \(errno)")
        }
    }

    /// Reads a file of /proc/sys, of the namespace.
    static func setting(_ path: String) throws -> String {
        let file = open("/proc/sys/\(path)", O_RDONLY)
        defer { Glibc.close(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { throw CommandFailure(message: "\(path): errno \(errno)") }
        return String(decoding: bytes[..<(count - 1)], as: UTF8.self)
    }

    static func interfaceIndex(_ name: String) -> Int32 { Int32(if_nametoindex(name)) }

    /// One entry of `addr_info` in `ip -json address`.
    struct Address: Decodable, Equatable {
        var local: String
        var prefixlen: Int
        var address: String?
        var broadcast: String?
        var scope: String
        var label: String?
        var secondary: Bool?
        var noprefixroute: Bool?
        var nodad: Bool?
        var deprecated: Bool?
        var tentative: Bool?
        var valid_life_time: UInt32
        var preferred_life_time: UInt32
    }

    /// What `ip -json address` says about the addresses of an interface, of version 4 or 6.
    static func addresses(of name: String, version: Int = 4) throws -> [Address] {
        struct Interface: Decodable { var addr_info: [Address]? }
        let output = try ip("-\(version) -json address show dev \(name)")
        return try JSONDecoder().decode([Interface].self, from: output).flatMap {
            $0.addr_info ?? []
        }
    }

    /// Runs a program in the namespace and gives away what it prints.
    @discardableResult
    static func run(_ arguments: [String]) throws -> Data {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw CommandFailure(message: "no pipe") }
        let reader = Descriptor(owning: ends[0])
        let writer = Descriptor(owning: ends[1])
        let child = try ChildProcess(
            path: arguments[0], arguments: arguments,
            descriptors: [(number: 1, source: writer.rawValue)])
        close(writer)
        var output = Data()
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(reader.rawValue, &chunk, chunk.count)
            guard count > 0 else { break }
            output.append(contentsOf: chunk[..<count])
        }
        var ending = child.reap()
        while ending == nil {
            var waited = pollfd(fd: child.pidfd.rawValue, events: Int16(POLLIN), revents: 0)
            poll(&waited, 1, -1)
            ending = child.reap()
        }
        guard ending == .exited(status: 0) else {
            throw CommandFailure(
                message: "\(arguments.joined(separator: " ")): \(String(describing: ending))")
        }
        return output
    }

    private static func close(_ descriptor: consuming Descriptor) {}
}
