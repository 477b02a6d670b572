extension ModelAssembler {
    /// Names the backends that rules lead to by something of a connection, now that all are known.
    mutating func settleBackendSamples() {
        let names = Set(
            draft.backends.filter { !$0.value.isDatagram && !$0.value.checks.isOnlyCheck }
                .map(\.value.name))
        var lineCount = 0
        for placed in draft.backendSamples {
            let (sample, rule) = (placed.value.sample, placed.value.rule)
            lineCount += sample.lineCount
            guard lineCount <= HAProxyBackendSample.mostLines else {
                return report(
                    "use_backend: with this map there are \(lineCount) lines; all maps together may have"
                        + " \(HAProxyBackendSample.mostLines)", at: placed.location)
            }
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
