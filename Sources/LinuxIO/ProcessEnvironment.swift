internal import Glibc

/// The environment that this process was started with.
public enum ProcessEnvironment {
    /// `NAME=VALUE` each; `environ(7)`.
    public static var current: [String] {
        var values: [String] = []
        var index = 0
        // SAFETY: the array ends with nil, and nothing in this program changes it.
        while let value = unsafe environ[index] {
            unsafe values.append(String(cString: value))
            index += 1
        }
        return values
    }
}
