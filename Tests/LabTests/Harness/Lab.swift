import Foundation
import Synchronization

/// The two-node network of the post, up as long as this object lives.
final class Lab {
    enum Node: String {
        case lb1, lb2, client, web, net
    }

    /// What a program printed and how it ended.
    struct Output {
        let text: String
        let exit: ChildProcess.Exit
        var isSuccess: Bool { exit == .status(0) }
        var lines: [String] { text.split(separator: "\n").map(String.init) }
    }

    static let virtualAddress = "172.17.0.5"

    let name: String
    /// For files of this test; the same path in every node.
    let scratch: String

    /// Brings a lab up that shares nothing with any other.
    init() throws {
        try Self.leftoversAreRemoved.get()
        name = "t\(getpid())-\(Self.nextNumber())"
        scratch = "/tmp/lbctl-lab-files-\(name)"
        try FileManager.default.createDirectory(
            atPath: scratch, withIntermediateDirectories: false)
        do {
            try Self.requireSuccess(script(["up"]), "Lab/lab up")
        } catch {
            try? FileManager.default.removeItem(atPath: scratch)
            throw error
        }
    }

    deinit {
        _ = try? script(["down"])
        try? FileManager.default.removeItem(atPath: scratch)
    }

    /// Runs a command in a node to its end, whatever its end is.
    func run(
        _ node: Node, _ command: String..., within limit: Duration = .seconds(20)
    ) throws(LabError) -> Output { try run(node, command, within: limit) }

    /// Runs a command in a node to its end, whatever its end is.
    func run(
        _ node: Node, _ command: [String], within limit: Duration = .seconds(20)
    ) throws(LabError) -> Output {
        try script(["exec", node.rawValue] + command, within: limit)
    }

    /// Runs a command in a node and returns what it printed; any end but 0 is an error.
    @discardableResult
    func require(_ node: Node, _ command: String...) throws(LabError) -> String {
        let output = try script(["exec", node.rawValue] + command)
        try Self.requireSuccess(output, "\(node): \(command.joined(separator: " "))")
        return output.text
    }

    /// Starts a program in a node; it runs on until it ends, or until the result is let go.
    func start(_ node: Node, _ command: [String], log: String) throws(LabError) -> LabProgram {
        try LabProgram(command, in: node, of: self, logPath: "\(scratch)/\(log).log")
    }

    /// Starts to ask `target` from the client every 5 ms; returns after the first answer.
    func probe(
        _ target: String, firstAnswerWithin limit: Duration = .seconds(5)
    )
        throws(LabError) -> LabProbe
    {
        try LabProbe(target, in: self, firstAnswerWithin: limit)
    }

    /// Writes a file that every node sees; returns its path.
    func write(_ text: String, to file: String) throws -> String {
        let path = "\(scratch)/\(file)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// Whether the node holds the virtual address.
    func holdsVirtualAddress(_ node: Node) throws(LabError) -> Bool {
        try require(node, "ip", "-4", "-o", "address", "show", "dev", "eth1")
            .contains(" \(Self.virtualAddress)/")
    }

    /// Waits until `node`, and of the two only it, holds the virtual address; fails at once when
    /// one of `programs` ends.
    func awaitHolder(
        _ node: Node, within limit: Duration, running programs: [LabProgram] = []
    ) throws(LabError) {
        let other: Node = node == .lb1 ? .lb2 : .lb1
        try eventually(within: limit, "\(node) alone holds \(Self.virtualAddress)") {
            () throws(LabError) -> Void? in
            for program in programs where program.exit != nil {
                throw LabError("a program ended, with \(program.exit, default: "nothing")")
            }
            guard try holdsVirtualAddress(node) else { return nil }
            return try holdsVirtualAddress(other) ? nil : ()
        }
    }

    /// The command line of `Lab/lab` for this lab.
    func commandLine(_ arguments: [String]) -> [String] {
        [Self.repository + "/Lab/lab", "--name", name] + arguments
    }

    private func script(
        _ arguments: [String], within limit: Duration = .seconds(20)
    ) throws(LabError) -> Output {
        let path = "\(scratch)/.output-\(Self.nextNumber())"
        defer { unlink(path) }
        let child = try ChildProcess(commandLine(arguments), outputPath: path)
        let exit = try child.wait(within: limit)
        return Output(text: Self.text(of: path), exit: exit)
    }

    private static func requireSuccess(_ output: Output, _ what: String) throws(LabError) {
        guard output.isSuccess else {
            throw LabError("\(what): ended with \(output.exit): \(output.text)")
        }
    }

    private static let count = Mutex(0)

    private static func nextNumber() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

extension Lab {
    /// Where Lab/lab keeps what belongs to this lab.
    var stateDirectory: String { "\(Self.stateRoot)/lbctl-lab-\(name)" }

    private static var stateRoot: String {
        ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"] ?? "/tmp"
    }

    /// Done once: takes down the labs of test runs that were killed.
    private static let leftoversAreRemoved = Result {
        for folder in try FileManager.default.contentsOfDirectory(atPath: stateRoot) {
            guard let match = folder.wholeMatch(of: /lbctl-lab-(t([0-9]+)-[0-9]+)/),
                let pid = pid_t(match.2), kill(pid, 0) != 0
            else { continue }
            let child = try ChildProcess(
                [repository + "/Lab/lab", "--name", String(match.1), "down"],
                outputPath: "/dev/null")
            _ = try child.wait(within: .seconds(20))
        }
    }

    /// The package's folder.
    static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// Where the programs lie that were built together with these tests.
    static func binary(_ name: String) -> String {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        return URL(filePath: tests ?? "").deletingLastPathComponent().appending(path: name).path
    }

    /// The text of a file, empty while there is none; what is not UTF-8 in it is replaced.
    static func text(of path: String) -> String {
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
