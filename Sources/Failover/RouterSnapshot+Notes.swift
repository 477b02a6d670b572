extension RouterSnapshot {
    /// What is out of the ordinary at this moment, each a sentence for people.
    public var notes: [String] {
        var notes = faultCauses.map { cause in
            cause.isPending ? "does not take part yet: \(cause.words)" : "in fault: \(cause.words)"
        }
        notes += settlingLinks.map(\.words)
        notes += refusedParts.map { refused in
            let verb = state == .active ? "is Active without" : "could not hold"
            return "\(verb) \(refused.part): \(refused.reason)"
        }
        if isDeferring {
            notes.append(
                "gave way: leaves the Active router alone while there is one, or until a takeover is asked"
                    + " for")
        }
        if raise > 0 { notes.append("took over: \(raise) added to the priority while Active") }
        if unadvertisedCount > 0 {
            notes.append(
                "\(unadvertisedCount) addresses are held but not advertised: the link carries no more"
            )
        }
        if counters.addressesRestored > 0 {
            let count = counters.addressesRestored
            notes.append(
                "\(count) address\(count == 1 ? "" : "es") put back after removal by others")
        }
        if counters.routesRestored > 0 {
            notes.append(
                "\(counters.routesRestored) routes and rules put back after removal by others")
        }
        return notes
    }
}

extension SettlingLink {
    /// A sentence for people.
    var words: String {
        let tenths = (remaining / .milliseconds(100)).rounded(.up)
        return "interface \(name) is \(isUp ? "up" : "down"), which counts in \(tenths / 10) s"
    }
}
