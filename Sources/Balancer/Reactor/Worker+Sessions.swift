internal import LinuxIO

/// Connections that end because of what became of their server.
extension Worker {
    /// Resets the established connections of a server on both sides: a clean end would look like a
    /// complete answer.
    mutating func endSessions(of server: Int) {
        for client in stride(from: 0, to: 2 * slab.usedCount, by: 2)
        where slab[client].phase == .relaying && Int(slab[client | 1].owner) == server {
            end(client, client: .reset, server: .reset)
        }
    }
}
