import Glibc
import LinuxIO

/// Where and with what the figures were made.
struct Machine {
    let processor: String
    let processorCount: Int
    let kernel: String
    let swift: String
    let build: String
    let date: String

    /// Reads what this machine says of itself.
    static func read() -> Machine {
        let cpuinfo = Processes.contents(of: "/proc/cpuinfo") ?? ""
        let model = cpuinfo.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = model?.split(separator: ":").last.map { String($0.dropFirst()) }
        let release = Processes.contents(of: "/proc/sys/kernel/osrelease") ?? "unknown\n"
        return Machine(
            processor: name ?? "unknown", processorCount: sysconf(Int32(_SC_NPROCESSORS_ONLN)),
            kernel: String(release.dropLast()), swift: swiftVersion, build: buildKind,
            date: date())
    }

    var lines: [String] {
        [
            "\(processor), \(processorCount) processors, Linux \(kernel)",
            "Swift \(swift), \(build) build, \(date)",
        ]
    }

    var json: JSONValue {
        .object([
            ("processor", .string(processor)), ("processors", .integer(processorCount)),
            ("kernel", .string(kernel)), ("swift", .string(swift)), ("build", .string(build)),
            ("date", .string(date)),
        ])
    }

    private static func date() -> String {
        var seconds = time(nil)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // The compiler names its version only in conditions.
    private static var swiftVersion: String {
        #if compiler(>=6.4)
        "6.4 or later"
        #elseif compiler(>=6.3.1)
        "6.3.1 or later"
        #else
        "6.3"
        #endif
    }

    private static var buildKind: String {
        #if DEBUG
        "debug (figures mean nothing)"
        #else
        "release"
        #endif
    }
}
