#if Program
import NIOCore

/// What has to be asked of name servers to know the addresses of one name.
struct NameQuestion: Sendable {
    typealias Outcome = ResolutionRecord.Outcome

    let name: DomainName
    let isService: Bool
    let prefersIPv6: Bool
    /// Whether there are addresses that are not given up because one family is not answered for.
    let knowsAddresses: Bool
    let settings: ResolverSettings
    let eventLoop: any EventLoop

    /// Asks; called on `eventLoop`.
    ///
    /// - Returns: What came of it, and who said so; never a failed future.
    func ask() -> EventLoopFuture<(outcome: Outcome, origin: String)> {
        isService ? askForService() : askForAddresses(of: name, thenOther: true)
    }

    private func transact(_ name: DomainName, _ type: DNSRecordType) -> EventLoopFuture<DNSReply> {
        DNSTransaction.ask(DNSQuestion(name, type: type), settings, on: eventLoop)
    }

    /// First the better family; the other where the name has no address of that, or nothing is known
    /// yet.
    private func askForAddresses(
        of name: DomainName, thenOther: Bool
    ) -> EventLoopFuture<(outcome: Outcome, origin: String)> {
        let isIPv6 = thenOther ? prefersIPv6 : !prefersIPv6
        return transact(name, isIPv6 ? .aaaa : .a).flatMap { reply in
            let outcome = Self.outcome(of: reply) { answer in
                answer.addresses.map { AddressOffer(bytes: $0) }
            }
            switch outcome.outcome {
            case .valid: break
            case .noSuchName where thenOther: return askForAddresses(of: name, thenOther: false)
            case .timedOut, .refused, .other:
                guard thenOther, !knowsAddresses else { break }
                return askForAddresses(of: name, thenOther: false)
            case .noSuchName: break
            }
            return eventLoop.makeSucceededFuture(outcome)
        }
    }

    private static func outcome(
        of reply: DNSReply, _ offers: (DNSAnswer) -> [AddressOffer]
    ) -> (outcome: Outcome, origin: String) {
        switch reply {
        case .answer(let answer, let origin):
            let offers = offers(answer)
            return (offers.isEmpty ? .noSuchName : .valid(offers), origin)
        case .noSuchName: return (.noSuchName, "")
        case .refused: return (.refused, "")
        case .failed: return (.other, "")
        case .timedOut: return (.timedOut, "")
        }
    }

    // MARK: Services

    /// The record SRV, and the addresses of its hosts where they did not come along.
    private func askForService() -> EventLoopFuture<(outcome: Outcome, origin: String)> {
        transact(name, .srv).flatMap { reply in
            guard case .answer(let answer, let origin) = reply else {
                return eventLoop.makeSucceededFuture(Self.outcome(of: reply) { _ in [] })
            }
            // A target of "." says that there is no such service, RFC 2782.
            let services = answer.services.filter { $0.target.bytes != [0] && $0.port > 0 }
                .sorted { ($0.priority, $1.weight) < ($1.priority, $0.weight) }
                .prefix(Self.mostServices)
            return offers(Array(services), answer.furtherAddresses).map { offers in
                (offers.isEmpty ? .noSuchName : .valid(offers), origin)
            }
        }
    }

    private func offers(
        _ services: [DNSAnswer.Service], _ known: [DomainName: [[UInt8]]]
    ) -> EventLoopFuture<[AddressOffer]> {
        let found = services.map { service in
            let addresses: EventLoopFuture<[[UInt8]]> =
                if let known = known[service.target] {
                    eventLoop.makeSucceededFuture(known)
                } else {
                    askForAddresses(of: service.target, thenOther: true).map { result in
                        guard case .valid(let offers) = result.outcome else { return [] }
                        return offers.map(\.bytes)
                    }
                }
            return addresses.map { addresses in
                let wanted = addresses.first { ($0.count == 16) == prefersIPv6 } ?? addresses.first
                return wanted.map {
                    AddressOffer(
                        bytes: $0, port: service.port, weight: Int(service.weight) / 256 + 1)
                }
            }
        }
        return EventLoopFuture.whenAllSucceed(found, on: eventLoop).map { $0.compactMap { $0 } }
    }

    /// More hosts of one service would be more questions at once than anybody asks.
    private static let mostServices = 100
}
#endif
