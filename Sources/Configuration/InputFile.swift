import Glibc

/// A configuration file: the name that the user gave and its bytes.
public struct InputFile: Hashable, Sendable {
    /// The name as diagnostics show it.
    public let name: String
    /// What is in it.
    public let bytes: [UInt8]

    /// The greatest size that is read, 16 MiB; a larger file is a mistake.
    public static let sizeLimit = 16 << 20

    /// Makes a file of bytes that are in memory.
    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// Reads a file to its end; a pipe will do.
    ///
    /// - Parameters:
    ///   - path: The file, which is also its name.
    ///   - waits: Whether a pipe is waited for; otherwise it is refused, as is a device.
    /// - Throws: A diagnostic at 1:1 that says why it cannot be read. `open(2)`, `read(2)`.
    public init(reading path: String, waits: Bool = true) throws(Diagnostic) {
        func failure(_ message: String) -> Diagnostic {
            Diagnostic(.error, file: path, message: message)
        }
        guard !path.isEmpty, !path.utf8.contains(0) else { throw failure("no such file") }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (waits ? 0 : O_NONBLOCK))
        guard descriptor >= 0 else { throw failure(Self.explain(errno)) }
        defer { close(descriptor) }
        var details = stat()
        guard waits || fstat(descriptor, &details) == 0 && details.st_mode & S_IFMT == S_IFREG
        else { throw failure("no regular file: a reload waits for nobody") }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(Self.explain(errno)) }
            guard count > 0 else { break }
            bytes += chunk[..<count]
            guard bytes.count <= Self.sizeLimit else {
                throw failure("larger than 16 MiB: this is no configuration file")
            }
        }
        self.init(name: path, bytes: bytes)
    }

    private static func explain(_ code: CInt) -> String {
        switch code {
        case ENOENT: "no such file"
        case EACCES, EPERM: "permission denied"
        case EISDIR: "this is a directory; name the files in it"
        case ENOTDIR: "no such file: a part of the path is not a directory"
        default: "cannot be read: \(String(cString: strerror(code)))"
        }
    }
}

extension InputFile {
    /// The lines of a file of patterns, empty ones as well.
    var lines: [Substring] {
        String(decoding: bytes, as: UTF8.self)
            .split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    }
}
