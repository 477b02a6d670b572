#if Program
internal import ArgumentParser
internal import Glibc
internal import NodeConfiguration

/// Runs both halves in the foreground: `lbctl run [FILE …]`.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run in the foreground.",
        discussion: """
            Several files are merged into one configuration. SIGHUP or 'lbctl reload' reads them \
            again; SIGTERM resigns, then lets connections end.
            """)

    @OptionGroup var files: FileOptions
    @OptionGroup var control: ControlOptions

    @Option(help: "Seconds that connections may go on after SIGTERM.")
    var drainTimeout = 5.0

    @Flag(help: "Write the log to syslog instead of standard error.")
    var syslog = false

    @Flag(name: [.long, .customShort("D")], help: "Log in detail, as keepalived does with -D.")
    var logDetail = false

    @Flag(
        inversion: .prefixedNo,
        help: "Act before other programs and keep memory locked, where that is allowed.")
    var realtime = true

    func validate() throws {
        guard drainTimeout >= 0, drainTimeout <= 86_400 else {
            throw ValidationError("--drain-timeout \(drainTimeout): must be 0 to 86400 seconds")
        }
    }

    func run() throws {
        let options = RunOptions(
            files: files, controlPath: control.path, drainTime: .seconds(drainTimeout),
            usesSyslog: syslog, logsDetail: logDetail, usesRealTime: realtime)
        let loaded = options.load()
        for diagnostic in loaded.diagnostics.condensed { StandardError.write("\(diagnostic)\n") }
        guard let model = loaded.model else {
            throw Failure(.badInput, "not started: the configuration has errors")
        }
        try Node(model: model, options: options).run()
    }
}

/// What `lbctl run` was asked to do.
struct RunOptions {
    let files: FileOptions
    let controlPath: String
    let drainTime: Duration
    let usesSyslog: Bool
    let logsDetail: Bool
    let usesRealTime: Bool

    /// Reads the files at the start.
    func load() -> LoadedConfiguration { files.load() }

    /// Reads the files while the election runs, which waits for no pipe.
    func loadAgain() -> LoadedConfiguration { files.load(waits: false) }

    /// What the balancer process is started with beside its name.
    var balancerArguments: [String] {
        (usesSyslog ? ["--syslog"] : []) + (logsDetail ? ["--log-detail"] : [])
    }

    /// What the guardian process is started with beside its name.
    var guardArguments: [String] {
        balancerArguments + (usesRealTime ? ["--real-time"] : [])
    }
}
#endif
