extension ModelAssembler {
    /// Refuses lists and maps that are too long together: the first with which they are.
    mutating func boundLists() {
        let lists = draft.listUses
        let maps = draft.backendSamples.compactMap { placed in
            placed.value.sample.path.map { path in
                Placed(
                    value: Draft.ListUse(
                        name: "use_backend: the map \(path)",
                        lineCount: placed.value.sample.lineCount),
                    location: placed.location)
            }
        }
        var lineCount = 0
        for placed in lists + maps {
            lineCount += placed.value.lineCount
            guard lineCount > Model.mostListLines else { continue }
            return report(
                "\(placed.value.name) has \(placed.value.lineCount) lines: that makes \(lineCount); all"
                    + " lists and maps together, each as often as a rule names it, may have"
                    + " \(Model.mostListLines)", at: placed.location)
        }
    }

    /// Names the backends that rules lead to by something of a connection, now that all are known.
    mutating func settleBackendSamples() {
        let names = Set(
            draft.backends.filter { !$0.value.isDatagram && !$0.value.checks.isOnlyCheck }
                .map(\.value.name))
        for placed in draft.backendSamples {
            let (sample, rule) = (placed.value.sample, placed.value.rule)
            guard
                let index = draft.frontends.firstIndex(where: {
                    $0.value.name == placed.value.frontend
                }), draft.frontends[index].value.rules.backends.indices.contains(rule)
            else { continue }
            let (table, idle) = sample.table(of: names)
            draft.frontends[index].value.rules.backends[rule].target = .looked(table)
            let frontend = draft.frontends[index].value
            let isClosed = frontend.rules.refusesOthers
            let others = isClosed ? "are refused" : "go to \(frontend.backendName.quoted)"
            guard let first = table.backendNames.first else {
                report(
                    "use_backend: no backend has a name that this sample could make; such clients"
                        + " \(others)", at: placed.location, as: isClosed ? .error : .warning)
                continue
            }
            if isClosed, !names.contains(frontend.backendName) {
                draft.frontends[index].value.backendName = first
            }
            if let idle, let path = sample.path {
                report(
                    "use_backend: \(idle.count) of the lines of \(path) name no backend that there is,"
                        + " the first is \(idle.first.value.quoted) in line \(idle.first.line): such"
                        + " clients \(others)", at: placed.location, as: .warning)
            }
        }
    }
}
