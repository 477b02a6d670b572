/// What a file says, as lines of the two languages, whichever it was written in.
struct SourceLines: Sendable {
    /// The file's name.
    let file: String
    /// Lines of keepalived's language, with those of included files in their place.
    var keepalived: PlacedLines?
    /// Lines of haproxy's language.
    var haproxy: [Directive] = []

    init(file: String) { self.file = file }

    /// Takes in what a native file says.
    mutating func take(_ lines: NativeReader.Lines) {
        haproxy = lines.haproxy
        guard !lines.keepalived.isEmpty else { return }
        keepalived = PlacedLines(directives: lines.keepalived, files: [file])
    }
}
