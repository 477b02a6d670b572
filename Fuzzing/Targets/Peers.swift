import Balancer

/// What somebody who connects says, whole and in pieces; and the same behind a handshake.
func feedPeers(_ bytes: [UInt8]) {
    let tables = [
        PeerTable(
            name: "t", keys: .ipv4, lifetime: 1000, hasServers: true,
            counters: [.init(.connectionTotal), .init(.connectionRate, period: 1000)]),
        PeerTable(
            name: "s", keys: .text(31),
            counters: [.init(.gpcs, count: 3), .init(.gpcRates, period: 1000, count: 2)]),
        PeerTable(name: "b", keys: .bytes(8)), PeerTable(name: "n", keys: .numbers),
        PeerTable(name: "6", keys: .ipv6),
    ]
    let hello = Array("HAProxyS 2.1\na\nb 1 1\n".utf8)
    for whole in [bytes, hello + bytes] {
        let (events, output) = heard(whole, pieces: whole.count, tables)
        let (again, outputAgain) = heard(whole, pieces: 7, tables)
        require(events == again, "pieces of 7 bytes say something else")
        require(output == outputAgain, "pieces of 7 bytes are answered in another way")
    }
}

/// What a session hears, and what it answers.
private func heard(
    _ bytes: [UInt8], pieces length: Int, _ tables: [PeerTable]
) -> ([PeerSession.Event], [UInt8]) {
    var session = PeerSession(answering: "a", tables: tables)
    var events: [PeerSession.Event] = []
    var rest = bytes[...]
    do {
        while !rest.isEmpty {
            session.receive(rest.prefix(length))
            rest = rest.dropFirst(length)
            while let event = try session.next() {
                events.append(event)
                if case .hello(let name) = event {
                    if name == "b" { session.accept() } else { session.refuse(504) }
                }
                guard case .update(let index, let entry) = event else { continue }
                check(entry, tables[index])
                // What was heard can be told.
                session.tell(entry, of: index, isTimed: true)
                session.output = []
            }
        }
    } catch {}
    session.acknowledge()
    return (events, session.output)
}

private func check(_ entry: PeerEntry, _ table: PeerTable) {
    let length: ClosedRange<Int> =
        switch table.keys {
        case .numbers, .ipv4: 4...4
        case .ipv6: 16...16
        case .text(let most): 0...most
        case .bytes(let count): count...count
        }
    require(length.contains(entry.key.count), "a key of \(entry.key.count) bytes")
    require((entry.server?.name?.utf8.count ?? 0) <= 3 * 255, "a name that is too long")
    require(table.name != "t" || entry.numbers.count == 4, "\(entry.numbers.count) numbers")
}
