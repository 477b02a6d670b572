#if Probes
import NIOCore

/// What has to be asked of name servers to know the addresses of one name.
struct NameQuestion: Sendable {
    typealias Outcome = ResolutionRecord.Outcome

    /// What came of a question.
    struct Result: Sendable {
        let outcome: Outcome
        /// Who said so.
        var origin = ""
        /// Where addresses of a service were found: its hosts.
        var hosts: [DomainName: Host] = [:]
    }

    /// The address that a host of a service had when it was last asked for.
    struct Host: Hashable, Sendable {
        let bytes: [UInt8]
        let seen: NIODeadline
    }

    let name: DomainName
    let isService: Bool
    let prefersIPv6: Bool
    /// Whether there are addresses that are not given up because one family is not answered for.
    let knowsAddresses: Bool
    /// What is known of a service's hosts, to be held on to where nobody answers for one.
    var hosts: [DomainName: Host] = [:]
    let settings: ResolverSettings
    let eventLoop: any EventLoop

    /// Asks; called on `eventLoop`.
    ///
    /// - Returns: What came of it, and who said so; never a failed future.
    func ask() -> EventLoopFuture<Result> {
        isService
            ? askForService() : askForAddresses(of: name, isKnown: knowsAddresses)
    }

    private func transact(_ name: DomainName, _ type: DNSRecordType) -> EventLoopFuture<DNSReply> {
        DNSTransaction.ask(DNSQuestion(name, type: type), settings, on: eventLoop)
    }

    /// First the better family; the other where the name has no address of that, or nothing is known
    /// yet.
    ///
    /// That there is none of the other says nothing of the better one that nobody answered for.
    private func askForAddresses(of name: DomainName, isKnown: Bool) -> EventLoopFuture<Result> {
        askForAddresses(of: name, isIPv6: prefersIPv6).flatMap { first in
            switch first.outcome {
            case .valid: return eventLoop.makeSucceededFuture(first)
            case .noSuchName: return askForAddresses(of: name, isIPv6: !prefersIPv6)
            case .timedOut, .refused, .other:
                guard !isKnown else { return eventLoop.makeSucceededFuture(first) }
                return askForAddresses(of: name, isIPv6: !prefersIPv6).map { second in
                    if case .valid = second.outcome { second } else { first }
                }
            }
        }
    }

    private func askForAddresses(of name: DomainName, isIPv6: Bool) -> EventLoopFuture<Result> {
        transact(name, isIPv6 ? .aaaa : .a).map { reply in
            Self.result(of: reply) { $0.addresses.map { AddressOffer(bytes: $0) } }
        }
    }

    private static func result(
        of reply: DNSReply, _ offers: (DNSAnswer) -> [AddressOffer]
    ) -> Result {
        switch reply {
        case .answer(let answer, let origin):
            let offers = offers(answer)
            return Result(outcome: offers.isEmpty ? .noSuchName : .valid(offers), origin: origin)
        case .noSuchName: return Result(outcome: .noSuchName)
        case .refused: return Result(outcome: .refused)
        case .failed: return Result(outcome: .other)
        case .timedOut: return Result(outcome: .timedOut)
        }
    }

    // MARK: Services

    /// The record SRV, and the addresses of its hosts where they did not come along.
    private func askForService() -> EventLoopFuture<Result> {
        transact(name, .srv).flatMap { reply in
            guard case .answer(let answer, let origin) = reply else {
                return eventLoop.makeSucceededFuture(Self.result(of: reply) { _ in [] })
            }
            // A target of "." says that there is no such service, RFC 2782.
            let services = answer.services.filter { $0.target.bytes != [0] && $0.port > 0 }
                .sorted { ($0.priority, $1.weight) < ($1.priority, $0.weight) }
                .prefix(Self.mostServices)
            let found = services.map { service in
                find(service.target, answer.furtherAddresses[service.target]).map { (service, $0) }
            }
            return EventLoopFuture.whenAllSucceed(found, on: eventLoop).map {
                summary(of: $0, origin)
            }
        }
    }

    /// The address of a service's host, of those that came along or that name servers have.
    private func find(
        _ host: DomainName, _ known: [[UInt8]]?
    ) -> EventLoopFuture<Finding> {
        if let address = known.flatMap(best) {
            return eventLoop.makeSucceededFuture(.address(address))
        }
        let isKnown = hosts[host].map { ($0.bytes.count == 16) == prefersIPv6 } ?? false
        return askForAddresses(of: host, isKnown: isKnown).map { result in
            switch result.outcome {
            case .valid(let offers): best(of: offers.map(\.bytes)).map { .address($0) } ?? .none
            case .noSuchName: .none
            case .timedOut, .refused, .other: .failure(result.outcome)
            }
        }
    }

    private func best(of addresses: [[UInt8]]) -> [UInt8]? {
        addresses.first { ($0.count == 16) == prefersIPv6 } ?? addresses.first
    }

    /// What became of one host of a service.
    private enum Finding {
        case address([UInt8])
        /// The host has no address.
        case none
        /// Nobody says whether it has one.
        case failure(Outcome)
    }

    /// What hosts come to: one that nobody answers for keeps its address for as long as a name does.
    ///
    /// Where nobody answers for any, the question itself failed.
    private func summary(
        of found: [(service: DNSAnswer.Service, finding: Finding)], _ origin: String
    ) -> Result {
        let now = NIODeadline.now()
        var offers: [AddressOffer] = []
        var left: [DomainName: Host] = [:]
        var failure: Outcome?
        var isAnswered = false
        for (service, finding) in found {
            let host: Host
            switch finding {
            case .none: continue
            case .address(let bytes):
                isAnswered = true
                host = Host(bytes: bytes, seen: now)
            case .failure(let outcome):
                failure = failure ?? outcome
                guard let known = hosts[service.target],
                    Duration(now - known.seen) < settings.holds.time(after: outcome)
                else { continue }
                host = known
            }
            left[service.target] = host
            offers.append(
                AddressOffer(
                    bytes: host.bytes, port: service.port, weight: Int(service.weight) / 256 + 1))
        }
        if let failure, !isAnswered { return Result(outcome: failure) }
        return Result(
            outcome: offers.isEmpty ? .noSuchName : .valid(offers), origin: origin, hosts: left)
    }

    /// More hosts of one service would be more questions at once than anybody asks.
    private static let mostServices = 100
}
#endif
