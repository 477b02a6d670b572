#if Program
internal import ArgumentParser
internal import HealthCheck
internal import LinuxIO
internal import NodeConfiguration

/// The configuration files of a command.
struct FileOptions: ParsableArguments {
    @Argument(
        help: "keepalived and haproxy files and native YAML, recognised by content.")
    var paths = [FileOptions.standardPath]

    @Option(
        help: "Read every file as this language: keepalived, haproxy or native.",
        transform: { text in
            if let known = SourceFormat(rawValue: text) { return known }
            throw ValidationError("--format \(text): must be keepalived, haproxy or native")
        })
    var format: SourceFormat?

    @Flag(help: "Run scripts such as 'killall -0 haproxy' instead of asking the own balancer.")
    var literalScripts = false

    @Option(
        name: [.long, .customShort("i")],
        help:
            "This node's name for '@NAME …' lines of keepalived files; the host's name by default.")
    var configID: String?

    private static let standardPath = "/etc/lbctl/lbctl.yaml"

    /// Reads and merges the files.
    ///
    /// - Parameter waits: Whether a pipe among them is waited for.
    /// - Returns: The model, or what is wrong with the files.
    func load(waits: Bool = true) -> LoadedConfiguration {
        examined(loader(waits: waits).load(paths: paths))
    }

    /// Reads and merges the files, and writes them as native YAML.
    func convert() -> Conversion {
        var conversion = loader(waits: true).convert(paths: paths)
        conversion.loaded = examined(conversion.loaded)
        return conversion
    }

    private func loader(waits: Bool) -> ConfigurationLoader {
        var loader = ConfigurationLoader(format: format, literalScripts: literalScripts)
        loader.identity = configID
        loader.waits = waits
        return loader
    }

    private func examined(_ loaded: LoadedConfiguration) -> LoadedConfiguration {
        var loaded = loaded
        guard let model = loaded.model else {
            if paths == [FileOptions.standardPath] {
                loaded.remark(
                    Diagnostic(
                        .note, file: FileOptions.standardPath, line: 0,
                        message: "is read because no file was named; those of the service are in"
                            + " /etc/default/lbctl"))
            }
            return loaded
        }
        // What only shows when the probes are made must not show in the process that is to serve.
        do throws(Failure) {
            _ = try HealthTargets(model).all(seenAs: .none)
        } catch {
            loaded.refuse(
                Diagnostic(.error, file: paths.joined(separator: ", "), message: error.message))
        }
        let openFiles = KernelSettings.hardOpenFileLimit
        if let possible = model.possibleConnections(with: openFiles) {
            loaded.remark(
                Diagnostic(
                    .warning, file: paths.joined(separator: ", "), line: 0,
                    message:
                        "maxconn \(model.global.connectionLimit ?? 0) in the global section: the"
                        + " limit on open files here, \(openFiles), is enough for \(possible)"
                        + " connections; raise it ('ulimit -Hn', LimitNOFILE= of systemd)"))
        }
        return loaded
    }
}
#endif
