internal import CLinux
internal import Glibc

/// What keeps a process that must act in time from waiting for a processor or for a page.
public enum RealTime {
    /// Runs the calling thread before all threads of the usual policy.
    ///
    /// Threads and processes that it starts from then on do not inherit it
    /// (SCHED_RESET_ON_FORK). `sched_setscheduler(2)`, SCHED_FIFO.
    ///
    /// - Parameter priority: 1 to 99; the lowest is before all others already.
    /// - Throws: `SystemError`: `EPERM` without CAP_SYS_NICE or in a control group without
    ///   real-time budget.
    public static func scheduleFirst(at priority: Int32 = 1) throws(SystemError) {
        let fifo: Int32 = 1
        let resetOnFork: Int32 = 0x4000_0000
        var priority = priority
        try check(
            "sched_setscheduler", "SCHED_FIFO",
            unsafe clinux_sched_setscheduler(0, fifo | resetOnFork, &priority))
    }

    /// Keeps every page of this process in memory from its first use on.
    ///
    /// Untouched pages cost nothing (MCL_ONFAULT); a program started by `exec` does not inherit it.
    /// `mlockall(2)`.
    ///
    /// - Throws: `SystemError`: `EPERM` or `ENOMEM` without CAP_IPC_LOCK beyond RLIMIT_MEMLOCK.
    public static func lockMemory() throws(SystemError) {
        let currentFutureOnFault: Int32 = 1 | 2 | 4
        try check("mlockall", nil, clinux_mlockall(currentFutureOnFault))
    }

    /// Lets the pages of this process leave memory again; `munlockall(2)`.
    public static func unlockMemory() { _ = munlockall() }

    /// Gives this process another nice value, which counts where it does not run in real time.
    ///
    /// Processes that it starts from then on inherit it. `setpriority(2)`.
    ///
    /// - Parameter niceness: -20 to 19; the lower, the more of a processor.
    /// - Throws: `SystemError`: `EACCES` without CAP_SYS_NICE for less than before.
    public static func setNiceness(_ niceness: Int) throws(SystemError) {
        let thisProcess: Int32 = 0  // PRIO_PROCESS
        let result = setpriority(thisProcess, 0, Int32(niceness))
        guard result != 0 else { return }
        throw SystemError(
            call: "setpriority", errno: Errno(rawValue: errno), subject: "\(niceness)")
    }
}

/// The processors that a thread may run on.
///
/// Threads and processes that it starts from then on inherit it. `sched_setaffinity(2)`.
public struct ProcessorSet: Hashable, Sendable {
    /// As many as the kernel can be built for, 8192.
    private static let wordCount = 128
    private var words: [UInt64]

    /// The processors that the calling thread may run on; none, if the kernel does not say.
    public static var current: ProcessorSet {
        var set = ProcessorSet([])
        _ = unsafe clinux_sched_getaffinity(0, wordCount * 8, &set.words)
        return set
    }

    /// Makes a set of processors by number; numbers beyond 8191 are left out.
    public init(_ numbers: some Sequence<Int>) {
        words = Array(repeating: 0, count: Self.wordCount)
        for number in numbers where (0..<Self.wordCount * 64).contains(number) {
            words[number / 64] |= 1 << UInt64(number % 64)
        }
    }

    /// The processors by number, in order.
    public var numbers: [Int] {
        (0..<Self.wordCount * 64).filter { words[$0 / 64] & 1 << UInt64($0 % 64) != 0 }
    }

    /// Lets the calling thread run on these alone.
    ///
    /// - Throws: `SystemError`: `EINVAL` if none of them is there, or none is allowed.
    public func restrictThread() throws(SystemError) {
        try check(
            "sched_setaffinity", "processors \(numbers.map(String.init).joined(separator: " "))",
            unsafe words.withUnsafeBytes { buffer in
                unsafe clinux_sched_setaffinity(0, buffer.count, buffer.baseAddress)
            })
    }
}
