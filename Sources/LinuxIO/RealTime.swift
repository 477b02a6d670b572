internal import CLinux

/// What keeps a process that must act in time from waiting for a processor or for a page.
public enum RealTime {
    /// Runs the calling thread before all threads of the usual policy, at the lowest real-time
    /// priority.
    ///
    /// Threads and processes that it starts from then on do not inherit it
    /// (SCHED_RESET_ON_FORK). `sched_setscheduler(2)`, SCHED_FIFO.
    ///
    /// - Throws: `SystemError`: `EPERM` without CAP_SYS_NICE or in a control group without
    ///   real-time budget.
    public static func scheduleFirst() throws(SystemError) {
        let fifo: Int32 = 1
        let resetOnFork: Int32 = 0x4000_0000
        var priority: Int32 = 1
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
}
