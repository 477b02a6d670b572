import Foundation

/// A program that runs in a node of a lab.
final class LabProgram {
    /// The pid by which the host knows it, so that it is signalled directly.
    let pid: pid_t
    private let child: ChildProcess
    private let logPath: String

    init(_ command: [String], in node: Lab.Node, of lab: Lab, logPath: String) throws(LabError) {
        let pidPath = logPath + ".pid"
        unlink(pidPath)
        self.logPath = logPath
        let child = try ChildProcess(
            lab.commandLine(["exec", "--pid-file", pidPath, node.rawValue] + command),
            outputPath: logPath)
        self.child = child
        pid = try eventually(
            within: .seconds(5), every: .milliseconds(1),
            "\(command[0]) starts in \(node): \(Lab.text(of: logPath))"
        ) { () throws(LabError) -> pid_t? in
            if let exit = child.poll(), Lab.text(of: pidPath).isEmpty {
                throw LabError("\(command[0]) in \(node): \(exit): \(Lab.text(of: logPath))")
            }
            return pid_t(Lab.text(of: pidPath).trimmingCharacters(in: .newlines))
        }
    }

    deinit {
        // While it was not collected its pid can't be another's.
        guard child.poll() == nil else { return }
        kill(pid, SIGKILL)
        _ = try? child.wait(within: .seconds(5))
    }

    /// How the program ended, or `nil` while it runs.
    var exit: ChildProcess.Exit? { child.poll() }

    /// Everything that the program printed so far.
    var log: String { Lab.text(of: logPath) }

    /// Sends a signal to the program itself, and not to its children.
    func signal(_ number: Int32) {
        guard child.poll() == nil else { return }
        kill(pid, number)
    }

    /// The processes that it started and that are still there.
    var children: [pid_t] {
        Lab.text(of: "/proc/\(pid)/task/\(pid)/children").split(separator: " ")
            .compactMap { pid_t($0) }
    }

    /// Kills the program and all of its processes, so that none of them resigns for it.
    func killWhole() {
        let children = children
        for child in children { kill(child, SIGSTOP) }
        signal(SIGKILL)
        for child in children { kill(child, SIGKILL) }
    }

    /// Waits for the end of the program.
    func awaitExit(within limit: Duration) throws(LabError) -> ChildProcess.Exit {
        try child.wait(within: limit)
    }

    /// Waits until the log has `text` in it `count` times.
    func awaitLog(_ text: String, count: Int = 1, within limit: Duration) throws(LabError) {
        try eventually(within: limit, "'\(text)' × \(count) in the log:\n\(log)") { () -> Void? in
            log.components(separatedBy: text).count > count ? () : nil
        }
    }
}
