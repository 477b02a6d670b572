internal import CLinux
internal import Glibc

/// Signals as a descriptor that becomes readable, instead of handlers that interrupt.
///
/// `signalfd(2)`.
public struct SignalDescriptor: ~Copyable {
    /// The descriptor to wait on.
    public let descriptor: Descriptor

    /// Blocks `signals` in this thread, and in threads that it starts later, and collects them.
    ///
    /// - Parameter signals: Numbers such as `SIGTERM`.
    /// - Throws: `SystemError` when the process has no descriptor left.
    public init(_ signals: [Int32]) throws(SystemError) {
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        for signal in signals { unsafe sigaddset(&mask, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &mask, nil)
        // The kernel's signal set is 8 bytes, Glibc's is larger.
        let flags = Int32(O_NONBLOCK | O_CLOEXEC)
        descriptor = Descriptor(
            owning: Int32(try check("signalfd", nil, unsafe clinux_signalfd(&mask, 8, flags))))
    }

    /// The next signal that arrived, or `nil`.
    public func next() -> Int32? {
        // struct signalfd_siginfo: 128 bytes, of which the first four are the signal's number.
        var information = InlineArray<32, UInt32>(repeating: 0)
        guard unsafe clinux_read(descriptor.rawValue, &information, 128) == 128 else { return nil }
        return Int32(information[0])
    }
}
