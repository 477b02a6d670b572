/// `id` and `guid`; haproxy's configuration manual, section 4.2.
extension HAProxySection {
    static let identityKeywords: [String: Rule<HAProxySection>] = [
        "id": .line { section, arguments throws(Remark) in
            let position = arguments.upcoming?.position ?? arguments.keyword.position
            section.identity.number = try arguments.integer(in: 1...Int(Int32.max))
            section.identityPositions.number = position
        },
        "guid": .line { section, arguments throws(Remark) in
            let word = try arguments.guid()
            section.identity.guid = word.text
            section.identityPositions.guid = word.position
        },
    ]

    /// Takes down what must be nobody else's.
    func noteIdentity(file: String, in draft: inout Draft) {
        if let number = identity.number {
            draft.sectionNumbers.append(placed(number, file, at: identityPositions.number))
        }
        if let guid = identity.guid {
            draft.guids.append(placed(guid, file, at: identityPositions.guid))
        }
        draft.guids += serverGUIDs.map { placed($0.text, file, at: $0.position) }
    }
}

extension [Server] {
    /// Refuses a server whose number another one has.
    func checkNumber(of server: Server, at position: Position) throws(Remark) {
        guard let number = server.number, let other = first(where: { $0.number == number }) else {
            return
        }
        throw .error(
            "server \(server.name.quoted): the id \(number) is that of \(other.name.quoted)",
            at: position)
    }
}

extension [Listener] {
    /// Refuses a number that another socket of the section has, or that several would have.
    func checkNumber(of bind: HAProxyBind, for count: Int) throws(Remark) {
        guard let number = bind.listener.number else { return }
        guard count == 1 else {
            throw .error(
                "id \(number): is one socket's, and this line opens \(count)",
                at: bind.numberPosition)
        }
        guard let other = first(where: { $0.number == number }) else { return }
        throw .error(
            "id \(number): \(other.endpoint) of this section has it", at: bind.numberPosition)
    }
}

extension HAProxyServerOptions {
    /// Why `hash-key` comes to nothing, or `nil` where it has an effect.
    func idlenessOfHashKey(in backend: Backend) -> String? {
        let isKeyed =
            switch backend.algorithm {
            case .source, .hash: backend.selection.isConsistent
            default: false
            }
        guard isKeyed else {
            return "without 'balance source' or 'balance hash', and 'hash-type consistent'"
        }
        switch hashKey {
        case .guid where guid == nil: return "without 'guid'; the server's id counts"
        case .address, .addressAndPort:
            guard !hasFixedAddress else { return nil }
            return "for a server that has no fixed address; its id counts"
        case .guid, .number, .wholeNumber: return nil
        }
    }
}

extension Arguments {
    /// haproxy's configuration manual, `guid`.
    mutating func guid() throws(Remark) -> Word {
        let word = try next("a name such as web-1")
        let isFine = word.text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x3A, 0x5F: true
            default: false
            }
        }
        guard isFine, (1...127).contains(word.text.utf8.count) else {
            throw .error(
                "guid \(word.text.quoted): has 1 to 127 letters, digits, '-', '_', '.' and ':'",
                at: word.position)
        }
        return word
    }
}
