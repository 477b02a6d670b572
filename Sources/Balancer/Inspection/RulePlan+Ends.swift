public import LinuxIO

extension RulePlan {
    /// Whether a client may connect, by rules that ask about the ends of the connection alone.
    ///
    /// For who accepts without a balancer. Its own workers ask the same questions as they go along,
    /// of facts that are fetched when they are needed.
    ///
    /// - Parameters:
    ///   - client: Where the connection comes from.
    ///   - server: Where it arrived.
    /// - Returns: The verdict; no, as long as a rule asks about anything else.
    public func admits(_ client: IPEndpoint, at server: IPEndpoint) -> Bool {
        for list in [connection, session, content] {
            for rule in list {
                guard let holds = rule.condition.holds(client, server) else { return false }
                guard holds else { continue }
                guard rule.action == .accept else { return false }
                break
            }
        }
        return true
    }
}

extension Condition {
    /// `nil`: the ends do not tell.
    fileprivate func holds(_ client: IPEndpoint, _ server: IPEndpoint) -> Bool? {
        var isAnyTrue = false
        for terms in alternatives {
            var areAllTrue = true
            for term in terms {
                var isOneTrue = false
                for question in term.questions {
                    guard let answer = question.answer(client, server) else { return nil }
                    isOneTrue = isOneTrue || answer
                }
                areAllTrue = areAllTrue && isOneTrue != term.isNegated
            }
            isAnyTrue = isAnyTrue || areAllTrue
        }
        return isAnyTrue != isNegated
    }
}

extension Question {
    /// `nil`: the ends do not tell.
    fileprivate func answer(_ client: IPEndpoint, _ server: IPEndpoint) -> Bool? {
        switch self {
        case .constant(let value): value
        case .source(let table): table.value(for: client) != nil
        case .destination(let table): table.value(for: server) != nil
        case .sourcePort(let ranges): ranges.contains { $0.contains(Int(client.port)) }
        case .destinationPort(let ranges): ranges.contains { $0.contains(Int(server.port)) }
        case .waitIsOver, .serverName, .protocolName, .helloType, .byteCount, .tlsVersion, .payload,
            .rdpCookie, .rdpCookieCount, .mqttField, .mqttValidity,
            .pool, .serverIsUp, .server, .connectionCount, .sessionRate,
            .listenerConnections, .listenerNumber, .random, .securedText, .securedNumber,
            .headerText, .variable, .counter:
            nil
        }
    }
}
