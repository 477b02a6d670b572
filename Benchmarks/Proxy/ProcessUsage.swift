import Glibc
import LinuxIO

/// Processor time and memory of a process, its threads and the processes that it started.
struct ProcessUsage {
    /// Processor time, nanoseconds; the scheduler's own count, threads that have ended included
    /// (clock_getcpuclockid(3)).
    var nanoseconds: Int64 = 0
    /// Of the clock ticks that the kernel sampled, those in user space and all.
    var userTicks = 0
    var ticks = 0

    /// What has been used so far.
    static func of(_ processID: Int32) -> ProcessUsage {
        var usage = ProcessUsage()
        for id in tree(from: processID) {
            usage.nanoseconds += processorNanoseconds(of: id)
            // The fields follow the name, which stands in parentheses and may hold blanks.
            let text = Processes.contents(of: "/proc/\(id)/stat") ?? ""
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
                continue
            }
            usage.userTicks += user
            usage.ticks += user + system
        }
        return usage
    }

    private static func processorNanoseconds(of processID: Int32) -> Int64 {
        var clock: clockid_t = 0
        var time = timespec()
        guard clock_getcpuclockid(processID, &clock) == 0, clock_gettime(clock, &time) == 0 else {
            return 0
        }
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    static func - (later: ProcessUsage, earlier: ProcessUsage) -> ProcessUsage {
        ProcessUsage(
            nanoseconds: later.nanoseconds - earlier.nanoseconds,
            userTicks: later.userTicks - earlier.userTicks, ticks: later.ticks - earlier.ticks)
    }

    /// Share of the time spent in user space, 0 to 1.
    var userShare: Double { ticks > 0 ? Double(userTicks) / Double(ticks) : 0 }

    /// Time that all processors together were busy so far, nanoseconds (`/proc/stat`).
    static func machineNanoseconds() -> Int64 {
        let text = Processes.contents(of: "/proc/stat") ?? ""
        let fields = text.split(separator: "\n").first?.split(separator: " ").dropFirst() ?? []
        let ticks = fields.map { Int64($0) ?? 0 }
        guard ticks.count >= 7 else { return 0 }
        // user, nice, system, idle, iowait, irq, softirq: idle and iowait are not work.
        let busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]
        return busy * 1_000_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Anonymous memory in bytes: what the process itself asked for, program text not counted.
    static func anonymousBytes(of processID: Int32) -> Int {
        tree(from: processID).reduce(0) { sum, id in
            let text = Processes.contents(of: "/proc/\(id)/smaps_rollup") ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("Anonymous:") }
            let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            return sum + (kilobytes ?? 0) * 1024
        }
    }

    /// The same, once a program that has just started has put up what it needs: unchanged for 0.3 s.
    static func settledAnonymousBytes(of processID: Int32) -> Int {
        var bytes = anonymousBytes(of: processID)
        for _ in 0..<10 {
            LinuxIO.Thread.sleep(for: .milliseconds(300))
            let before = bytes
            bytes = anonymousBytes(of: processID)
            if bytes == before { break }
        }
        return bytes
    }

    /// The threads of a process and of those that it started.
    static func allTasks(of processID: Int32) -> [Int32] {
        tree(from: processID).flatMap { tasks(of: $0) }
    }

    private static func tree(from processID: Int32) -> [Int32] {
        let children = tasks(of: processID).flatMap { task -> [Int32] in
            let path = "/proc/\(processID)/task/\(task)/children"
            return (Processes.contents(of: path) ?? "").split(separator: " ").compactMap {
                Int32($0)
            }
        }
        return [processID] + children.flatMap { tree(from: $0) }
    }

    private static func tasks(of processID: Int32) -> [Int32] {
        Processes.names(in: "/proc/\(processID)/task").compactMap { Int32($0) }
    }
}
