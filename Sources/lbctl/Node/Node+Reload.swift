#if Program
internal import Control
internal import Failover
internal import LinuxIO
internal import NodeConfiguration

extension Node {
    /// Called with `nil`, or with the reason why the old configuration stays in force.
    typealias ReloadCompletion = (Failure?) -> Void

    /// Reads the files again; an error anywhere leaves everything as it is.
    func reload(completion: @escaping ReloadCompletion) {
        guard !isStopping else { return completion(.stopping) }
        make(.reload([completion]))
    }

    func beginReload() {
        guard !isStopping else { return settleReload(.stopping) }
        serviceManager?.reloading()
        reader.read(from: model, plans: false) { [unowned self] result, diagnostics in
            for diagnostic in diagnostics.condensed {
                log(Log.Severity(diagnostic), "\(diagnostic)")
            }
            guard !isStopping else { return settleReload(.stopping) }
            switch result {
            case .failure(let failure): settleReload(failure)
            case .success(let next): putInForce(next)
            }
        }
    }

    private func putInForce(_ next: ReadConfiguration) {
        let commit = { [unowned self] () throws(Failure) in try commitElection(next) }
        guard let supervisor else {
            do throws(Failure) { try commit() } catch { return settleReload(error) }
            return settleReload(nil)
        }
        supervisor.replace(with: next.served, isReload: true, commit: commit) { [unowned self] in
            settleReload($0)
        }
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
        reader.read(from: model, plans: true) { [unowned self] result, _ in
            let answer: ControlResponse
            do throws(Failure) {
                let next = try result.get()
                let steps = try electionPlan(next.election).steps.map(\.description)
                let lines = steps + next.balancingPlan
                answer = .done(lines.isEmpty ? "nothing changes" : lines.joined(separator: "\n"))
            } catch { answer = .failed(ControlFailure(error)) }
            isPlanning = false
            asked.forEach { $0(answer) }
            if !isPlanning, !askingForPlan.isEmpty { plan() }
        }
    }

    /// Puts the election's part in force: the last step, when the balancer's is ready.
    private func commitElection(_ next: ReadConfiguration) throws(Failure) {
        if let failover {
            do throws(FailoverError) {
                try failover.reconfigure(next.election)
            } catch { throw Failure(error) }
        } else {
            try startFailover(next.model)
            if failover != nil { log(.notice, "Reload complete") }
        }
        let former = model
        model = next.model
        tellRunTimeServers(from: former)
        keepWill()
    }

    /// What a reload would change in the election; where there is none yet, all of it begins.
    private func electionPlan(
        _ configuration: FailoverConfiguration
    ) throws(Failure) -> FailoverPlan {
        guard let failover else { return FailoverPlan(starting: configuration) }
        do throws(FailoverError) { return try failover.plan(for: configuration) } catch {
            throw Failure(error)
        }
    }

    private func settleReload(_ failure: Failure?) {
        if let failure {
            log(.error, "the configuration stays as it was: \(failure.message)")
        } else {
            if failover == nil { log(.notice, "Reload complete") }
            supervisor?.showNode()
        }
        if !isStopping { serviceManager?.ready() }
        if case .reload(let asked) = changing { asked.forEach { $0(failure) } }
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
