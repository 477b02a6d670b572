/// Files as native YAML.
public struct Conversion: Hashable, Sendable {
    /// What the files come to; without a model where they, or a line that YAML cannot hold, are wrong.
    public var loaded: LoadedConfiguration
    /// One file that says the same; `nil` without a model.
    public internal(set) var text: String?
    /// Where the model of that file differs from the model of the files, which is a mistake of this
    /// program; `nil`: nowhere.
    public internal(set) var difference: String?
}

extension ConfigurationLoader {
    /// Reads files from disk, and writes what they say as native YAML.
    ///
    /// What depends on the node's name, on the environment or on other files is written as it holds
    /// here and now.
    ///
    /// - Parameter paths: The files in the order that the user named them.
    /// - Returns: The YAML, unless something is wrong, and what there is to say.
    public func convert(paths: [String]) -> Conversion { convert(read(paths: paths)) }

    /// Writes what files say whose bytes are in memory as native YAML.
    ///
    /// - Parameter files: The files in the order that the user named them.
    /// - Returns: The YAML, unless something is wrong, and what there is to say.
    public func convert(_ files: [InputFile]) -> Conversion { convert(read(files)) }

    private func convert(
        _ read: (loaded: LoadedConfiguration, sources: [SourceLines])
    ) -> Conversion {
        var conversion = Conversion(loaded: read.loaded)
        guard let model = read.loaded.model else { return conversion }
        let (yaml, errors) = NativeWriter.write(read.sources)
        for error in errors { conversion.loaded.refuse(error) }
        guard errors.isEmpty else { return conversion }
        let names = read.sources.map { source in
            (source.file.split(separator: "/").last ?? "").quoted
        }.joined(separator: ", ")
        let text = "# From \(names)\n\n" + yaml
        conversion.text = text
        var loader = self
        loader.format = .native
        let again = loader.load([InputFile(name: "YAML", bytes: Array(text.utf8))])
        if let other = again.model {
            conversion.difference = model.firstDifference(from: other, at: "model")
        } else {
            let error = again.diagnostics.first { $0.severity == .error }
            conversion.difference = error?.description ?? "model"
        }
        return conversion
    }
}

extension Equatable {
    /// The name of the first part that is another one in a second value; `nil`: they are equal.
    func firstDifference(from other: Any, at path: String) -> String? {
        guard let other = other as? Self else { return path }
        guard self != other else { return nil }
        let parts = Array(Mirror(reflecting: self).children)
        let others = Array(Mirror(reflecting: other).children)
        guard parts.count == others.count else { return path }
        for (index, (part, otherPart)) in zip(parts, others).enumerated() {
            // The inner parts of the language's own types have no name that anybody knows.
            guard part.label?.hasPrefix("_") != true, let value = part.value as? any Equatable
            else { continue }
            let name = part.label.map { "\(path).\($0)" } ?? "\(path)[\(index)]"
            if let found = value.firstDifference(from: otherPart.value, at: name) { return found }
        }
        return path
    }
}
