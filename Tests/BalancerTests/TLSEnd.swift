import COpenSSL

/// One side of TLS on a blocking socket, once its handshake is done.
protocol TLSEnd: AnyObject {
    /// OpenSSL's SSL.
    var ssl: OpaquePointer { get }
}

extension TLSEnd {
    var version: String { String(cString: SSL_get_version(ssl)) }
    var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// The protocol that was agreed on (ALPN).
    var applicationProtocol: String? {
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &start, &count)
        return start.map {
            String(decoding: UnsafeBufferPointer(start: $0, count: Int(count)), as: UTF8.self)
        }
    }

    // MARK: Bytes

    func receive(upTo count: Int = 65_536) -> BlockingSocket.Received {
        var buffer = [UInt8](repeating: 0, count: count)
        ERR_clear_error()
        let result = SSL_read(ssl, &buffer, Int32(count))
        if result > 0 { return .bytes(Array(buffer[..<Int(result)])) }
        return SSL_get_error(ssl, result) == SSL_ERROR_ZERO_RETURN ? .end : .failed(-1)
    }

    /// Everything up to the end of the stream, and how it ended.
    func receiveAll() -> (text: String, ending: BlockingSocket.Received) {
        var all: [UInt8] = []
        while true {
            switch receive() {
            case .bytes(let bytes): all += bytes
            case let ending: return (String(decoding: all, as: UTF8.self), ending)
            }
        }
    }

    /// Exactly so many bytes, or fewer if the stream ends.
    func receive(exactly count: Int) -> String {
        var all: [UInt8] = []
        while all.count < count, case .bytes(let bytes) = receive(upTo: count - all.count) {
            all += bytes
        }
        return String(decoding: all, as: UTF8.self)
    }

    func send(_ text: String) { _ = send(Array(text.utf8)[...]) }

    func send(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.withUnsafeBytes { SSL_write(ssl, $0.baseAddress, Int32($0.count)) == $0.count }
    }

    /// Says by TLS that nothing more comes (close_notify).
    func endSending() { SSL_shutdown(ssl) }

    /// Has both sides use new keys from here on (RFC 8446 §4.6.3).
    func changeKeys() { SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) }
}
