internal import Glibc

/// Limits that the kernel sets for this process or host.
public enum KernelSettings {
    /// How many descriptors this process may have open (RLIMIT_NOFILE, the soft limit).
    ///
    /// `getrlimit(2)`.
    public static var openFileLimit: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 1024
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// To how many this process may raise that (RLIMIT_NOFILE, the hard limit).
    ///
    /// `getrlimit(2)`.
    public static var hardOpenFileLimit: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return openFileLimit
        }
        return Int(clamping: limit.rlim_max)
    }

    /// Raises the soft limit on descriptors to the hard limit.
    ///
    /// - Returns: The limit from now on.
    @discardableResult
    public static func raiseOpenFileLimit() -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return openFileLimit
        }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return openFileLimit
    }

    /// The local ports that the kernel gives to outgoing connections.
    ///
    /// `ip(7)`, `ip_local_port_range`; the kernel's default where it cannot be read.
    public static var localPortRange: ClosedRange<UInt16> {
        let fallback: ClosedRange<UInt16> = 32768...60999
        let file = unsafe open("/proc/sys/net/ipv4/ip_local_port_range", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return fallback }
        let descriptor = Descriptor(owning: file)
        var text = InlineArray<64, UInt8>(repeating: 0)
        guard unsafe read(descriptor.rawValue, &text, 63) > 0 else { return fallback }
        var numbers: [Int] = []
        var isInNumber = false
        for index in text.indices {
            let digit = Int(text[index]) - 48
            guard (0...9).contains(digit) else {
                isInNumber = false
                continue
            }
            if !isInNumber { numbers.append(0) }
            numbers[numbers.count - 1] = min(numbers[numbers.count - 1] * 10 + digit, 65_536)
            isInNumber = true
        }
        guard numbers.count == 2, let low = UInt16(exactly: numbers[0]),
            let high = UInt16(exactly: numbers[1]), low > 0, low <= high
        else { return fallback }
        return low...high
    }

    /// The kernel's version, `(6, 1)` of 6.1.0-13-amd64; `nil` if it says something else.
    ///
    /// `uname(2)`, by `/proc/sys/kernel/osrelease`.
    public static var version: (major: Int, minor: Int)? {
        SmallFile.read("/proc/sys/kernel/osrelease").flatMap {
            version(of: String(decoding: $0, as: UTF8.self))
        }
    }

    static func version(of release: String) -> (major: Int, minor: Int)? {
        let parts = release.split(separator: ".", maxSplits: 2)
        guard parts.count >= 2, let major = Int(parts[0]),
            let minor = Int(parts[1].prefix { $0.isNumber })
        else { return nil }
        return (major, minor)
    }
}
