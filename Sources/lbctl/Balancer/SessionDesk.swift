#if Program
internal import Balancer
internal import Control
internal import LinuxIO
internal import NodeConfiguration
internal import VRRPCore

/// Carries out the operator's orders about connections.
struct SessionDesk {
    let balancer: Balancer

    /// Does a part of it, and says what became of that and where to go on.
    func answer(_ order: SessionOrder) async -> ControlResponse {
        do throws(Failure) { return .sessions(try await carryOut(order)) } catch {
            return .failed(ControlFailure(error))
        }
    }

    private func carryOut(_ order: SessionOrder) async throws(Failure) -> SessionPart {
        let filter = try SessionFilter(order.filter)
        let process = order.from?.process ?? 0
        var part = SessionPart()
        part.unknown = unknown(filter)
        var place = SessionPlace(reactor: order.from?.reactor ?? 0, index: order.from?.place ?? 0)
        var left = min(max(1, order.most ?? .max), SessionDesk.mostPerPart)
        for _ in 0..<SessionDesk.looksPerPart {
            let slice = await look(order.action, filter, from: place, most: left)
            part.sessions += slice.entries.map { SessionStatus($0, of: process) }
            part.ended += slice.endedCount
            left -= slice.entries.count + slice.endedCount
            guard let next = slice.next else {
                part.next = filter.identifier == nil ? SessionPart.Place(behind: process) : nil
                return part
            }
            place = next
            if left == 0 { break }
        }
        part.next = SessionPart.Place(
            process: process, reactor: place.reactor, place: place.index)
        return part
    }

    private func look(
        _ action: SessionOrder.Action, _ filter: SessionFilter, from place: SessionPlace, most: Int
    ) async -> SessionSlice {
        await withCheckedContinuation { continuation in
            switch action {
            case .list:
                balancer.lookAtSessions(
                    filter, from: place, most: min(most, SessionDesk.mostShownPerLook)
                ) { continuation.resume(returning: $0) }
            case .kill:
                balancer.endSessions(
                    filter, from: place, most: min(most, SessionDesk.mostEndedPerLook)
                ) { continuation.resume(returning: $0) }
            }
        }
    }

    /// Why none can be meant, where what is named is not there.
    private func unknown(_ filter: SessionFilter) -> String? {
        let plan = balancer.plan
        if let name = filter.proxy {
            let all = plan.frontends.map(\.name) + plan.pools.map(\.name)
            var known: Set<String> = []
            guard all.contains(name) else {
                return Failure.unknown("proxy", name, all.filter { known.insert($0).inserted })
                    .message
            }
        }
        guard let name = filter.server else { return nil }
        let servers = plan.pools.filter { $0.name == name.pool }.flatMap(\.servers).map(\.name)
        guard !plan.pools.contains(where: { $0.name == name.pool }) else {
            return servers.contains(name.server)
                ? nil : Failure.unknown("server of \(name.pool)", name.server, servers).message
        }
        return Failure.unknown("backend", name.pool, plan.pools.map(\.name)).message
    }

    /// How often reactors are asked for one answer: a million places.
    private static let looksPerPart = 256
    /// Connections of one answer.
    private static let mostPerPart = 1024
    /// What a reactor does at a time: well under a millisecond of its time.
    private static let mostShownPerLook = 256
    private static let mostEndedPerLook = 32
}

extension SessionFilter {
    /// Reads what the operator means.
    ///
    /// - Throws: `Failure` at what is no server or no network.
    init(_ filter: SessionOrder.Filter) throws(Failure) {
        self.init()
        identifier = filter.id.map {
            SessionIdentifier(
                place: SessionPlace(reactor: $0.reactor, index: $0.place), generation: $0.use)
        }
        proxy = filter.proxy
        if let server = filter.server {
            let path = try ServerPath(server)
            self.server = ServerName(pool: path.backend, server: path.server)
        }
        source = try filter.source.map { text throws(Failure) in try Self.network(text) }
        age = filter.olderThan.map { .milliseconds($0) }
    }

    private static func network(_ text: String) throws(Failure) -> PrefixTable.Prefix {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let address = IPAddress(String(parts[0]))
        let longest = if case .v4 = address { 32 } else { 128 }
        let length = parts.count == 1 ? longest : Int(parts[1])
        guard let address, let length, (0...longest).contains(length) else {
            throw Failure(
                .badInput,
                "'\(text)' is no network: must be an address, or one with the length of its prefix,"
                    + " such as 192.0.2.0/24 or 2001:db8::/32")
        }
        return PrefixTable.Prefix(IPEndpoint(address, port: 0), length: length)
    }
}

extension SessionStatus {
    init(_ entry: SessionEntry, of process: Int32) {
        let id = entry.identifier
        self.init(
            id: SessionID(
                process: process, reactor: id.place.reactor, place: id.place.index,
                use: id.generation),
            phase: entry.phase.rawValue, frontend: entry.frontend, listener: entry.listener,
            client: entry.client.description, destination: entry.local.description)
        backend = entry.pool
        server = entry.server
        address = entry.serverAddress?.description
        source = entry.serverLocal.isPresent ? entry.serverLocal.description : nil
        age = Int(entry.age / .milliseconds(1))
        idle = Int(entry.idle / .milliseconds(1))
        bytesIn = entry.bytesIn
        bytesOut = entry.bytesOut
        queue = entry.queuePlace
    }
}
#endif
