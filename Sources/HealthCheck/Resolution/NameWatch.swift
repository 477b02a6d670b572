#if Probes
import NIOCore

/// One name, and the servers that it is the name of.
///
/// SAFETY: all that changes is touched on `eventLoop` only.
final class NameWatch: @unchecked Sendable {
    /// What questions are shared by.
    struct Key: Hashable {
        let resolver: String?
        let name: DomainName
        let isService: Bool
        let prefersIPv6: Bool

        init(_ target: NamedTarget) {
            resolver = target.resolver?.name
            name = target.name
            isService = target.isService
            prefersIPv6 = target.prefersIPv6
        }
    }

    /// What name servers have said so far, for who asks for the name next.
    struct Knowledge: Sendable {
        fileprivate let begin: NIODeadline
        fileprivate let record: ResolutionRecord
        fileprivate let hosts: [DomainName: NameQuestion.Host]
    }

    let key: Key
    private let targets: [NamedTarget]
    private let settings: ResolverSettings?
    private let eventLoop: any EventLoop
    private let library: LibraryLookup.Asking
    private let onReport: @Sendable (ResolutionReport) -> Void
    private var begin = NIODeadline.now()
    private var record: ResolutionRecord
    /// Of a service, what its hosts' addresses were.
    private var hosts: [DomainName: NameQuestion.Host] = [:]
    private var slots: [AddressChoice.Slot]
    private var weights: [Int?]
    /// Whether those without an address have been told of.
    private var hasSpoken = false
    private var isAsking = false
    private var isStopped = false
    private var next: Scheduled<Void>?

    /// Makes a watch that does not ask yet.
    ///
    /// - Parameters:
    ///   - key: What all targets have in common.
    ///   - targets: The servers; at least one.
    ///   - library: The host's own resolver.
    ///   - eventLoop: Where everything happens.
    ///   - onReport: Told of each change.
    init(
        _ key: Key, _ targets: [NamedTarget], library: @escaping LibraryLookup.Asking,
        on eventLoop: any EventLoop, onReport: @escaping @Sendable (ResolutionReport) -> Void
    ) {
        self.library = library
        self.key = key
        self.targets = targets
        self.eventLoop = eventLoop
        self.onReport = onReport
        settings = targets.first?.resolver
        record = ResolutionRecord(settings?.holds ?? .init())
        slots = targets.map { target in
            var slot = AddressChoice.Slot(group: target.group, port: target.port)
            slot.prefersIPv6 = target.prefersIPv6
            slot.networks = target.networks
            slot.allowsDuplicates = target.allowsDuplicates
            slot.current = target.current
            return slot
        }
        weights = targets.map { _ in nil }
    }

    /// What is known here.
    var knowledge: Knowledge { Knowledge(begin: begin, record: record, hosts: hosts) }

    /// Goes on from what another has heard: its answers are held on to as it would have.
    func goOn(from former: Knowledge) {
        begin = former.begin
        record = former.record
        record.holds = settings?.holds ?? .init()
        hosts = former.hosts
    }

    func has(_ id: String) -> Bool { targets.contains { $0.id == id } }

    func start() {
        let waiting = targets.indices.filter {
            targets[$0].current == nil && begin($0, by: targets[$0].beginnings[...])
        }
        if !waiting.isEmpty { askLibrary(for: waiting) }
        if settings != nil { ask() }
    }

    /// Gives a target the first address that is known without a question.
    ///
    /// - Returns: Whether the host's own resolver is to be asked before there is one.
    private func begin(
        _ index: Int, by beginnings: ArraySlice<NamedTarget.Beginning>
    ) -> Bool {
        for beginning in beginnings {
            switch beginning {
            case .last:
                guard let address = targets[index].remembered else { continue }
                set(index, .init(address: address, weight: nil), "what was known before")
                return false
            case .address(let bytes):
                let address = ResolvedAddress(bytes, port: targets[index].port)
                set(index, .init(address: address, weight: nil), "init-addr")
                return false
            case .library:
                guard !key.isService else { continue }
                return true
            case .none: return false
            }
        }
        return false
    }

    func stop() {
        isStopped = true
        next?.cancel()
    }

    /// Asks now instead of later.
    func hurry() {
        guard settings != nil, !isAsking, !isStopped else { return }
        next?.cancel()
        ask()
    }

    // MARK: Asking

    private func askLibrary(for wanted: [Int]) {
        library(key.name, eventLoop).whenSuccess { offers in
            guard !self.isStopped else { return }
            // What name servers have said meanwhile is newer.
            let missing = wanted.filter { self.slots[$0].current == nil }
            let offers = offers.prefix(ResolutionRecord.mostAddresses)
            let given = AddressChoice.addresses(for: self.slots, of: Array(offers))
            for index in missing {
                if let given = given[index] {
                    self.set(index, given, "the host's resolver")
                } else {
                    let rest = self.targets[index].beginnings.split(
                        separator: .library, maxSplits: 1, omittingEmptySubsequences: false)
                    _ = self.begin(index, by: rest.last ?? [])
                }
            }
            guard self.settings == nil else { return }
            let without = wanted.filter { self.slots[$0].current == nil }
            self.speak("the host's resolver knows no address")
            guard !without.isEmpty else { return }
            self.next = self.eventLoop.scheduleTask(in: Self.libraryPause) {
                self.askLibrary(for: without)
            }
        }
    }

    private func ask() {
        guard let settings, !isAsking, !isStopped else { return }
        isAsking = true
        let question = NameQuestion(
            name: key.name, isService: key.isService, prefersIPv6: key.prefersIPv6,
            knowsAddresses: slots.contains { $0.current != nil }, hosts: hosts,
            settings: settings, eventLoop: eventLoop)
        question.ask().whenSuccess { result in
            if case .valid = result.outcome { self.hosts = result.hosts }
            self.take(result.outcome, from: result.origin, settings)
        }
    }

    private func take(
        _ outcome: ResolutionRecord.Outcome, from origin: String, _ settings: ResolverSettings
    ) {
        isAsking = false
        guard !isStopped else { return }
        record.take(outcome, at: elapsed)
        if let offers = record.addresses(at: elapsed) {
            let given = AddressChoice.addresses(for: slots, of: offers)
            for (index, given) in given.enumerated() {
                set(index, given, given == nil ? outcome.words : origin)
            }
        }
        speak(outcome.words)
        let isValid = if case .valid = outcome { true } else { false }
        let pause = isValid ? settings.holds.valid : settings.failureInterval
        next = eventLoop.scheduleTask(in: TimeAmount(max(pause, Self.shortestPause))) {
            self.ask()
        }
    }

    private var elapsed: Duration { Duration(NIODeadline.now() - begin) }

    // MARK: Telling

    private func set(_ index: Int, _ given: AddressChoice.Given?, _ origin: String) {
        let former = slots[index].current
        guard former != given?.address || weights[index] != given?.weight else { return }
        slots[index].current = given?.address
        weights[index] = given?.weight
        onReport(
            ResolutionReport(
                id: targets[index].id, address: given?.address, former: former,
                weight: given?.weight, origin: origin))
    }

    /// Tells once of each that has no address though somebody was asked.
    private func speak(_ reason: String) {
        guard !hasSpoken else { return }
        hasSpoken = true
        for (target, slot) in zip(targets, slots) where slot.current == nil {
            onReport(
                ResolutionReport(
                    id: target.id, address: nil, former: nil, weight: nil, origin: reason))
        }
    }

    private static let libraryPause = TimeAmount.seconds(5)
    private static let shortestPause = Duration.milliseconds(10)
}
#endif
