import LinuxIO

/// How often and how long things are measured.
struct Plan {
    /// Runs of each thing; the figure is their median.
    var runs: Int
    /// Whether only to show that everything works: figures mean little.
    var isQuick: Bool

    /// Times a piece of work that is too short to be timed alone.
    ///
    /// - Parameters:
    ///   - unit: Nanoseconds in a unit, and its name.
    ///   - work: Does it so many times, and returns something made of all results.
    /// - Returns: The time of one, and what the work of the first run returned.
    func time(
        unit: TimeUnit = .nanoseconds, _ work: (Int) throws -> UInt64
    ) rethrows -> (Summary, UInt64) {
        let target: Int64 = isQuick ? 2_000_000 : 50_000_000
        let check = try work(Self.checkCount)
        var count = Self.checkCount
        var elapsed: Int64 = 0
        // Also the warm-up: at least as long as a run.
        while elapsed < target, count < 1 << 30 {
            count *= elapsed * 8 < target ? 4 : 2
            elapsed = try Self.elapsed { _ = try work(count) }
        }
        let samples = try (0..<max(runs, 3)).map { _ in
            Double(try Self.elapsed { blackHole(try work(count)) }) / Double(count)
                / unit.nanoseconds
        }
        return (Summary("time", unit.name, samples), check)
    }

    private static func elapsed(_ work: () throws -> Void) rethrows -> Int64 {
        let began = MonotonicInstant.now.nanoseconds
        try work()
        return MonotonicInstant.now.nanoseconds - began
    }

    private static let checkCount = 16
}

/// A unit of time in reports.
struct TimeUnit {
    let name: String
    let nanoseconds: Double

    static let nanoseconds = TimeUnit(name: "ns", nanoseconds: 1)
    static let microseconds = TimeUnit(name: "µs", nanoseconds: 1000)
}

/// Takes a value where the optimiser cannot see that nobody wants it.
@inline(never) @_optimize(none) func blackHole(_ value: UInt64) {}
