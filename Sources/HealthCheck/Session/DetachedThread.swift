#if Probes
import Glibc

/// A thread that nobody waits for.
enum DetachedThread {
    private final class Work {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts one.
    ///
    /// - Parameter run: What it does.
    /// - Returns: 0, or the error number of pthread_create(3).
    static func start(_ run: @escaping @Sendable () -> Void) -> CInt {
        let work = Unmanaged.passRetained(Work(run))
        let code = withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { room in
            guard let attributes = room.baseAddress else { return ENOMEM }
            pthread_attr_init(attributes)
            defer { pthread_attr_destroy(attributes) }
            pthread_attr_setdetachstate(attributes, CInt(PTHREAD_CREATE_DETACHED))
            // A thousand of them must fit.
            pthread_attr_setstacksize(attributes, 256 << 10)
            var thread: pthread_t = 0
            return pthread_create(
                &thread, attributes,
                { argument in
                    if let argument {
                        Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
                    }
                    return nil
                }, work.toOpaque())
        }
        if code != 0 { work.release() }
        return code
    }
}
#endif
