#if Program
internal import LinuxIO
internal import Reactor

/// This program a second time, as the process at the other end of a link.
final class LinkedProcess: Sendable {
    let process: ChildProcess

    private init(
        _ arguments: [String], linkNumber: Int32, end: borrowing Descriptor
    ) throws(SystemError) {
        let null = try Descriptor.nullDevice()
        process = try ChildProcess(
            path: "/proc/self/exe", arguments: ["lbctl"] + arguments,
            descriptors: [(0, null.rawValue), (linkNumber, end.rawValue)])
    }

    /// Starts one, beside the loop.
    ///
    /// - Parameters:
    ///   - arguments: What it is started with beside its name.
    ///   - linkNumber: The number that its end of the link has there.
    ///   - end: Its end of the link.
    ///   - loop: The loop that hears of it.
    ///   - completion: Called on the loop, in a later turn.
    static func start(
        _ arguments: [String], linkNumber: Int32, end: consuming Descriptor, on loop: EventLoop,
        then completion: @escaping (Result<LinkedProcess, SystemError>) -> Void
    ) {
        let end = end
        loop.aside {
            Result { () throws(SystemError) in
                try LinkedProcess(arguments, linkNumber: linkNumber, end: end)
            }
        } then: {
            completion($0)
        }
    }
}
#endif
