import CLinux
import Glibc
import LinuxIO

/// Counts the system calls of a process from now on, by the kernel's own tracepoint.
///
/// `perf_event_open(2)` on `raw_syscalls:sys_enter`: nothing is stopped or slowed as by a tracer,
/// but every call of the host takes a longer way meanwhile, so a run that is counted is not timed.
final class SystemCallCounter {
    private var events: [Int32] = []

    /// Begins to count all threads and child processes of a process; `nil` where the kernel does
    /// not let this user.
    init?(_ processID: Int32, folder: String) {
        guard let number = Self.tracepoint(folder: folder) else { return nil }
        for task in ProcessUsage.allTasks(of: processID) {
            let event = Self.open(number, task: task)
            guard event >= 0 else { return nil }
            events.append(event)
        }
    }

    deinit { events.forEach { _ = close($0) } }

    /// The calls so far.
    var count: Int {
        events.reduce(0) { sum, event in
            var value: UInt64 = 0
            return read(event, &value, 8) == 8 ? sum + Int(value) : sum
        }
    }

    /// `struct perf_event_attr`, its first 64 bytes: a tracepoint, and children too.
    private static func open(_ tracepoint: UInt64, task: Int32) -> Int32 {
        let tracepointType: UInt32 = 2, size: UInt32 = 64, inherits: UInt64 = 1 << 1
        var attributes = [UInt8](repeating: 0, count: Int(size))
        return attributes.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: tracepointType, toByteOffset: 0, as: UInt32.self)
            bytes.storeBytes(of: size, toByteOffset: 4, as: UInt32.self)
            bytes.storeBytes(of: tracepoint, toByteOffset: 8, as: UInt64.self)
            bytes.storeBytes(of: inherits, toByteOffset: 40, as: UInt64.self)
            let closeOnExec = 1 << 3
            return Int32(
                clinux_call(
                    Int(__NR_perf_event_open), Int(bitPattern: bytes.baseAddress), Int(task), -1,
                    -1, closeOnExec, 0))
        }
    }

    /// The tracepoint's number; the file system that tells it is mounted for that moment where it
    /// is not.
    private static func tracepoint(folder: String) -> UInt64? {
        let event = "events/raw_syscalls/sys_enter/id"
        func number(in root: String) -> UInt64? {
            let text = Processes.contents(of: "\(root)/\(event)")
            return text.flatMap { UInt64($0.prefix { $0.isNumber }) }
        }
        if let number = number(in: "/sys/kernel/tracing") { return number }
        let own = "\(folder)/tracing"
        guard mkdir(own, 0o700) == 0 else { return nil }
        defer { rmdir(own) }
        guard mount("tracefs", own, "tracefs", 0, nil) == 0 else { return nil }
        defer { umount(own) }
        return number(in: own)
    }
}
