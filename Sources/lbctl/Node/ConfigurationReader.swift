#if Program
internal import Control
internal import Failover
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor

/// A configuration that was read again, made ready to be put in force.
struct ReadConfiguration: Sendable {
    let model: Model
    let served: ServedModel
    let election: FailoverConfiguration
    /// What changes in the balancer.
    let plan: ReloadPlan
}

/// Reads the files again on a thread of its own: however many there are and however large, the
/// election's thread does other things meanwhile.
final class ConfigurationReader {
    /// What came of it, and what there is to say of the files.
    typealias Completion = (Result<ReadConfiguration, Failure>, [Diagnostic]) -> Void

    private let options: RunOptions
    private let loop: EventLoop

    /// - Parameters:
    ///   - options: What is read.
    ///   - loop: The loop that hears of it.
    init(options: RunOptions, loop: EventLoop) {
        self.options = options
        self.loop = loop
    }

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - current: The model in force.
    ///   - completion: Called on the loop, later.
    func read(from current: Model, completion: @escaping Completion) {
        let options = options
        loop.aside {
            let loaded = options.loadAgain()
            let result = Result { () throws(Failure) in
                try loaded.prepared(from: current)
            }
            return (result, loaded.diagnostics)
        } then: {
            completion($0, $1)
        }
    }

    /// Begins to make a model with a server more or less.
    ///
    /// - Parameters:
    ///   - current: The model in force.
    ///   - order: What comes or goes.
    ///   - completion: Called on the loop, later.
    func change(_ current: Model, by order: PoolOrder, completion: @escaping Completion) {
        loop.aside { () -> (Result<ReadConfiguration, Failure>, [Diagnostic]) in
            do throws(Failure) {
                let (model, warnings) = try current.changed(by: order)
                return (.success(try model.prepared()), warnings)
            } catch { return (.failure(error), []) }
        } then: {
            completion($0, $1)
        }
    }
}

extension LoadedConfiguration {
    fileprivate func prepared(from current: Model) throws(Failure) -> ReadConfiguration {
        guard let next = model else {
            let errors = diagnostics.filter { $0.severity == .error }
            throw Failure(.badInput, errors.map(\.description).joined(separator: "\n"))
        }
        guard next.hasBalancer == current.hasBalancer else {
            throw Failure(
                .systemRefused,
                "a reload cannot add or remove the whole balancer; restart the program")
        }
        try next.checkPrivileges()
        return ReadConfiguration(
            model: next, served: try ServedModel(next), election: FailoverConfiguration(next),
            plan: ReloadPlan(from: current, to: next))
    }
}

extension Model {
    /// This model, made ready beside the election that is as it was.
    fileprivate func prepared() throws(Failure) -> ReadConfiguration {
        try checkPrivileges()
        // What only shows when the probes are made must not show in the process that is to serve.
        _ = try HealthTargets(self).all(seenAs: .none)
        return ReadConfiguration(
            model: self, served: try ServedModel(self), election: FailoverConfiguration(self),
            plan: ReloadPlan())
    }
}
#endif
