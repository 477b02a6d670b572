internal import CLinux
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
        let type = Int32(SOCK_DGRAM.rawValue)
        guard let socket = try? Socket.open(AF_UNIX, type, 0, "syslog") else { return }
        var address = sockaddr_un()
        address.sun_family = UInt16(AF_UNIX)
        let path = Array("/dev/log".utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        let line = Array("<\(daemonFacility | severity)>\(tag)[\(getpid())]: \(text)".utf8)
        let noSignal: Int32 = 0x4000  // MSG_NOSIGNAL
        _ = unsafe line.withUnsafeBytes { bytes in
            unsafe clinux_sendto(
                socket.rawValue, bytes.baseAddress, bytes.count, noSignal, &address, 110)
        }
    }

    private static let daemonFacility = 3 << 3
}
