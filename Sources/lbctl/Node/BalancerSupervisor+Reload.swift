#if Program
internal import Balancer
internal import Control
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor

/// A model on its way into force.
struct Reload {
    /// How it gets there.
    enum Way {
        /// The process that serves goes on by it, which it makes ready under this number.
        case inPlace(number: Int, deadline: EventLoop.Deadline)
        /// Another process takes over.
        case process(BalancerInstance)
    }

    let model: ServedModel
    /// Whether it comes from the files, and people are told that it is in force.
    let isReload: Bool
    /// The sockets that only this model listens on.
    let opened: [ListeningPlace]
    /// Puts the rest in force; `nil`: that is done.
    var commit: (() throws(Failure) -> Void)?
    let completion: (Failure?) -> Void
    var way: Way?

    /// The process that is to take over.
    var instance: BalancerInstance? {
        if case .process(let instance) = way { instance } else { nil }
    }

    /// Whether this is the number of the model that is made ready in place.
    func has(_ wanted: Int) -> Bool {
        if case .inPlace(wanted, _) = way { true } else { false }
    }
}

extension BalancerSupervisor {
    /// Puts another model in force: in the process that serves, or else in another one beside it.
    ///
    /// One at a time: the caller waits for `completion` before it comes with the next.
    ///
    /// - Parameters:
    ///   - model: The new model.
    ///   - isReload: Whether it comes from the files, and people are told that it is in force.
    ///   - commit: Called when the balancer is ready, to put the rest in force; where it throws, the
    ///     old model stays.
    ///   - completion: Called with `nil`, or with the reason why the old model stays in force.
    func replace(
        with model: ServedModel, isReload: Bool, commit: @escaping () throws(Failure) -> Void,
        completion: @escaping (Failure?) -> Void
    ) {
        precondition(reload == nil, "one reload at a time")
        do throws(Failure) {
            guard model.bytes != self.model.bytes else {
                try commit()
                self.model = model
                return completion(nil)
            }
            // Opening closes them.
            if let closingDeadline { loop.cancel(closingDeadline) }
            reload = Reload(
                model: model, isReload: isReload, opened: try listeners.open(for: model.model),
                commit: commit, completion: completion)
        } catch { return completion(error) }
        if let current, current.phase == .serving, model.model.canFollow(self.model.model) {
            prepare(in: current)
        } else {
            launchReplacement()
        }
    }

    // MARK: In place

    private func prepare(in instance: BalancerInstance) {
        guard let reload else { return }
        lastReloadNumber += 1
        let number = lastReloadNumber
        let deadline = loop.schedule(after: BalancerSupervisor.preparationTime) {
            [weak self, weak instance] in
            guard let self, let instance else { return }
            instance.forget(number)
            successorIsUnfit(number, in: instance, because: "not ready in time")
        }
        self.reload?.way = .inPlace(number: number, deadline: deadline)
        var descriptors: [Int32] = []
        for place in reload.opened { descriptors.append(listeners.descriptor(of: place)) }
        instance.prepare(number, model: reload.model.bytes, descriptors: descriptors)
    }

    func successorIsReady(_ number: Int, in instance: BalancerInstance) {
        guard instance === current, reload?.has(number) == true else { return }
        let time: Duration
        do throws(Failure) { time = try commitRest() } catch {
            instance.forget(number)
            return abandonReload(because: error)
        }
        wait(time) { [weak self, weak instance] in
            guard let self, let instance, reload?.has(number) == true else { return }
            instance.adopt(number)
        }
    }

    func successorIsInForce(_ number: Int, in instance: BalancerInstance) {
        guard instance === current, reload?.has(number) == true else { return }
        let isReload = reload?.isReload == true
        finishReload()
        if isReload { tellServes(instance) }
    }

    /// Another process may be able to, with nothing behind it.
    func successorIsUnfit(
        _ number: Int, in instance: BalancerInstance, because reason: String
    ) {
        guard instance === current, reload?.has(number) == true else { return }
        log(.notice, "balancer process \(instance.processID) cannot go on by it: \(reason)")
        launchReplacement()
    }

    /// The process that was to go on by the model is gone.
    func continueReload(without instance: BalancerInstance) {
        guard let reload, case .inPlace = reload.way else { return }
        // What is in force besides is what the next process begins with anyway.
        if reload.commit == nil { finishReload() } else { launchReplacement() }
    }

    // MARK: By another process

    private func launchReplacement() {
        guard let reload else { return }
        cancelDeadline()
        do throws(SystemError) { self.reload?.way = .process(try launch(reload.model)) } catch {
            abandonReload(because: Failure(error))
        }
    }

    func replacementServes(_ successor: BalancerInstance) {
        let time: Duration
        do throws(Failure) { time = try commitRest() } catch {
            return abandonReload(because: error)
        }
        let previous = current
        setCurrent(successor)
        for batch in counters.batches { successor.add(batch.bytes) }
        let hardStopTime = model.model.global.hardStopTime
        wait(time) { previous?.drain(for: hardStopTime) }
        // It takes what waits first.
        finishReload(closingAfter: time + time)
        tellServes(successor)
        reportServing(successor)
    }

    // MARK: Both

    /// From here on there is no way back.
    ///
    /// - Returns: How long who accepts must go on as it is, for those who are about to come in by a socket
    ///   that goes.
    private func commitRest() throws(Failure) -> Duration {
        guard let reload else { return .zero }
        try reload.commit?()
        self.reload?.commit = nil
        // Whatever becomes of the process, the next one begins with it.
        model = reload.model
        administration.removeAll { given in
            !model.serverNames.contains(given.order.serverName)
                || given.order.setsAddress && !model.takes(given.order)
        }
        memories = memories.filter { model.targetNames.contains($0.key) }
        counters.leave { !model.serverNames.contains(String($0.dropFirst("server ".count))) }
        return listeners.retireAll(but: model.model) ? BalancerSupervisor.handshakeTime : .zero
    }

    private func wait(_ time: Duration, then action: @escaping () -> Void) {
        if time == .zero { action() } else { loop.schedule(after: time, action) }
    }

    private func finishReload(closingAfter time: Duration = .zero) {
        guard let reload else { return }
        cancelDeadline()
        self.reload = nil
        if time == .zero {
            listeners.closeRetired()
        } else {
            closingDeadline = loop.schedule(after: time) { [weak self] in
                self?.listeners.closeRetired()
            }
        }
        for error in listeners.applyOptions(of: model.model) { log(.warning, "\(error)") }
        reload.completion(nil)
    }

    /// Leaves everything as it was, unless the rest is in force already.
    func abandonReload(because failure: Failure) {
        guard let reload else { return }
        reload.instance?.drain(for: .zero)
        guard reload.commit != nil else {
            // The rest is in force: rather than stay behind, the process is started anew with it.
            current?.end(because: "could not go on by the new configuration")
            return finishReload()
        }
        cancelDeadline()
        self.reload = nil
        listeners.close(reload.opened)
        reload.completion(failure)
    }

    private func tellServes(_ instance: BalancerInstance) {
        log(
            .notice,
            "balancer process \(instance.processID) serves the new configuration,"
                + " \(instance.connectionLimit) connections at most")
    }

    private func cancelDeadline() {
        if case .inPlace(_, let deadline) = reload?.way { loop.cancel(deadline) }
    }
}
#endif
