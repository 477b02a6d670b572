#if Program
import Foundation
import LinuxIO
import Synchronization
import Testing

/// What a command printed and how it ended.
struct CommandResult {
    let status: Int32
    let output: String
    let errors: String
}

/// The built `lbctl`, run as a user runs it, in a folder of its own.
final class ProgramFolder {
    let path: String
    private var programs: [RunningProgram] = []

    /// The binary that was built together with these tests.
    static let binary: String = {
        let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: tests ?? "").deletingLastPathComponent().appending(path: "lbctl").path
    }()

    init() throws {
        path = "/tmp/lbctl-tests-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        for program in programs { program.kill() }
        try? FileManager.default.removeItem(atPath: path)
    }

    var control: String { path + "/control" }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let file = path + "/" + name
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    func text(of name: String) -> String {
        guard let data = FileManager.default.contents(atPath: path + "/" + name) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Runs a command to its end, within 30 s.
    func run(_ arguments: String...) throws -> CommandResult {
        try run(command: [Self.binary] + arguments)
    }

    func run(command: [String]) throws -> CommandResult {
        let outputs = ["output", "errors"].map { "\($0)-\(UInt32.random(in: 0 ... .max))" }
        let program = try RunningProgram(command, in: self, output: outputs[0], errors: outputs[1])
        let ending = try program.awaitEnd(within: .seconds(30))
        guard case .exited(let status) = ending else {
            throw ProgramError("\(command): \(ending)")
        }
        return CommandResult(
            status: status, output: text(of: outputs[0]), errors: text(of: outputs[1]))
    }

    /// Starts `lbctl run`; its log is `text(of: "log")`.
    func start(_ arguments: String..., log: String = "log") throws -> RunningProgram {
        let program = try RunningProgram(
            [Self.binary, "run", "--control", control, "--no-realtime"] + arguments, in: self,
            output: log, errors: log)
        return adopt(program)
    }

    /// Has a program end with this folder.
    func adopt(_ program: RunningProgram) -> RunningProgram {
        programs.append(program)
        return program
    }

    /// Waits until the log has `text` in it `count` times.
    func awaitLog(
        _ text: String, count: Int = 1, within limit: Duration = .seconds(20),
        in log: String = "log"
    ) throws {
        try eventually(within: limit, "'\(text)' × \(count) in the log:\n\(self.text(of: log))") {
            self.text(of: log).components(separatedBy: text).count > count
        }
    }

    func status() throws -> [String: Any] {
        let result = try run("status", "--json", "--control", control)
        guard result.status == 0,
            let document = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
                as? [String: Any]
        else { throw ProgramError("status: \(result)") }
        return document
    }

    /// The proxies of the status.
    func proxies() throws -> [[String: Any]] {
        try #require(try status()["proxies"] as? [[String: Any]])
    }

    func proxy(_ name: String) throws -> [String: Any] {
        try #require(try proxies().first { $0["name"] as? String == name })
    }

    /// The servers of all proxies, by `PROXY/SERVER`.
    func servers() throws -> [String: [String: Any]] {
        var found: [String: [String: Any]] = [:]
        for proxy in try proxies() {
            for server in proxy["servers"] as? [[String: Any]] ?? [] {
                found["\(proxy["name"] ?? "")/\(server["name"] ?? "")"] = server
            }
        }
        return found
    }

    func balancerStatus() throws -> [String: Any] {
        try #require(try status()["balancer"] as? [String: Any])
    }
}

struct ProgramError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

func eventually(
    within limit: Duration, _ what: @autoclosure () -> String, _ ask: () throws -> Bool
) throws {
    let deadline = ContinuousClock.now + limit
    while true {
        let now = ContinuousClock.now
        if try ask() { return }
        guard now < deadline else { throw ProgramError("not within \(limit): \(what())") }
        LinuxIO.Thread.sleep(for: .milliseconds(5))
    }
}

/// A program that a test started; ended with it.
final class RunningProgram {
    let process: LinuxIO.ChildProcess
    private var ending: LinuxIO.ChildProcess.Ending?

    init(
        _ command: [String], in folder: ProgramFolder, output: String, errors: String,
        inheriting more: [(number: Int32, source: Int32)] = []
    ) throws {
        func opened(_ name: String) -> Int32 {
            open("\(folder.path)/\(name)", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        }
        let null = try Descriptor.nullDevice()
        let first = Descriptor(owning: opened(output))
        let second = Descriptor(owning: opened(errors))
        process = try LinuxIO.ChildProcess(
            path: command[0], arguments: command,
            descriptors: [
                (0, null.rawValue), (1, first.rawValue), (2, second.rawValue),
            ] + more)
    }

    deinit { kill() }

    var pid: Int32 { process.processID }

    func signal(_ number: Int32) { if poll() == nil { process.signal(number) } }

    func kill() {
        guard poll() == nil else { return }
        process.end()
        ending = .signalled(SIGKILL)
    }

    func poll() -> LinuxIO.ChildProcess.Ending? {
        if ending == nil { ending = process.reap() }
        return ending
    }

    func awaitEnd(within limit: Duration) throws -> LinuxIO.ChildProcess.Ending {
        try eventually(within: limit, "the program ends") { poll() != nil }
        return try #require(ending)
    }

    /// The balancer process, once there is one.
    func balancer() throws -> Int32 {
        var found: Int32?
        try eventually(within: .seconds(10), "\(pid) has a child") {
            let children = try? String(
                contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
            found = children?.split(separator: " ").compactMap { Int32($0) }.last {
                let name = try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8)
                return name == "lbctl-balancer\n"
            }
            return found != nil
        }
        return try #require(found)
    }

    /// How many descriptors it has open.
    var descriptorCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? 0
    }
}

/// A port of the loopback that nobody listens on, and that the kernel gives to no connection.
func freePort() throws -> UInt16 {
    while true {
        let port = nextPort.wrappingAdd(1, ordering: .relaxed).oldValue
        let address = SocketAddress(address: 0x7f00_0001, port: port)
        if (try? Socket.listening(on: address, backlog: 1)) != nil { return port }
        guard port < 32_000 else { throw ProgramError("no port is free") }
    }
}

/// A blocking socket that is connected to a port of the loopback; no call waits longer than 10 s.
func connect(to port: UInt16) throws -> Int32 {
    let socket = try Socket.tcp()
    _ = fcntl(socket.rawValue, F_SETFL, 0)
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
    try check(
        "connect", "\(port)",
        StreamSocket.connect(
            socket.rawValue, to: SocketAddress(address: 0x7f00_0001, port: port).raw))
    return socket.release()
}

private let nextPort = Atomic(UInt16(20_000 + getpid() % 8_000))

/// Files for a balancer on the loopback.
func balancerFile(port: UInt16, server: UInt16, more: String = "") -> String {
    """
    defaults
        mode tcp
        timeout client 5s
        timeout server 5s
        timeout connect 1s
    listen web 127.0.0.1:\(port)
        server s1 127.0.0.1:\(server)
    \(more)

    """
}
#endif
