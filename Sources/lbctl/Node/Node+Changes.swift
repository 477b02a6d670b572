#if Program
internal import Control
internal import NodeConfiguration

/// What is to become of the model in force.
enum ModelChange {
    /// It becomes what the files say; who waits for that.
    case reload([Node.ReloadCompletion])
    /// A server comes or goes; who waits for that.
    case pool(PoolOrder, (ControlResponse) -> Void)
}

extension Node {
    /// Makes a change once those before it are made: one at a time, each of what the one before has left.
    func make(_ change: ModelChange) {
        // The files are read once for all who ask before that.
        if case .reload(let more) = change, case .reload(let asked) = changes.last {
            changes[changes.count - 1] = .reload(asked + more)
        } else {
            changes.append(change)
        }
        beginChange()
    }

    /// Ends the change that is made, and begins the next one.
    func endChange() {
        changing = nil
        beginChange()
    }

    private func beginChange() {
        guard changing == nil, !changes.isEmpty else { return }
        let change = changes.removeFirst()
        changing = change
        switch change {
        case .reload: beginReload()
        case .pool(let order, let answer):
            begin(order) { [unowned self] response in
                answer(response)
                endChange()
            }
        }
    }

    /// Answers an order about a pool, and carries it out.
    func carryOut(_ order: PoolOrder, _ answer: @escaping (ControlResponse) -> Void) {
        guard order.change == .askRemovable else { return make(.pool(order, answer)) }
        do throws(Failure) {
            _ = try model.place(of: order)
        } catch { return answer(.failed(ControlFailure(error))) }
        // A process that is away is one more thing to wait for.
        askRemovable(order) { answer($0 ?? .done("the balancer process does not answer")) }
    }

    // MARK: A server that comes or goes

    private func begin(_ order: PoolOrder, _ answer: @escaping (ControlResponse) -> Void) {
        guard !isStopping else { return answer(.failed(ControlFailure(.stopping))) }
        guard order.change == .remove else { return putInForce(order, answer) }
        do throws(Failure) {
            _ = try model.place(of: order)
        } catch { return answer(.failed(ControlFailure(error))) }
        askRemovable(order) { [unowned self] response in
            let response =
                response
                ?? .failed(
                    ControlFailure(
                        Failure(.systemRefused, "the balancer process does not answer")))
            guard case .done(let complaint) = response else { return answer(response) }
            guard complaint.isEmpty else {
                return answer(
                    .failed(
                        ControlFailure(
                            Failure(
                                .notSo,
                                complaint
                                    + "; '--wait SECONDS' waits for their end, and 'lbctl session"
                                    + " kill --server \(order.serverName)' ends them"))))
            }
            putInForce(order, answer)
        }
    }

    /// Whether a server is about to go, once it is known that nobody is connected to it: from then on nobody
    /// may let clients in.
    func isTakingAway(_ server: ServerReference) -> Bool {
        guard case .pool(let order, _) = changing, order.change == .remove else { return false }
        return order.reference == server
    }

    /// Answers with `nil` when no process does in time.
    private func askRemovable(
        _ order: PoolOrder, _ answer: @escaping (ControlResponse?) -> Void
    ) {
        guard let supervisor else { return answer(.failed(ControlFailure(.withoutBalancer))) }
        supervisor.askRemovable(order, completion: answer)
    }

    private func putInForce(_ order: PoolOrder, _ answer: @escaping (ControlResponse) -> Void) {
        guard let supervisor else { return answer(.failed(ControlFailure(.withoutBalancer))) }
        reader.change(model, by: order) { [unowned self] result, warnings in
            do throws(Failure) {
                guard !isStopping else { throw .stopping }
                let next = try result.get()
                let commit = { [unowned self] () throws(Failure) in model = next.model }
                supervisor.replace(with: next.served, isReload: false, commit: commit) { failure in
                    if let failure { return answer(.failed(ControlFailure(failure))) }
                    answer(.done(self.tell(order, warnings)))
                }
            } catch { answer(.failed(ControlFailure(error))) }
        }
    }

    /// Takes down and logs what was done.
    ///
    /// - Returns: What the operator is told.
    private func tell(_ order: PoolOrder, _ warnings: [Diagnostic]) -> String {
        for warning in warnings { log(.warning, "\(warning)") }
        supervisor?.showNode()
        let (name, isInFiles) = (order.serverName, runTimeServers[order.serverName])
        guard case .add(let words) = order.change else {
            runTimeServers[name] = isInFiles == false ? nil : true
            log(.notice, "\(name): taken away by the operator")
            return isInFiles == false
                ? "\(name): taken away"
                : "\(name): taken away until the next reload or restart, since the configuration still"
                    + " has it: take its line out there too"
        }
        runTimeServers[name] = isInFiles ?? false
        log(.notice, "\(name): added by the operator: \(words.joined(separator: " "))")
        let place = try? model.place(of: order)
        let isReady = place.map { !model.backends[$0.pool].servers[$0.server].isDisabled } ?? false
        let state =
            isReady
            ? "added, and takes clients"
            : "added, in maintenance: 'lbctl server ready \(name)' lets clients in"
        return
            (warnings.map(\.description) + [
                "\(name): \(state)",
                "\(name): lasts until the next reload or restart: add its line to the configuration to"
                    + " keep it",
            ]).joined(separator: "\n")
    }

    /// Says what a reload makes of servers that came or went while the program ran.
    func tellRunTimeServers(from former: Model) {
        for name in runTimeServers.keys.sorted() {
            switch (former.server(named: name), model.server(named: name)) {
            case (_?, nil):
                log(
                    .warning,
                    "\(name) was added at run time and is not in the configuration: it takes nobody any"
                        + " more, and its connections go on to their end")
            case (nil, _?):
                log(
                    .warning,
                    "\(name) was taken away at run time and is in the configuration: it is back")
            case (let was?, let now?) where was != now:
                log(.notice, "\(name) was added at run time: it is as the configuration has it now")
            case (_?, _?), (nil, nil): break
            }
        }
        runTimeServers = [:]
    }
}

extension Failure {
    static let stopping = Failure(.systemRefused, "the program is stopping")
    static let withoutBalancer = Failure(.notSo, "this node has no balancer")
}
#endif
