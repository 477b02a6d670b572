#if Program
internal import Control
internal import NodeConfiguration

extension Monitor {
    /// What a page has of it; `nil`: nothing.
    init?(_ page: StatisticsPage) {
        guard let path = page.monitorPath else { return nil }
        self.init(path: path)
        failures = page.monitorFailures.map { condition in
            Failure(
                alternatives: condition.alternatives.map { $0.map(Term.init) },
                isNegated: condition.isNegated)
        }
    }
}

extension Monitor.Term {
    fileprivate init(_ term: RuleCondition.Term) {
        // The reader lets nothing pass that the status does not tell.
        self.init(
            questions: term.questions.compactMap(Monitor.Question.init), isNegated: term.isNegated)
    }
}

extension Monitor.Question {
    fileprivate init?(_ question: ConnectionQuestion) {
        switch question {
        case .constant(let answer): self = .constant(answer)
        case .serverIsUp(let server): self = .serverIsUp(server.server, pool: server.backend)
        case .server(let quantity, let server, let counts):
            self = .server(server.server, pool: server.backend, .init(quantity), counts)
        case .pool(let quantity, let name, let counts):
            guard let quantity = Monitor.PoolQuantity(quantity) else { return nil }
            self = .pool(name, quantity, counts)
        case .connectionCount(let name?, let counts): self = .connections(name, counts)
        case .sessionRate(let name?, let counts): self = .sessionRate(name, counts)
        default: return nil
        }
    }
}

extension Monitor.PoolQuantity {
    fileprivate init?(_ quantity: BackendQuantity) {
        switch quantity {
        case .usableServers: self = .usableServers
        case .connections: self = .connections
        case .sessionRate: self = .sessionRate
        case .waiting: self = .waiting
        case .waitingPerServer: self = .waitingPerServer
        case .freePlaces, .freeConnections: return nil
        }
    }
}

extension Monitor.ServerQuantity {
    fileprivate init(_ quantity: ServerQuantity) {
        self =
            switch quantity {
            case .connections: .connections
            case .sessionRate: .sessionRate
            case .waiting: .waiting
            }
    }
}
#endif
