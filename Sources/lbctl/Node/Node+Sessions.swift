#if Program
internal import Control

extension Node {
    /// Has a part of an order about connections carried out.
    func carryOut(_ order: SessionOrder, _ answer: @escaping ControlSocket.Answer) {
        func fail(_ message: String, _ status: Failure.Status) {
            answer([ControlCodec.encode(.failed(ControlFailure(Failure(status, message))))])
        }
        guard let supervisor else { return fail("this node relays no connections", .notSo) }
        if order.action == .kill {
            guard !order.filter.isEmpty || order.all == true else {
                return fail("an order to end all connections must say so by \"all\"", .badInput)
            }
            // Each further part belongs to the same order.
            if order.from == nil { log(.notice, "the operator ends \(order.words)") }
        }
        supervisor.ask(order) { pieces in
            guard let pieces else {
                return fail("the balancer process does not answer", .systemRefused)
            }
            answer(pieces)
        }
    }
}

extension SessionOrder {
    /// Which are meant, for the log.
    fileprivate var words: String {
        if let id = filter.id { return "connection \(id)" }
        let what = most.map { "up to \($0) connections" } ?? "all connections"
        let properties = [
            filter.proxy.map { "of \($0.debugDescription)" },
            filter.server.map { "to \($0.debugDescription)" },
            filter.source.map { "from \($0.debugDescription)" },
            filter.olderThan.map { "older than \($0) ms" },
        ]
        return ([what] + properties.compactMap(\.self)).joined(separator: " ")
    }
}
#endif
