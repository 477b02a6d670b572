#if Program
internal import ArgumentParser
internal import NodeConfiguration

/// The configuration files of a command.
struct FileOptions: ParsableArguments {
    @Argument(help: "keepalived and haproxy files, recognised by content.")
    var paths: [String] = []

    @Option(
        help: "Read every file as this language, keepalived or haproxy.",
        transform: { text in
            let known = SourceFormat(rawValue: text)
            if let known, known != .native { return known }
            throw ValidationError("--format \(text): must be keepalived or haproxy")
        })
    var format: SourceFormat?

    @Flag(help: "Run scripts such as 'killall -0 haproxy' instead of asking the own balancer.")
    var literalScripts = false

    func validate() throws {
        guard !paths.isEmpty else { throw ValidationError("name at least one configuration file") }
    }

    /// Reads and merges the files.
    func load() -> LoadedConfiguration {
        ConfigurationLoader(format: format, literalScripts: literalScripts).load(paths: paths)
    }
}
#endif
