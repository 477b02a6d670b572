#if Probes
import NIOCore

extension TargetCheck.State {
    mutating func take(
        _ outcome: ProbeOutcome, after duration: Duration, at now: NIODeadline
    ) -> HealthTransition? {
        startedAt = nil
        isNews = lastOutcome?.code != outcome.code
        lastOutcome = outcome
        lastDuration = duration
        notRunCount = outcome.verdict == nil ? notRunCount + 1 : 0
        takeWishes(of: outcome, at: now)
        guard let passed = outcome.verdict else { return nil }
        let health = record.health
        defer { isNews = isNews || record.health != health }
        let wasDown = record.isKnown && !record.isUp
        if !passed && record.isUp { failedChecks += 1 }
        return note(record.record(passed: passed), wasDown: wasDown, at: now)
    }

    /// Takes note of what else than up or down the target says.
    private mutating func takeWishes(of outcome: ProbeOutcome, at now: NIODeadline) {
        if let report = outcome.facts.agent {
            if report.asksOtherShare(than: agent) { weightSaidAt = now }
            if report.asksOtherLimit(than: agent) { limitSaidAt = now }
            agent = report.added(to: agent)
        }
        if let asked = outcome.facts.weight, asked != weight {
            (weight, weightSaidAt) = (asked, now)
        }
        guard outcome.verdict == true else { return }
        wishesNoClients = outcome.status == .answeredDraining
    }

    mutating func react(
        to reaction: TrafficObservation.Reaction, errorCount: Int, at now: NIODeadline
    ) -> HealthTransition? {
        let health = record.health
        let transition = note(record.react(to: reaction), wasDown: false, at: now)
        isNews = record.health != health
        if isNews {
            failedChecks += 1
            lastOutcome = .clientsFailed(count: errorCount)
            lastDuration = .zero
        }
        return transition
    }

    private mutating func note(
        _ transition: HealthTransition?, wasDown: Bool, at now: NIODeadline
    ) -> HealthTransition? {
        guard let transition else { return nil }
        if wasDown { earlierDowntime += Duration(now - changedAt) }
        if transition == .down { downTransitions += 1 }
        changedAt = now
        return transition
    }

    func report(of check: TargetCheck, transition: HealthTransition?) -> CheckReport {
        let age = Duration(NIODeadline.now() - changedAt)
        let isDown = record.isKnown && !record.isUp
        return CheckReport(
            id: check.id, generation: check.generation, transition: transition,
            record: record, lastOutcome: lastOutcome, lastDuration: lastDuration,
            isChecking: startedAt != nil,
            failedChecks: failedChecks, downTransitions: downTransitions,
            timeSinceChange: age, downtime: earlierDowntime + (isDown ? age : .zero),
            isNews: isNews, cannotRun: transition == nil && cannotRun, memory: memory)
    }

    var cannotRun: Bool { notRunCount == (record.isKnown ? record.fall : 1) }

    init(target: CheckTarget, record: HealthRecord, memory: CheckMemory?) {
        self.init(
            target: target, address: target.presentAddress ?? target.address, record: record)
        guard let memory else { return }
        failedChecks = memory.failedChecks
        downTransitions = memory.downTransitions
        changedAt = .uptimeNanoseconds(memory.changedAt)
        earlierDowntime = .nanoseconds(memory.earlierDowntime)
        agent = memory.agent
        weight = memory.weight
        weightSaidAt = .uptimeNanoseconds(memory.weightSaidAt)
        limitSaidAt = .uptimeNanoseconds(memory.limitSaidAt)
        wishesNoClients = memory.wishesNoClients
    }

    private var memory: CheckMemory {
        var memory = CheckMemory(isUp: record.isUp)
        memory.failedChecks = failedChecks
        memory.downTransitions = downTransitions
        memory.changedAt = changedAt.uptimeNanoseconds
        memory.earlierDowntime = Int64(earlierDowntime / .nanoseconds(1))
        memory.agent = agent
        memory.weight = weight
        memory.weightSaidAt = weightSaidAt.uptimeNanoseconds
        memory.limitSaidAt = limitSaidAt.uptimeNanoseconds
        memory.wishesNoClients = wishesNoClients
        return memory
    }
}
#endif
