internal import CLinux
internal import Glibc

/// A file that lies in memory, has no place in the file system, and goes with its last descriptor.
///
/// `memfd_create(2)`.
public enum MemoryFile {
    /// Makes a file that another process can read, from its beginning.
    ///
    /// - Parameters:
    ///   - bytes: What it holds.
    ///   - name: What `/proc` calls it.
    /// - Returns: The file, close-on-exec.
    /// - Throws: `SystemError`: a full descriptor table, or no memory.
    public static func holding(_ bytes: [UInt8], name: String) throws(SystemError) -> Descriptor {
        let closeOnExec: UInt32 = 1  // MFD_CLOEXEC
        let result = unsafe name.withCString { unsafe clinux_memfd_create($0, closeOnExec) }
        let file = Descriptor(owning: Int32(try check("memfd_create", name, result)))
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { buffer in
                unsafe clinux_write(file.rawValue, buffer.baseAddress, buffer.count)
            }
            rest = rest.dropFirst(try check("write", name, written))
        }
        guard lseek(file.rawValue, 0, SEEK_SET) == 0 else {
            throw SystemError(call: "lseek", errno: Errno(rawValue: errno), subject: name)
        }
        return file
    }
}
