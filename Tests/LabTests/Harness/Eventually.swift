import Glibc

/// Why a lab test cannot go on.
struct LabError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Asks until there is an answer, and returns it; waiting for a fact instead of for a time.
func eventually<Fact>(
    within limit: Duration, every pause: Duration = .milliseconds(10),
    _ what: @autoclosure () -> String, _ ask: () throws(LabError) -> Fact?
) throws(LabError) -> Fact {
    let deadline = ContinuousClock.now + limit
    while true {
        // The time is read first, so that there is a last question after the deadline.
        let now = ContinuousClock.now
        if let fact = try ask() { return fact }
        guard now < deadline else { throw LabError("not within \(limit): \(what())") }
        var rest = timespec(
            tv_sec: 0, tv_nsec: Int(pause.components.attoseconds / 1_000_000_000))
        nanosleep(&rest, nil)
    }
}
