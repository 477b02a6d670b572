#if Program
internal import ArgumentParser
internal import Glibc
internal import NodeConfiguration

/// Says what is wrong with files: `lbctl check [FILE …]`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what is wrong with configuration files, and where.")

    @OptionGroup var files: FileOptions

    func run() throws {
        let loaded = files.load()
        for diagnostic in loaded.diagnostics { StandardError.write("\(diagnostic)\n") }
        guard let model = loaded.model else { throw Failure(.badInput, "") }
        print("ok: \(model.summary)")
    }
}

extension Model {
    /// What the model amounts to, in a line.
    fileprivate var summary: String {
        func counted(_ count: Int, _ noun: String) -> String {
            "\(count) \(noun)\(count == 1 ? "" : "s")"
        }
        let servers = backends.map(\.servers.count).reduce(0, +)
        return [
            counted(virtualRouters.count, "virtual router"), counted(frontends.count, "frontend"),
            counted(servers, "server"), counted(statisticsPages.count, "statistics page"),
        ].joined(separator: ", ")
    }
}
#endif
