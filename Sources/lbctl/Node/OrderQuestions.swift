#if Program
internal import Reactor

/// Orders about stick tables and connections that balancer processes have not answered yet.
struct OrderQuestions {
    typealias Completion = ([[UInt8]]?) -> Void

    private struct Question {
        let process: Int32
        let completion: Completion
        let deadline: EventLoop.Deadline
    }

    private var waiting: [Int: Question] = [:]
    private var lastNumber = 0

    /// Takes an order down.
    ///
    /// - Parameters:
    ///   - process: Who is to answer it.
    ///   - completion: Called with the answer, in pieces, or `nil` where there is none.
    ///   - schedule: Sets the deadline of the order of this number.
    /// - Returns: Its number, above 0.
    mutating func ask(
        of process: Int32, _ completion: @escaping Completion,
        deadline schedule: (Int) -> EventLoop.Deadline
    ) -> Int {
        lastNumber += 1
        waiting[lastNumber] = Question(
            process: process, completion: completion, deadline: schedule(lastNumber))
        return lastNumber
    }

    /// Who waits for an answer, and waits no longer.
    mutating func take(_ number: Int, in loop: EventLoop) -> Completion? {
        guard let question = waiting.removeValue(forKey: number) else { return nil }
        loop.cancel(question.deadline)
        return question.completion
    }

    /// All who wait for a process that is gone.
    mutating func takeAll(of process: Int32, in loop: EventLoop) -> [Completion] {
        waiting.filter { $1.process == process }.keys.sorted().compactMap { take($0, in: loop) }
    }
}
#endif
