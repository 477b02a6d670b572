import VRRPCore

/// One thing that a node depends on, in the state that lowers a priority or stops a router.
struct Mishap: Hashable {
    /// What virtual routers depend on.
    enum Thing: Hashable {
        case interface(String), script(String), process(String), backend(String), check(String)
        case file(String)
    }

    /// What it comes to.
    enum State: Hashable {
        /// It is as it should be; bad for who tracks it in reverse.
        case good
        case failed
        /// A file holds this number.
        case holds(Int)
    }

    let thing: Thing
    let state: State
}

extension Mishap: CustomStringConvertible {
    /// `script chk_haproxy fails`.
    var description: String {
        switch (thing, state) {
        case (.interface(let name), .good): "interface \(name) comes up"
        case (.interface(let name), _): "interface \(name) goes down"
        case (.script(let name), .good): "script \(name) succeeds"
        case (.script(let name), _): "script \(name) fails"
        case (.process(let name), .good): "enough processes of \(name) run"
        case (.process(let name), _): "too few processes of \(name) run"
        case (.backend(let name), .good): "backend \(name) has a usable server"
        case (.backend(let name), _): "backend \(name) has no usable server"
        case (.check(let name), .good): "check \(name) succeeds"
        case (.check(let name), _): "check \(name) fails"
        case (.file(let name), .holds(0)): "track file \(name) holds 0, or is missing"
        case (.file(let name), .holds(let number)): "track file \(name) holds \(number)"
        case (.file(let name), _): "track file \(name) changes"
        }
    }
}

/// Virtual routers of a node that move together, and what they depend on.
struct MovingUnit {
    /// One thing as one member, or the group itself, tracks it.
    private struct Input {
        let thing: Mishap.Thing
        let weight: Int
        let isReversed: Bool
        /// The number that a file holds while all is well; 0 for what is no file.
        var number = 0

        /// What it comes to in a state.
        func standing(_ state: Mishap.State) -> TrackerStanding {
            switch state {
            case .good: TrackerStanding(weight: weight, verdict: .good, isReversed: isReversed)
            case .failed: TrackerStanding(weight: weight, verdict: .failed, isReversed: isReversed)
            case .holds(let number):
                TrackerStanding(number: number, weight: weight, isReversed: isReversed)
            }
        }

        /// What it comes to while all is well.
        var well: TrackerStanding {
            if case .file = thing { return standing(.holds(number)) }
            return standing(isReversed ? .failed : .good)
        }

        /// The states that are worse.
        var mishaps: [Mishap] {
            guard case .file = thing else {
                return [Mishap(thing: thing, state: isReversed ? .good : .failed)]
            }
            return badNumbers.map { Mishap(thing: thing, state: .holds($0)) }
        }

        /// The numbers that tell apart what a file can do: none, one step down, and the first that
        /// stops the router.
        ///
        /// With a weight of 1 the number is the difference itself, and the steps are whoever
        /// writes it's; then the lowest that does not stop is looked at.
        private var badNumbers: [Int] {
            let sign = isReversed == (weight < 0) ? -1 : 1
            switch abs(weight) {
            case 0: return [isReversed ? 0 : 1]
            case 1: return missing + [253 * sign, 254 * sign]
            default:
                let stopping = (253 + abs(weight)) / abs(weight) * sign
                return missing + (abs(stopping) == 1 ? [] : [sign]) + [stopping]
            }
        }

        private var missing: [Int] {
            guard number != 0, case .adds(let share) = well.effect, share > 0 else { return [] }
            return [0]
        }
    }

    /// The virtual routers.
    let members: [VirtualRouterSettings]
    private let weighsMembers: Bool
    /// What each member depends on.
    private var own: [[Input]]
    /// What the group depends on.
    private var shared: [Input] = []

    /// All of a node.
    static func all(of model: Model) -> [MovingUnit] {
        let grouped = Set(model.syncGroups.flatMap(\.members))
        return model.syncGroups.map { group in
            var unit = MovingUnit(
                group.members.compactMap { name in
                    model.virtualRouters.first { $0.name == name }
                }, model, weighsMembers: group.weighsMembers)
            unit.shared = Self.inputs(
                group.trackedScripts, group.trackedFiles, group.trackedProcesses,
                group.trackedBackends, group.trackedChecks, group.trackedInterfaces, model)
            return unit
        }
            + model.virtualRouters.filter { !grouped.contains($0.name) }
            .map { MovingUnit([$0], model, weighsMembers: true) }
    }

    private init(_ members: [VirtualRouterSettings], _ model: Model, weighsMembers: Bool) {
        self.members = members
        self.weighsMembers = weighsMembers
        own = members.map { router in
            router.neededInterfaces.map {
                Input(thing: .interface($0), weight: 0, isReversed: false)
            }
                + Self.inputs(
                    router.trackedScripts, router.trackedFiles, router.trackedProcesses,
                    router.trackedBackends, router.trackedChecks, router.trackedInterfaces, model)
        }
    }

    func index(of router: VirtualRouterSettings) -> Int? {
        members.firstIndex { $0.name == router.name }
    }

    /// The priority of each member during a mishap, or while all is well; `nil`: it stops.
    func priorities(during mishap: Mishap?) -> [Int?] {
        func standing(_ input: Input) -> TrackerStanding {
            guard let mishap, mishap.thing == input.thing else { return input.well }
            return input.standing(mishap.state)
        }
        return SyncGroup.effectivePriorities(
            of: members.map(\.priority), trackers: own.map { $0.map(standing) },
            shared: shared.map(standing), weighsMembers: weighsMembers
        ).map { effective in
            guard case .priority(let priority) = effective else { return nil }
            return Int(priority.rawValue)
        }
    }

    /// Whether what a member tracks itself counts for nobody.
    func ignores(_ mishap: Mishap, of member: Int) -> Bool {
        !weighsMembers && !shared.contains { $0.thing == mishap.thing }
            && own[member].contains { $0.mishaps.contains(mishap) && $0.weight != 0 }
    }

    /// What can befall a member: what it tracks, then the group, then its siblings as far as that
    /// concerns it.
    func mishaps(of member: Int) -> [Mishap] {
        let siblings = own.indices.filter { $0 != member }.flatMap { own[$0] }
        let felt = siblings.flatMap { input in
            input.mishaps.filter { weighsMembers || input.standing($0.state).weight == 0 }
        }
        var seen: Set<Mishap> = []
        return ((own[member] + shared).flatMap(\.mishaps) + felt).filter {
            seen.insert($0).inserted
        }
    }

    private static func inputs(
        _ scripts: [TrackedScript], _ files: [TrackedObject], _ processes: [TrackedObject],
        _ backends: [TrackedObject], _ checks: [TrackedObject], _ interfaces: [TrackedInterface],
        _ model: Model
    ) -> [Input] {
        let scripts = scripts.map { tracked in
            let script = model.scripts.first { $0.name == tracked.name }
            return Input(
                thing: .script(tracked.name), weight: tracked.weight ?? script?.weight ?? 0,
                isReversed: tracked.isReversed ?? script?.isReversed ?? false)
        }
        let processes = processes.map { tracked in
            let process = model.trackProcesses.first { $0.name == tracked.name }
            return Input(
                thing: .process(tracked.name), weight: tracked.weight ?? process?.weight ?? 0,
                isReversed: tracked.isReversed ?? process?.isReversed ?? false)
        }
        let facts = [(backends, Mishap.Thing.backend), (checks, Mishap.Thing.check)].flatMap {
            objects, thing in
            objects.map {
                Input(
                    thing: thing($0.name), weight: $0.weight ?? 0,
                    isReversed: $0.isReversed ?? false)
            }
        }
        let links = interfaces.map {
            Input(thing: .interface($0.name), weight: $0.weight, isReversed: $0.isReversed)
        }
        return scripts + processes + facts + links + files.map { Self.input($0, model) }
    }

    private static func input(_ tracked: TrackedObject, _ model: Model) -> Input {
        let file = model.trackFiles.first { $0.name == tracked.name }
        var input = Input(
            thing: .file(tracked.name), weight: tracked.weight ?? file?.weight ?? 1,
            isReversed: tracked.isReversed ?? file?.isReversed ?? false)
        // What stops the router from the first moment on is not how it is while all is well.
        input.number = file?.initialNumber ?? 0
        if input.well.effect == .faults { input.number = 0 }
        if input.well.effect == .faults { input.number = 1 }
        return input
    }
}

extension VirtualRouterSettings {
    /// The interfaces that it can't do without, as the election sees them.
    fileprivate var neededInterfaces: [String] {
        var names = tracksOwnInterface ? [interface] : []
        let others =
            (addresses + excludedAddresses).filter(\.isTracked).map(\.interface)
            + routes.filter(\.isTracked).map(\.interface)
        for case let name? in others where name != interface && !names.contains(name) {
            names.append(name)
        }
        return names
    }
}
