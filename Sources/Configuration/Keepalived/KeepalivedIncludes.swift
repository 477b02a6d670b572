import Glibc

/// The files that `include` names: paths, or patterns of the shell, from the including file's folder.
enum KeepalivedIncludes {
    /// No set of files has reason to be larger.
    static let fileLimit = 1000

    /// The paths that a pattern matches, in alphabetical order; none is fine, as in keepalived.
    ///
    /// `glob(3)`.
    static func paths(of pattern: String, from file: String) -> [String] {
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let isRelative = !pattern.hasPrefix("/") && !folder.isEmpty
        let full = isRelative ? folder.joined(separator: "/") + "/" + pattern : pattern
        guard !full.utf8.contains(0) else { return [] }
        var matches = glob_t()
        defer { globfree(&matches) }
        guard glob(full, 0, nil, &matches) == 0 else { return [] }
        return (0..<Int(matches.gl_pathc)).compactMap { index in
            matches.gl_pathv[index].map { String(cString: $0) }
        }
    }

    /// The host's name up to its first dot, keepalived's name of the node in `@NAME` lines.
    static var hostIdentity: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
        let name = bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: name.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
    }
}
