import CLinux
import Glibc
import LinuxIO

/// What a process of the benchmark does about itself.
enum Processes {
    /// Raises the number of descriptors to what is allowed, and returns it.
    @discardableResult
    static func descriptorLimit() -> UInt {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return min(limit.rlim_cur, 1_048_576)
    }

    /// Keeps the calling process on one processor.
    ///
    /// `sched_setaffinity(2)`.
    static func pin(to processor: Int) throws {
        var mask = UInt64(1) << UInt64(processor)
        let result = withUnsafePointer(to: &mask) {
            clinux_call(
                Int(__NR_sched_setaffinity), 0, 8, Int(bitPattern: UnsafeRawPointer($0)), 0, 0, 0)
        }
        try check("sched_setaffinity", "processor \(processor)", result)
    }

    /// Becomes another program that ends when this one's parent does.
    ///
    /// Arguments: the processor or `any`, the program, and its arguments.
    static func launch(_ arguments: ArraySlice<String>) throws -> Never {
        guard let place = arguments.first, let program = arguments.dropFirst().first else {
            throw UsageError(text: "launch PROCESSOR|any PROGRAM ARGUMENT…")
        }
        if let processor = Int(place) { try pin(to: processor) }
        let setParentDeathSignal: Int32 = 1  // PR_SET_PDEATHSIG
        _ = clinux_prctl(setParentDeathSignal, UInt(SIGTERM))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.dropFirst().map { strdup($0) }
        words.append(nil)
        execvp(program, words)
        throw SystemError(call: "exec", errno: Errno(rawValue: errno), subject: program)
    }

    /// Reads a whole small file, or `nil`.
    static func contents(of path: String) -> String? {
        let number = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = Descriptor(owning: number)
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(file.rawValue, &piece, piece.count)
            guard count > 0 else { break }
            all += piece[..<count]
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// The names in a folder; none if it cannot be read.
    static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Has the command openssl make a certificate of P-256 for `relay.test`, and its key, in one file.
    static func makeCertificate(in folder: String) throws -> String {
        let path = "\(folder)/relay.pem"
        let words =
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=relay"
            + " -addext subjectAltName=DNS:relay.test -keyout \(folder)/relay.key -out \(path)"
        let companion = try Companion(
            "openssl", on: nil, command: words.split(separator: " ").map(String.init),
            log: "\(folder)/openssl.log")
        while !companion.reap() { try Interruption.wait(for: -1, milliseconds: 5) }
        guard let certificate = contents(of: path), let key = contents(of: "\(folder)/relay.key")
        else {
            throw ContenderError(name: "openssl", log: contents(of: "\(folder)/openssl.log") ?? "")
        }
        try write(certificate + key, to: path)
        return path
    }

    /// A new folder that only this user can look into.
    static func temporaryFolder() throws -> String {
        var template = Array("/tmp/lbctl-benchmarks-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SystemError(call: "mkdtemp", errno: Errno(rawValue: errno), subject: "/tmp")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes a folder that holds files only.
    static func removeFolder(_ path: String) {
        for name in names(in: path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    /// Writes a whole file.
    static func write(_ text: String, to path: String) throws {
        let number = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard number >= 0 else {
            throw SystemError(call: "open", errno: Errno(rawValue: errno), subject: path)
        }
        let file = Descriptor(owning: number)
        var bytes = Array(text.utf8)
        try check("write", path, Glibc.write(file.rawValue, &bytes, bytes.count))
    }
}

/// Writes one line to the process that started this one.
func emit(_ line: String) {
    var bytes = Array((line + "\n").utf8)
    _ = write(1, &bytes, bytes.count)
}

/// A command line that makes no sense.
struct UsageError: Error, CustomStringConvertible {
    let text: String
    var description: String { "usage: \(text)" }
}
