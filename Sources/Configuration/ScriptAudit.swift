import Glibc

/// Whether somebody else than root can change what a command runs.
///
/// Looks at each directory on the way to the program, at each symbolic link and at the program
/// itself. `lstat(2)`, `path_resolution(7)`.
enum ScriptAudit {
    /// As many as the kernel follows.
    private static let linkLimit = 40

    /// What others can change.
    ///
    /// - Parameters:
    ///   - program: The first word of a command; without a slash it is looked for as a shell does.
    ///   - searchPath: The directories that it is looked for in, separated by colons.
    /// - Returns: What it is, in words; `nil`: nothing, or the program is not there.
    static func weakness(of program: String, searchPath: String) -> String? {
        guard !program.contains("/") else { return weakness(at: program) }
        for directory in searchPath.split(separator: ":") where directory.hasPrefix("/") {
            let path = "\(directory)/\(program)"
            guard access(path, X_OK) == 0 else { continue }
            return weakness(at: path)
        }
        return nil
    }

    private static func weakness(at path: String) -> String? {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            return "\(path.quoted) is no absolute path"
        }
        var rest = path.split(separator: "/").map(String.init)
        var walked: [String] = []
        var links = 0
        if let weakness = weaknessOfNode("/") { return weakness }
        while !rest.isEmpty {
            let part = rest.removeFirst()
            if part == "." { continue }
            if part == ".." {
                _ = walked.popLast()
                continue
            }
            let node = "/" + (walked + [part]).joined(separator: "/")
            if let target = target(ofLink: node) {
                links += 1
                guard links <= linkLimit else { return "\(node.quoted) is a link without an end" }
                if let weakness = weaknessOfNode(node) { return weakness }
                if target.hasPrefix("/") { walked = [] }
                rest = target.split(separator: "/").map(String.init) + rest
                continue
            }
            if let weakness = weaknessOfNode(node) { return weakness }
            if isMissing(node), let maker = makers(in: "/" + walked.joined(separator: "/")) {
                return "\(node.quoted) is not there, and \(maker) can create it"
            }
            walked.append(part)
        }
        return nil
    }

    private static func isMissing(_ path: String) -> Bool {
        var details = stat()
        return lstat(path, &details) != 0
    }

    /// Who besides root can create something in a directory, with the sticky bit as well; `nil`: nobody.
    private static func makers(in directory: String) -> String? {
        var details = stat()
        guard stat(directory, &details) == 0 else { return nil }
        if details.st_mode & S_IWOTH != 0 { return "everybody" }
        return details.st_mode & S_IWGRP != 0 && details.st_gid != 0
            ? "group \(details.st_gid)" : nil
    }

    /// What is wrong with one directory, link or file that is there.
    private static func weaknessOfNode(_ path: String) -> String? {
        var details = stat()
        guard lstat(path, &details) == 0 else { return nil }
        guard details.st_uid == 0 else { return "\(path.quoted) belongs to user \(details.st_uid)" }
        let kind = details.st_mode & S_IFMT
        // What is written on a link counts nowhere, and in a directory with the sticky bit nobody
        // replaces what is another's.
        guard kind != S_IFLNK, kind != S_IFDIR || details.st_mode & S_ISVTX == 0 else { return nil }
        if details.st_mode & S_IWOTH != 0 { return "\(path.quoted) can be written to by everybody" }
        if details.st_mode & S_IWGRP != 0, details.st_gid != 0 {
            return "\(path.quoted) can be written to by group \(details.st_gid)"
        }
        return nil
    }

    private static func target(ofLink path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Where programs without a slash are looked for.
    static var searchPath: String {
        getenv("PATH").map { String(cString: $0) }
            ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    }
}
