#if Program
internal import ArgumentParser
internal import Glibc
internal import NodeConfiguration

/// Says what is wrong with files: `lbctl check [FILE …]`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what is wrong with configuration files, and where.")

    @OptionGroup var files: FileOptions

    @Option(
        help: "A keepalived file of the other node: say whether it takes over after each failure.")
    var peer: [String] = []

    @Option(help: "The other node's name for '@NAME …' lines, where that is known.")
    var peerID: String?

    func run() throws {
        let loaded = files.load()
        for diagnostic in loaded.diagnostics { StandardError.write("\(diagnostic)\n") }
        guard let model = loaded.model else { throw Failure(.badInput, "") }
        print("ok: \(model.summary)")
        for hint in model.hints { print("hint: \(hint)") }
        guard !model.virtualRouters.isEmpty else { return }
        var other: Model?
        if !peer.isEmpty {
            var loader = ConfigurationLoader(literalScripts: files.literalScripts)
            loader.identity = peerID
            let loaded = loader.load(paths: peer)
            for diagnostic in loaded.diagnostics { StandardError.write("\(diagnostic)\n") }
            guard let model = loaded.model else { throw Failure(.badInput, "") }
            other = model
        }
        show(FailureSimulation(of: model, beside: other), of: "")
        if let other { show(FailureSimulation(of: other, beside: model), of: "the peer's ") }
    }

    private func show(_ simulation: FailureSimulation, of node: String) {
        for failure in simulation.cases {
            guard failure.isWarning else {
                print("\(node)\(failure)")
                continue
            }
            StandardError.write("warning: \(node)\(failure)\n")
        }
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
