#if Program
internal import Control
internal import Failover
internal import LinuxIO
internal import NodeConfiguration

extension Node {
    /// Called with `nil`, or with the reason why the old configuration stays in force.
    typealias ReloadCompletion = (Failure?) -> Void

    /// Reads the files again; an error anywhere leaves everything as it is.
    ///
    /// One at a time: who asks meanwhile gets the next one, in which the files are read once more.
    func reload(completion: @escaping ReloadCompletion) {
        guard !isStopping else {
            return completion(Failure(.systemRefused, "the program is stopping"))
        }
        guard reloading == nil else { return reloadingNext.append(completion) }
        reloading = [completion]
        beginReload()
    }

    private func beginReload() {
        let next: Model
        do throws(Failure) { next = try readAgain(logging: true) } catch {
            return settleReload(error)
        }
        let commit = { [unowned self] () throws(Failure) in try commitElection(next) }
        guard let supervisor else {
            do throws(Failure) { try commit() } catch { return settleReload(error) }
            return settleReload(nil)
        }
        supervisor.replace(with: next, commit: commit) { [unowned self] in settleReload($0) }
    }

    /// Says what a reload would change, and changes nothing.
    func planReload() -> ControlResponse {
        do throws(Failure) {
            let next = try readAgain(logging: false)
            let plan = ReloadPlan(from: model, to: next, election: try electionPlan(next))
            return .done(plan.lines.joined(separator: "\n"))
        } catch { return .failed(ControlFailure(error)) }
    }

    private func readAgain(logging: Bool) throws(Failure) -> Model {
        let loaded = options.loadAgain()
        if logging {
            for diagnostic in loaded.diagnostics { log(Log.Severity(diagnostic), "\(diagnostic)") }
        }
        guard let next = loaded.model else {
            let errors = loaded.diagnostics.filter { $0.severity == .error }
            throw Failure(.badInput, errors.map(\.description).joined(separator: "\n"))
        }
        guard next.hasBalancer == model.hasBalancer else {
            throw Failure(
                .systemRefused,
                "a reload cannot add or remove the whole balancer; restart the program")
        }
        try next.checkPrivileges()
        return next
    }

    /// Puts the election's part in force: the last step, when the balancer's is ready.
    private func commitElection(_ next: Model) throws(Failure) {
        if let failover {
            do throws(FailoverError) {
                try failover.reconfigure(FailoverConfiguration(next))
            } catch { throw Failure(error) }
        } else {
            try startFailover(next)
            if failover != nil { log(.notice, "Reload complete") }
        }
        model = next
    }

    /// What a reload would change in the election; where there is none yet, all of it begins.
    private func electionPlan(_ next: Model) throws(Failure) -> FailoverPlan {
        let configuration = FailoverConfiguration(next)
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
        let asked = reloading ?? []
        reloading = nil
        asked.forEach { $0(failure) }
        guard !reloadingNext.isEmpty, reloading == nil else { return }
        reloading = reloadingNext
        reloadingNext = []
        guard !isStopping else {
            return settleReload(Failure(.systemRefused, "the program is stopping"))
        }
        beginReload()
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
