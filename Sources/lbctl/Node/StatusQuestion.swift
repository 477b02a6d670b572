#if Program
internal import Reactor

/// Those who wait for the balancer's status, and the one request that is on its way for all.
///
/// A process that does not answer is not asked again before it does, so that nothing piles up.
struct StatusQuestion {
    typealias Completion = ([[UInt8]]?) -> Void

    /// When those who wait are answered without a status.
    var deadline: EventLoop.Deadline?
    private var waiting: [Completion] = []
    private var lastNumber = 0
    private var isUnanswered = false

    /// Takes in one who waits; true for the first, which sets the deadline.
    mutating func ask(_ completion: @escaping Completion) -> Bool {
        waiting.append(completion)
        return waiting.count == 1
    }

    /// The number of the request to send; `nil` while one is on its way.
    mutating func nextToSend() -> Int? {
        guard !isUnanswered else { return nil }
        isUnanswered = true
        lastNumber += 1
        return lastNumber
    }

    /// Whether somebody waits for the answer to this request.
    func isAsking(_ number: Int) -> Bool { number == lastNumber && !waiting.isEmpty }

    /// Those who wait, if this status answers a request; an unasked one answers nobody.
    mutating func answer(_ number: Int?) -> [Completion] {
        guard number == lastNumber else { return [] }
        isUnanswered = false
        return takeAll()
    }

    /// Those who waited for as long as they may.
    mutating func expire() -> [Completion] { takeAll() }

    /// Those who wait for a process that is gone.
    mutating func abandon() -> [Completion] {
        isUnanswered = false
        return takeAll()
    }

    private mutating func takeAll() -> [Completion] {
        defer { waiting = [] }
        return waiting
    }
}
#endif
