import Glibc
import LinuxIO
import Netlink
import Synchronization
import Testing

extension Tag {
    /// Needs root: makes network namespaces.
    @Tag static var needsRoot: Self
}

/// Whether this run may make network namespaces; says loudly when it may not.
let mayMakeNamespaces: Bool = {
    guard geteuid() == 0 else {
        print("NOT RUN: the tests of Failover that need root (network namespaces, raw sockets)")
        return false
    }
    return true
}()

/// The tests that need a network; one after the other, since they measure time.
@Suite(.tags(.needsRoot), .enabled(if: mayMakeNamespaces), .serialized)
struct `On a LAN` {}

/// Whether a process lives; one that ended and was not asked for its status does not.
func isRunning(_ process: Int32) -> Bool {
    guard let status = try? run("cat", "/proc/\(process)/stat"), let end = status.lastIndex(of: ")")
    else { return false }
    return !status[end...].hasPrefix(") Z")
}

/// A command that failed, with what it printed.
struct CommandFailure: Error { let text: String }

/// Runs a command to its end.
@discardableResult
func run(_ arguments: String...) throws -> String { try run(arguments) }

@discardableResult
func run(_ arguments: [String]) throws -> String {
    let pipe = try OutputPipe()
    let process = try ChildProcess(
        path: arguments[0], arguments: arguments,
        descriptors: [(1, pipe.writeEnd.rawValue), (2, pipe.writeEnd.rawValue)])
    var output: [UInt8] = []
    while true {
        let ending = process.reap()
        while case let bytes = pipe.take(), !bytes.isEmpty { output += bytes }
        if let ending {
            let text = String(decoding: output, as: UTF8.self)
            guard ending == .exited(status: 0) else {
                throw CommandFailure(text: "\(arguments.joined(separator: " ")): \(text)")
            }
            return text
        }
        usleep(500)
    }
}

/// Two nodes, `a` and `b`, each a namespace with an interface `eth1`, joined by a bridge.
///
/// Everything goes when it is deinitialised. 10.9.0.1/24 is a's address, 10.9.0.2/24 b's.
final class TestNetwork: Sendable {
    private static let count = Atomic<Int>(0)
    let prefix: String
    var switchboard: String { prefix + "s" }

    init() throws {
        prefix = "lbfo\(getpid())x\(Self.count.add(1, ordering: .relaxed).newValue)"
        try run("ip", "netns", "add", switchboard)
        try run("ip", "-n", switchboard, "link", "add", "br0", "type", "bridge")
        try run("ip", "-n", switchboard, "link", "set", "br0", "up")
        for (number, node) in ["a", "b"].enumerated() {
            let name = namespace(node)
            try run("ip", "netns", "add", name)
            try run("ip", "-n", name, "link", "set", "lo", "up")
            try run(
                "ip", "-n", name, "link", "add", "eth1", "type", "veth", "peer", "name",
                "port-\(node)",
                "netns", switchboard)
            try run("ip", "-n", switchboard, "link", "set", "port-\(node)", "master", "br0", "up")
            try ip(node, "link", "set", "eth1", "up")
            try ip(node, "addr", "add", "10.9.0.\(number + 1)/24", "dev", "eth1")
        }
    }

    func namespace(_ node: String) -> String { prefix + node }

    /// Runs `ip` in a node.
    @discardableResult
    func ip(_ node: String, _ arguments: String...) throws -> String {
        try run(["ip", "-n", namespace(node)] + arguments)
    }

    /// The addresses of `eth1` in a node, as `ip` prints them.
    func addresses(_ node: String) throws -> String {
        try ip(node, "-4", "-d", "addr", "show", "dev", "eth1")
    }

    deinit {
        for name in [namespace("a"), namespace("b"), switchboard] {
            _ = try? run("ip", "netns", "del", name)
        }
    }
}

/// Waits until `condition` holds.
///
/// - Returns: Whether it came to hold in time.
func eventually(within limit: Duration, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = MonotonicInstant.now + limit
    repeat {
        if try condition() { return true }
        usleep(1000)
    } while .now < end
    return try condition()
}

extension TestNetwork {
    /// Runs something on a thread inside a node's namespace, and waits for its result.
    func inside<Result: Sendable>(
        _ node: String, _ body: @escaping @Sendable () throws -> Result
    ) throws -> Result {
        let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
        let path = "/run/netns/\(namespace(node))"
        let thread = try Thread(name: "inside") {
            let result = Swift.Result {
                try NetworkNamespace.enter(path: path)
                return try body()
            }
            outcome.withLock { $0 = result }
        }
        thread.join()
        return try #require(outcome.withLock { $0 }).get()
    }

    /// Puts an address onto `eth1` as an earlier run of the program would have left it.
    func leaveBehind(_ address: InternetAddress, at node: String) throws {
        try inside(node) {
            guard let index = try Links().link(named: "eth1")?.index else {
                throw CommandFailure(text: "there is no eth1")
            }
            var leftover = InterfaceAddress(address, prefixLength: 32, interfaceIndex: index)
            leftover.protocolTag = .lbctl
            _ = try AddressManager().add(leftover)
        }
    }

    /// The addresses that carry the program's tag.
    func taggedAddresses(_ node: String) throws -> [InternetAddress] {
        try inside(node) {
            try AddressManager().list().filter { $0.protocolTag == .lbctl }.map(\.address)
        }
    }
}
