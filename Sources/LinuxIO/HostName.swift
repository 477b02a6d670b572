internal import Glibc

/// The host's own name.
public enum HostName {
    /// What `gethostname(2)` says now; empty if it says nothing.
    public static var current: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&bytes, 255) == 0 else { return "" }
        return String(
            decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
