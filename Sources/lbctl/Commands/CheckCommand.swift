#if Program
internal import ArgumentParser
internal import Glibc
internal import NodeConfiguration

/// Says what is wrong with files: `lbctl check [FILE …]`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what is wrong with configuration files, and where.",
        discussion: """
            Files may be checked on another host than theirs. Whether this one has the interfaces, ports \
            and programs that they name, says 'lbctl doctor'.
            """)

    @OptionGroup var files: FileOptions

    @Option(
        help: "A keepalived file of the other node: say whether it takes over after each failure.")
    var peer: [String] = []

    @Option(help: "The other node's name for '@NAME …' lines, where that is known.")
    var peerID: String?

    @Flag(help: "End as with an error where there is a warning.")
    var strict = false

    func run() throws {
        var warningCount = 0
        let model = try tell(files.load(), &warningCount)
        // What is too large to be served, or cannot be set up, is refused here as well.
        if model.hasBalancer { _ = try ServedModel(model) }
        // A warning and no error: a file may be checked on another host than its own.
        for sentence in model.programsWithoutUser {
            StandardError.write("warning: \(sentence)\n")
            warningCount += 1
        }
        var lines = model.hints.map { "hint: \($0)" }
        if !model.virtualRouters.isEmpty {
            let other = try peer.isEmpty ? nil : tell(peerFiles, &warningCount)
            tell(FailureSimulation(of: model, beside: other), of: "", &lines, &warningCount)
            if let other {
                tell(
                    FailureSimulation(of: other, beside: model), of: "the peer's ", &lines,
                    &warningCount)
            }
        }
        let warnings = warningCount.counted("warning")
        guard !strict || warningCount == 0 else {
            throw Failure(.badInput, "--strict: \(warnings)")
        }
        print("ok\(warningCount == 0 ? "" : ", with \(warnings)"): \(model.summary)")
        for line in lines { print(line) }
    }

    private var peerFiles: LoadedConfiguration {
        var loader = ConfigurationLoader(literalScripts: files.literalScripts)
        loader.identity = peerID
        return loader.load(paths: peer)
    }

    /// Says what there is to say of files, and counts the warnings.
    private func tell(
        _ loaded: LoadedConfiguration, _ warningCount: inout Int
    ) throws(Failure) -> Model {
        for diagnostic in loaded.diagnostics.condensed { StandardError.write("\(diagnostic)\n") }
        warningCount += loaded.diagnostics.condensed.count { $0.severity == .warning }
        guard let model = loaded.model else { throw Failure(.badInput, "") }
        return model
    }

    /// Says which failures a node does not outlive, and puts down the others.
    private func tell(
        _ simulation: FailureSimulation, of node: String, _ lines: inout [String],
        _ warningCount: inout Int
    ) {
        for failure in simulation.cases {
            guard failure.isWarning else {
                lines.append("\(node)\(failure)")
                continue
            }
            StandardError.write("warning: \(node)\(failure)\n")
            warningCount += 1
        }
    }
}

extension Int {
    /// `1 server`, `2 servers`.
    fileprivate func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}

extension Model {
    /// What the model amounts to, in a line.
    fileprivate var summary: String {
        let servers = backends.map(\.servers.count).reduce(0, +)
        return [
            virtualRouters.count.counted("virtual router"), frontends.count.counted("frontend"),
            servers.counted("server"), statisticsPages.count.counted("statistics page"),
        ].joined(separator: ", ")
    }
}
#endif
