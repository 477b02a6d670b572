#if Program
internal import Reactor

/// Orders about stick tables that the balancer process has not answered yet.
struct TableQuestions {
    typealias Completion = ([[UInt8]]?) -> Void

    private var waiting: [Int: (completion: Completion, deadline: EventLoop.Deadline)] = [:]
    private var lastNumber = 0

    /// Takes an order down.
    ///
    /// - Parameters:
    ///   - completion: Called with the answer, in pieces, or `nil` where there is none.
    ///   - schedule: Sets the deadline of the order of this number.
    /// - Returns: Its number, above 0.
    mutating func ask(
        _ completion: @escaping Completion, deadline schedule: (Int) -> EventLoop.Deadline
    ) -> Int {
        lastNumber += 1
        waiting[lastNumber] = (completion, schedule(lastNumber))
        return lastNumber
    }

    /// Who waits for an answer, and waits no longer.
    mutating func take(_ number: Int, in loop: EventLoop) -> Completion? {
        guard let (completion, deadline) = waiting.removeValue(forKey: number) else { return nil }
        loop.cancel(deadline)
        return completion
    }

    /// All who wait for a process that is gone.
    mutating func takeAll(in loop: EventLoop) -> [Completion] {
        waiting.keys.sorted().compactMap { take($0, in: loop) }
    }
}
#endif
