/// Connections that are there, as an operator looks at them and ends them.
///
/// However many there are, nobody holds all of them, and no reactor stops for long: a part is asked for at a
/// time, and answered between two turns of the reactor whose connections they are.
extension Balancer {
    /// Looks at a part of the connections.
    ///
    /// - Parameters:
    ///   - filter: Which are meant.
    ///   - place: The first place to look at, or where the part before says to go on.
    ///   - most: How many to tell of at most, at least 1; the fewer, the shorter the reactor stops.
    ///   - answer: Told of them, on a reactor's thread, or at once where that has ended; must not wait.
    public func lookAtSessions(
        _ filter: SessionFilter, from place: SessionPlace = SessionPlace(), most: Int,
        answer: @escaping @Sendable (SessionSlice) -> Void
    ) { ask(.showing, filter, place, most, answer) }

    /// Ends connections of a part, as the operator's order (`K` in the log): both sides of those that move
    /// bytes are reset.
    ///
    /// - Parameters:
    ///   - filter: Which are meant.
    ///   - place: The first place to look at, or where the part before says to go on.
    ///   - most: How many to end at most, at least 1; the fewer, the shorter the reactor stops.
    ///   - answer: Told how many were ended, where and when the one of ``lookAtSessions(_:from:most:answer:)`` is.
    public func endSessions(
        _ filter: SessionFilter, from place: SessionPlace = SessionPlace(), most: Int,
        answer: @escaping @Sendable (SessionSlice) -> Void
    ) { ask(.ending, filter, place, most, answer) }

    private func ask(
        _ purpose: SessionLook.Purpose, _ filter: SessionFilter, _ place: SessionPlace, _ most: Int,
        _ answer: @escaping @Sendable (SessionSlice) -> Void
    ) {
        // Who names one says where it is.
        let place = filter.identifier?.place ?? place
        guard place.index >= 0, let inbox = inbox(of: place.reactor) else {
            return answer(SessionSlice())
        }
        inbox.ask(SessionLook(purpose, filter, from: place.index, most: most, answer))
    }
}
