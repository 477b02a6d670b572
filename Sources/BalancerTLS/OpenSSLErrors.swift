internal import COpenSSL

/// What OpenSSL keeps for the thread of what went wrong (`ERR_get_error(3)`).
enum OpenSSLErrors {
    /// The last error's reason in OpenSSL's words; takes all errors away.
    static var lastReason: String {
        let error = ERR_peek_last_error()
        defer { ERR_clear_error() }
        guard error != 0, let text = unsafe ERR_reason_error_string(error) else {
            return "no reason given"
        }
        return unsafe String(cString: text)
    }
}
