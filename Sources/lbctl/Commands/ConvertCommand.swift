#if Program
internal import ArgumentParser
internal import NodeConfiguration

/// Prints files as one in native YAML: `lbctl convert [FILE …]`.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Print the native YAML for the same behaviour.",
        discussion: """
            The files become one, with passwords and keys as they stand there. What depends on this \
            node's name, on the environment or on included files is written as it holds here.
            """)

    @OptionGroup var files: FileOptions

    func run() throws {
        let conversion = files.convert()
        for diagnostic in conversion.loaded.diagnostics.condensed {
            StandardError.write("\(diagnostic)\n")
        }
        guard conversion.loaded.model != nil, let text = conversion.text else {
            throw Failure(.badInput, "")
        }
        if let difference = conversion.difference {
            throw Failure(
                .internalError,
                "nothing is printed: the YAML would say something else than the files; it differs in"
                    + " \(difference)")
        }
        print(text, terminator: "")
    }
}
#endif
