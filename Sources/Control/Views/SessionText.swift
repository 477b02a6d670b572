/// Connections in words like those of haproxy's `show sess`, for `lbctl session list`.
public enum SessionText {
    /// `ID: src=CLIENT dst=ADDRESS fe=FRONTEND/LISTENER be=BACKEND srv=NAME addr=SERVER from=OWN
    /// phase=… age=… idle=… in=BYTES out=BYTES queue=N`, without what there is not.
    ///
    /// - Parameter part: The connections.
    /// - Returns: A line with its end for each of them.
    public static func lines(_ part: SessionPart) -> String {
        part.sessions.map { session in
            var words = [
                "\(session.id):", "src=\(session.client)", "dst=\(session.destination)",
                "fe=\(session.frontend)/\(session.listener)",
            ]
            words += session.backend.map { ["be=\($0)"] } ?? []
            words += session.server.map { ["srv=\($0)"] } ?? []
            words += session.address.map { ["addr=\($0)"] } ?? []
            words += session.source.map { ["from=\($0)"] } ?? []
            words += [
                "phase=\(session.phase)", "age=\(time(session.age))", "idle=\(time(session.idle))",
                "in=\(session.bytesIn)", "out=\(session.bytesOut)",
            ]
            words += session.queue.map { ["queue=\($0)"] } ?? []
            return Readable.line(words.joined(separator: " ")) + "\n"
        }.joined()
    }

    /// `250ms`, `9.9s`, `1m30s`, `2d4h`.
    private static func time(_ milliseconds: Int) -> String {
        if milliseconds < 1_000 { return "\(max(0, milliseconds))ms" }
        if milliseconds < 10_000 { return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100)s" }
        return Readable.time(seconds: milliseconds / 1_000).filter { $0 != " " }
    }
}
