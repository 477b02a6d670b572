internal import CNetlink
internal import LinuxIO

/// The kernel's answer to one request.
enum Acknowledgement: Hashable {
    /// It was done.
    case done
    /// It was refused.
    case refused(Errno, explanation: String?)

    /// Throws a refusal as an error.
    func get(_ operation: String, _ subject: String? = nil) throws(NetlinkError) {
        guard case .refused(let errno, let explanation) = self else { return }
        throw NetlinkError(operation, subject, .refused(errno, explanation: explanation))
    }
}

extension NetlinkSocket {
    /// Sends requests and waits until the kernel has answered each.
    ///
    /// - Parameters:
    ///   - batch: At most 64, so that the answers fit the socket's buffer.
    ///   - operation: What is to be done, for the error.
    ///   - onMessage: Called with each message that is no acknowledgement, the one that ends a
    ///     listing included.
    /// - Returns: The answers, in the order of the requests.
    /// - Throws: `NetlinkError` when the answers do not come, or not whole.
    borrowing func exchange(
        _ batch: RequestBatch, _ operation: String, onMessage: (ReceivedMessage) -> Void = { _ in }
    ) throws(NetlinkError) -> [Acknowledgement] {
        try send(batch)
        var answers = [Acknowledgement?](repeating: nil, count: batch.count)
        var pendingCount = batch.count
        let deadline = MonotonicInstant.now + .seconds(Self.answerSeconds)
        while pendingCount > 0 {
            switch receive() {
            case .datagram(let datagram):
                datagram.forEach { message in
                    // An answer that came too late for its request has another number.
                    let position = Int(message.sequence &- batch.firstSequence)
                    guard position < batch.count, answers[position] == nil else { return }
                    switch message.type {
                    case Int(NLMSG_ERROR): answers[position] = message.acknowledgement
                    case Int(NLMSG_DONE):
                        onMessage(message)
                        answers[position] = message.listingError ?? .done
                    default: return onMessage(message)
                    }
                    if answers[position] != nil { pendingCount -= 1 }
                }
            case .foreign: break
            case .nothing: throw NetlinkError(operation, nil, .unanswered)
            case .overrun: throw NetlinkError(operation, nil, .overrun)
            case .failed(let reason): throw NetlinkError(operation, nil, reason)
            }
            if pendingCount > 0 && MonotonicInstant.now > deadline {
                throw NetlinkError(operation, nil, .unanswered)
            }
        }
        return answers.compactMap { $0 }
    }

    /// Sends one request and waits for its acknowledgement.
    borrowing func perform(
        _ request: borrowing RequestMessage, _ operation: String,
        onMessage: (ReceivedMessage) -> Void = { _ in }
    ) throws(NetlinkError) -> Acknowledgement {
        try exchange(RequestBatch(request, on: self), operation, onMessage: onMessage)[0]
    }

    /// Lists a table as it was at one moment.
    ///
    /// - Parameters:
    ///   - operation: What is to be listed, for the error.
    ///   - request: Makes the request, with `NLM_F_DUMP`.
    ///   - read: Makes an entry of a message; `nil` leaves it out.
    /// - Returns: The entries, in the kernel's order.
    /// - Throws: `NetlinkError`; also when the table kept changing under the listing.
    borrowing func list<Entry>(
        _ operation: String, _ request: () throws(NetlinkError) -> RequestMessage,
        read: (ReceivedMessage) -> Entry?
    ) throws(NetlinkError) -> [Entry] {
        let attemptLimit = 16
        for _ in 0..<attemptLimit {
            var entries: [Entry] = []
            var isInterrupted = false
            let answer = try perform(try request(), operation) { message in
                // Where the rest of a table vanished meanwhile, only the end says so.
                if message.flags & NLM_F_DUMP_INTR != 0 { isInterrupted = true }
                if message.type != NLMSG_DONE, let entry = read(message) { entries.append(entry) }
            }
            try answer.get(operation)
            if !isInterrupted { return entries }
        }
        throw NetlinkError(operation, nil, .inconsistent)
    }
}
