import NodeConfiguration

/// A configuration file: read, or refused with places inside of it.
func feedConfiguration(_ bytes: [UInt8], as format: SourceFormat) {
    let loader = ConfigurationLoader(format: format, literalScripts: true)
    let file = InputFile(name: "f", bytes: bytes)
    let loaded = loader.load([file])
    let hasError = loaded.diagnostics.contains { $0.severity == .error }
    require(hasError == (loaded.model == nil), "a model with errors, or none without")
    for diagnostic in loaded.diagnostics {
        _ = diagnostic.description
        require(diagnostic.line >= 1 && diagnostic.column >= 1, "\(diagnostic) is nowhere")
    }
    guard let model = loaded.model else { return }
    guard let encoded = try? model.encoded(), let again = try? Model(decoding: encoded) else {
        fatalError("the model cannot be handed to the other process")
    }
    require(again == model, "the model is another one in the other process")
    let difference = loader.convert([file]).difference
    require(difference == nil, "as YAML it is another one in \(difference ?? "")")
}
