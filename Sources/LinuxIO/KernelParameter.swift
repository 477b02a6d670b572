internal import Glibc

/// A number that the kernel lets the administrator set, a file below /proc/sys.
///
/// Those below `net` belong to the network namespace of the calling thread. `proc(5)`, `sysctl(8)`.
public struct KernelParameter: Hashable, Sendable {
    /// The path below /proc/sys, `net/ipv4/conf/eth0/arp_ignore` for example.
    public let path: String

    /// Names a parameter.
    ///
    /// - Parameter path: Its path below /proc/sys; slashes between the parts, as an interface's
    ///   name may hold a dot.
    public init(_ path: String) { self.path = path }

    /// Reads the number.
    ///
    /// - Returns: Its value.
    /// - Throws: `SystemError`: no such parameter (`ENOENT`), no permission (`EACCES`), or more than
    ///   a number (`EINVAL`).
    public func value() throws(SystemError) -> Int {
        let file = try open(O_RDONLY)
        var text = InlineArray<32, UInt8>(repeating: 0)
        let count = unsafe read(file.rawValue, &text, 32)
        guard count >= 0 else { throw failure("read", errno) }
        var digits = ""
        let newline: UInt8 = 10
        for index in 0..<count where text[index] != newline {
            digits.unicodeScalars.append(Unicode.Scalar(text[index]))
        }
        guard let number = Int(digits) else { throw failure("read", EINVAL) }
        return number
    }

    /// Sets the number.
    ///
    /// - Parameter value: The new value.
    /// - Throws: `SystemError`: no such parameter (`ENOENT`), no permission (`EACCES`, `EROFS`), a
    ///   value that the kernel refuses (`EINVAL`).
    public func set(_ value: Int) throws(SystemError) {
        let file = try open(O_WRONLY)
        let text = Array("\(value)\n".utf8)
        guard unsafe write(file.rawValue, text, text.count) == text.count else {
            throw failure("write", errno)
        }
    }

    private func open(_ mode: Int32) throws(SystemError) -> Descriptor {
        let number = unsafe Glibc.open("/proc/sys/\(path)", mode | O_CLOEXEC)
        guard number >= 0 else { throw failure("open", errno) }
        return Descriptor(owning: number)
    }

    private func failure(_ call: String, _ code: Int32) -> SystemError {
        SystemError(call: call, errno: Errno(rawValue: code), subject: "/proc/sys/\(path)")
    }
}
