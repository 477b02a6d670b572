#if Program
internal import ArgumentParser
internal import Failover
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor

/// Says whether this host can run a configuration: `lbctl doctor FILE …`.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say whether this host can run a configuration, and what is in the way.",
        discussion: """
            Prints a line for each finding, the gravest first: fail, warn, ok. Changes nothing. \
            What only root may look at is a warning, never ok. Exit status 1 if anything fails.
            """)

    @OptionGroup var files: FileOptions
    @OptionGroup var control: ControlOptions

    @Option(
        help: "Listen to other nodes for so many seconds, and say what the virtual routers take.")
    var listen = 0.0

    @Flag(help: "Print one JSON document.")
    var json = false

    func validate() throws {
        guard listen >= 0, listen <= 3600 else {
            throw ValidationError("--listen \(listen): must be 0 to 3600 seconds")
        }
    }

    func run() throws {
        let loaded = files.load()
        guard let model = loaded.model else {
            for diagnostic in loaded.diagnostics.condensed {
                StandardError.write("\(diagnostic)\n")
            }
            throw Failure(.badInput, "")
        }
        var facts = try HostFacts(for: model, control: control)
        facts.fileWarningCount = loaded.diagnostics.condensed.count { $0.severity == .warning }
        if listen > 0, !model.virtualRouters.isEmpty {
            do throws(HostError) { facts.hearings = try hear(for: model) } catch {
                facts.listeningRefusal = error.description
            }
        }
        let findings = Diagnosis(model: model, facts: facts).findings
        if json { print(findings.json) } else { for finding in findings { print(finding) } }
        guard findings.canRun else { throw Failure(.notSo, "") }
    }

    private func hear(for model: Model) throws(HostError) -> [PeerListener.Hearing] {
        let loop: EventLoop
        do throws(SystemError) { loop = try EventLoop() } catch { throw .system(error) }
        let listener = try PeerListener(configuration: FailoverConfiguration(model), loop: loop)
        loop.schedule(after: .seconds(listen)) { loop.stop() }
        loop.run()
        listener.stop()
        return listener.hearings
    }
}
#endif
