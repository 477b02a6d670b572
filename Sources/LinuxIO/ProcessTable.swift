internal import CLinux
internal import Glibc

/// The processes of this process's pid namespace.
///
/// `/proc`, `proc(5)`.
public enum ProcessTable {
    /// The numbers of all processes.
    public static var processIDs: [Int32] { names(in: "/proc").compactMap { Int32($0) } }

    /// What a folder holds; nothing if it is gone, or may not be looked at.
    static func names(in folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe _ = closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                // SAFETY: the kernel ends each name with a zero byte.
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            names.append(name)
        }
        return names
    }

    /// What a symbolic link says; `nil` if it is gone, or may not be looked at.
    static func target(ofLink path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 256)
        let count = unsafe readlink(path, &bytes, bytes.count)
        guard count >= 0 else { return nil }
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether a process is in the network namespace of this one.
    ///
    /// - Parameter processID: The process.
    /// - Returns: `nil` when it is gone, or this process may not look.
    public static func sharesNetwork(with processID: Int32) -> Bool? {
        guard let theirs = target(ofLink: "/proc/\(processID)/ns/net") else { return nil }
        return theirs == target(ofLink: "/proc/thread-self/ns/net")
    }

    /// The name of a process's program, 15 bytes at most.
    ///
    /// - Parameter processID: The process.
    /// - Returns: The name; `nil` when the process is gone.
    public static func name(of processID: Int32) -> String? {
        guard let bytes = SmallFile.read("/proc/\(processID)/comm", limit: 64) else { return nil }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// The arguments that a process was started with, its program first.
    ///
    /// - Parameter processID: The process.
    /// - Returns: The arguments; empty when the process is gone, or of the kernel.
    public static func arguments(of processID: Int32) -> [String] {
        guard let bytes = SmallFile.read("/proc/\(processID)/cmdline") else { return [] }
        return bytes.split(separator: 0, omittingEmptySubsequences: true).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// A descriptor that becomes readable when a process ends.
    ///
    /// `pidfd_open(2)`.
    ///
    /// - Parameter processID: The process, whosever child it is.
    /// - Returns: The descriptor.
    /// - Throws: `SystemError`: it is gone, or the kernel has no such descriptors.
    public static func ending(of processID: Int32) throws(SystemError) -> Descriptor {
        let result = clinux_pidfd_open(processID)
        return Descriptor(owning: Int32(try check("pidfd_open", "\(processID)", result)))
    }
}
