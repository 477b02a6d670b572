#if Program
internal import Control
internal import Failover
internal import LinuxIO
internal import NodeConfiguration

extension Node {
    /// Called with what changed, or with the reason why the old configuration stays in force.
    typealias ReloadCompletion = (Result<ReloadSummary, Failure>) -> Void

    /// Reads the files again; an error anywhere leaves everything as it is.
    func reload(completion: @escaping ReloadCompletion) {
        guard !isStopping else { return completion(.failure(.stopping)) }
        make(.reload([completion]))
    }

    func beginReload() {
        guard !isStopping else { return settleReload(.failure(.stopping)) }
        serviceManager?.reloading()
        reader.read(from: model) { [unowned self] result, diagnostics in
            for diagnostic in diagnostics.condensed {
                log(Log.Severity(diagnostic), "\(diagnostic)")
            }
            guard !isStopping else { return settleReload(.failure(.stopping)) }
            switch result {
            case .failure(let failure):
                let errorCount = diagnostics.count { $0.severity == .error }
                settleReload(.failure(failure), alreadyTold: errorCount)
            case .success(let next): putInForce(next)
            }
        }
    }

    private func putInForce(_ next: ReadConfiguration) {
        var steps: [FailoverPlan.Step] = []
        let commit = { [unowned self] () throws(Failure) in steps = try commitElection(next) }
        let settle = { [unowned self] (failure: Failure?) in
            guard let failure else {
                return settleReload(.success(ReloadSummary(steps, next.plan.steps)))
            }
            settleReload(.failure(failure))
        }
        guard let supervisor else {
            do throws(Failure) { try commit() } catch { return settle(error) }
            return settle(nil)
        }
        supervisor.replace(with: next.served, isReload: true, commit: commit, completion: settle)
    }

    /// Says what a reload would change, and changes nothing.
    ///
    /// The files are read for one at a time, and once for all who ask meanwhile.
    func planReload(completion: @escaping (ControlResponse) -> Void) {
        askingForPlan.append(completion)
        if !isPlanning { plan() }
    }

    private func plan() {
        let asked = askingForPlan
        askingForPlan = []
        isPlanning = true
        reader.read(from: model) { [unowned self] result, _ in
            let answer: ControlResponse
            do throws(Failure) {
                let next = try result.get()
                let steps = try electionPlan(next.election).steps.map(\.description)
                let lines = steps + next.plan.lines
                answer = .done(lines.isEmpty ? "nothing changes" : lines.joined(separator: "\n"))
            } catch { answer = .failed(ControlFailure(error)) }
            isPlanning = false
            asked.forEach { $0(answer) }
            if !isPlanning, !askingForPlan.isEmpty { plan() }
        }
    }

    /// Puts the election's part in force: the last step, when the balancer's is ready.
    ///
    /// - Returns: What changed in the election.
    private func commitElection(
        _ next: ReadConfiguration
    ) throws(Failure) -> [FailoverPlan.Step] {
        let plan: FailoverPlan
        if let failover {
            do throws(FailoverError) {
                plan = try failover.reconfigure(next.election)
            } catch { throw Failure(error) }
        } else {
            plan = try electionPlan(next.election)
            try startFailover(next.model)
            if failover != nil { log(.notice, "Reload complete") }
        }
        let former = model
        model = next.model
        tellRunTimeServers(from: former)
        keepWill()
        return plan.steps
    }

    /// What a reload would change in the election; where there is none yet, all of it begins.
    private func electionPlan(
        _ configuration: FailoverConfiguration
    ) throws(Failure) -> FailoverPlan {
        guard let failover else {
            return FailoverPlan(
                starting: configuration.routers.isEmpty ? FailoverConfiguration() : configuration)
        }
        do throws(FailoverError) { return try failover.plan(for: configuration) } catch {
            throw Failure(error)
        }
    }

    /// Says what came of it.
    ///
    /// - Parameters:
    ///   - result: What changed, or why nothing did.
    ///   - errorCount: Of how many errors in the files the log tells already.
    private func settleReload(
        _ result: Result<ReloadSummary, Failure>, alreadyTold errorCount: Int = 0
    ) {
        switch result {
        case .failure(let failure):
            let reason =
                switch errorCount {
                case 0: failure.message
                case 1: "1 error in the files"
                default: "\(errorCount) errors in the files"
                }
            log(.error, "the configuration stays as it was: \(reason)")
        case .success(let summary):
            if failover == nil { log(.notice, "Reload complete") }
            log(.notice, summary.description)
            supervisor?.showNode()
        }
        if !isStopping { serviceManager?.ready() }
        if case .reload(let asked) = changing { asked.forEach { $0(result) } }
        endChange()
    }
}

extension GlobalSettings {
    /// Refuses a user or group that the balancer process cannot become.
    func checkAccount() throws(Failure) {
        guard userID != nil || groupID != nil, !Privileges.isRoot else { return }
        throw Failure(
            .notPermitted, "'user' and 'group' in a global section: only root can become another")
    }
}
#endif
