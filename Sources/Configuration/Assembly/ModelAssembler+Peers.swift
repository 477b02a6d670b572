internal import Glibc

extension ModelAssembler {
    /// Finds out which peer this node is, and whom tables are kept in common with.
    ///
    /// - Returns: The sections that are not disabled, and that this node has a part in.
    mutating func assemblePeers() -> [PeersSection] {
        refuseDuplicates(draft.peers, by: \.name.text) { "peers \($0.name.text.quoted)" }
        let sections = draft.peers.filter { !$0.value.isDisabled }.compactMap { section(of: $0) }
        let names = draft.peers.map(\.value.name.text)
        for reference in draft.peersReferences where !names.contains(reference.value) {
            report(
                "peers \(reference.value.quoted): no section 'peers' has this name",
                at: reference.location, suggestion: names.nearest(to: reference.value))
        }
        let used = Set(draft.tables.compactMap(\.value.peers))
        for peers in draft.peers where !used.contains(peers.value.name.text) {
            let name = peers.value.name.text
            report(
                "peers \(name.quoted) has no effect: no 'stick-table' says 'peers \(name)'",
                at: peers.location, as: .warning)
        }
        let active = Set(sections.map(\.name))
        for index in draft.tables.indices {
            guard let name = draft.tables[index].value.peers, !active.contains(name) else {
                continue
            }
            draft.tables[index].value.peers = nil
        }
        return sections
    }

    /// - Returns: `nil` where none of the peers is this node, as when a file of other nodes is checked.
    private mutating func section(of placed: Placed<HAProxyPeers>) -> PeersSection? {
        let (peers, file) = (placed.value, placed.location.file)
        let own = draft.global.localPeer
        var section = PeersSection(name: peers.name.text, localName: own ?? hostName)
        guard let local = peers.members.first(where: { $0.name == section.localName }) else {
            let names = peers.members.map(\.name)
            let list = names.isEmpty ? "none" : names.map(\.quoted).joined(separator: ", ")
            report(
                "peers \(section.name.quoted) has no effect here: none of its peers (\(list)) has this node's"
                    + " name, which is \(section.localName.quoted) by"
                    + (own == nil ? " the host; say 'localpeer NAME' in global" : " 'localpeer'"),
                at: placed.location, suggestion: names.nearest(to: section.localName), as: .warning)
            return nil
        }
        section.listeners = peers.listeners.map(\.listener)
        let localPlace = Location(file: file, position: local.position)
        if let (address, port) = local.address {
            section.listeners.append(peers.listener(at: address, port: port))
            if let bind = peers.listeners.first {
                report(
                    "'bind' and the address of \(local.name.quoted), which is this node, both say where"
                        + " it listens; leave one out",
                    at: Location(file: file, position: bind.position))
            }
        } else if peers.listeners.isEmpty {
            report(
                "peer \(local.name.quoted) is this node, and nothing says where it listens; add its"
                    + " ADDRESS:PORT, or 'bind'", at: localPlace)
        }
        for listener in section.listeners {
            draft.listeners.append(
                Placed(
                    value: .init(listener: listener, section: section.name), location: localPlace))
        }
        for member in peers.members where member.name != local.name {
            guard let (address, port) = member.address else {
                report(
                    "peer \(member.name.quoted) needs ADDRESS:PORT, since this node is"
                        + " \(local.name.quoted)",
                    at: Location(file: file, position: member.position))
                continue
            }
            var peer = PeersSection.Peer(name: member.name, address: address, port: port)
            peer.tls = tls(of: member, file)
            section.peers.append(peer)
        }
        judgeTLS(of: section, at: placed.location)
        if section.peers.count > PeersSection.mostPeers {
            report(
                "peers \(section.name.quoted) has \(section.peers.count) other nodes; there may be"
                    + " \(PeersSection.mostPeers)", at: placed.location)
        }
        return section
    }

    /// How sessions with a peer do TLS.
    private mutating func tls(of member: HAProxyPeers.Member, _ file: String) -> ServerTLS? {
        let location = Location(file: file, position: member.position)
        var tls: ServerTLS?
        do throws(Remark) {
            let name = Word(text: member.name, position: member.position)
            tls = try member.options.finishedTLS(of: name)
        } catch {
            report(error.message, at: location)
        }
        if !draft.verifiesServers, member.options.health.isVerified == nil {
            tls?.verification = .none
        }
        if let complaint = tls?.looseVerification {
            report("peer \(member.name.quoted): \(complaint)", at: location, as: .warning)
        }
        return tls
    }

    /// Says where nodes that share the file would not understand each other.
    private mutating func judgeTLS(of section: PeersSection, at location: Location) {
        let isSpoken = section.listeners.contains { $0.tls != nil }
        for peer in section.peers where isSpoken != (peer.tls != nil) {
            report(
                isSpoken
                    ? "peers \(section.name.quoted): who connects here speaks TLS ('ssl' of 'bind'), and"
                        + " \(peer.name.quoted) is spoken to in the clear; if it has the same file, say"
                        + " 'default-server ssl'"
                    : "peers \(section.name.quoted): \(peer.name.quoted) is spoken to by TLS, and who"
                        + " connects here is heard in the clear; if it has the same file, say"
                        + " 'default-bind ssl crt FILE'", at: location, as: .warning)
        }
    }

    /// `gethostname(2)`.
    private var hostName: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, 255) == 0 else { return "" }
        return String(
            decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
