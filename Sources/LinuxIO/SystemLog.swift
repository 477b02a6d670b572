internal import Glibc

/// Lines for the host's log daemon.
///
/// One datagram per line in the form of RFC 3164 without the host name, as `syslog(3)` writes it to
/// `/dev/log`. A line that the daemon does not take at once is lost: logging never blocks.
public enum SystemLog {
    /// Sends one line.
    ///
    /// - Parameters:
    ///   - severity: 0 (emergency) to 7 (debug).
    ///   - tag: The program's name.
    ///   - text: The line, without a line break.
    public static func send(severity: Int, tag: String, text: String) {
        let line = "<\(daemonFacility | severity)>\(tag)[\(getpid())]: \(text)"
        try? UnixSocket.send(Array(line.utf8), to: "/dev/log")
    }

    private static let daemonFacility = 3 << 3
}
