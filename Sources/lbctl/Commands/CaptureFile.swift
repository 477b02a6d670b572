#if Program
internal import Glibc
internal import LinuxIO

/// The bytes of a capture file.
enum CaptureFile {
    /// Reads a whole file, or standard input to its end.
    ///
    /// - Parameter path: The file; `-` is standard input.
    /// - Returns: Its bytes.
    /// - Throws: `Failure` that names the file: none there, no permission, or too long.
    static func read(_ path: String) throws(Failure) -> [UInt8] {
        let number = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw refused("open", path) }
        let file = Descriptor(owning: number)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file.rawValue, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw refused("read", path) }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw Failure(
                    .badInput,
                    "\(path): longer than \(limit >> 20) MiB; filter it first, by "
                        + "'tcpdump -r FILE -w FILE vrrp' for example")
            }
        }
    }

    private static func refused(_ call: String, _ path: String) -> Failure {
        let error = SystemError(
            call: call, errno: Errno(rawValue: errno),
            subject: path == "-" ? "standard input" : path)
        let isDenied = error.errno == .accessDenied || error.errno == .notPermitted
        return Failure(isDenied ? .notPermitted : .badInput, error.description)
    }

    private static let limit = 1 << 30
}
#endif
