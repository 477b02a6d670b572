internal import TLSOptions

/// Which certificates are shown for which names.
struct ServerNameTable {
    /// Certificates that are shown together, one for each kind of key; the first set, the first
    /// certificate's, is for who asks for no name.
    private(set) var certificateSets: [[Int]] = []
    /// The set for each name, in small letters; `nil`: none, even where one is for its neighbours.
    private(set) var setIndices: [String: Int?] = [:]

    /// One that may be shown for a name.
    private struct Candidate {
        let keyType: Int32
        let certificate: Int
        /// For which names it is not, though it is for their neighbours.
        let exceptions: Set<String>
    }

    init(_ settings: TLSListenerSettings) throws(TLSSettingsError) {
        guard !settings.certificates.isEmpty else {
            throw TLSSettingsError("there is no certificate")
        }
        var candidates: [String: [Candidate]] = [:]
        var names: [String] = []
        for (index, certificate) in settings.certificates.enumerated() {
            let facts = try PEMFile(certificate.pem).facts(named: certificate.name)
            let filters = (certificate.serverNames.isEmpty ? facts.names : certificate.serverNames)
                .map { $0.lowercased() }
            let exceptions = Set(
                filters.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) })
            // A star alone is for no name: whoever asks for none that is here gets the first one anyway.
            for name in filters where !name.hasPrefix("!") && name != "*" {
                if candidates[name] == nil { names.append(name) }
                candidates[name, default: []].append(
                    Candidate(keyType: facts.keyType, certificate: index, exceptions: exceptions))
            }
        }
        // A name that is taken from a star, and has no certificate of its own.
        for (star, all) in candidates where star.hasPrefix("*.") {
            for name in Set(all.flatMap(\.exceptions)) where candidates[name] == nil {
                guard let dot = name.firstIndex(of: "."), name[dot...] == star.dropFirst() else {
                    continue
                }
                names.append(name)
                candidates[name] = all.filter { !$0.exceptions.contains(name) }
            }
        }
        let shown = candidates.mapValues(Self.firstOfEachKeyType)
        try judge(shown, of: settings)
        var known: [[Int]: Int] = [:]
        func index(of set: [Int]) -> Int? {
            guard !set.isEmpty else { return nil }
            if known[set] == nil {
                known[set] = certificateSets.count
                certificateSets.append(set)
            }
            return known[set]
        }
        let ofFirst = names.first.flatMap { shown[$0] }
        _ = index(of: ofFirst?.first == 0 ? ofFirst ?? [0] : [0])
        for name in names { setIndices[name] = .some(index(of: shown[name] ?? [])) }
    }

    /// Of one type of key the first counts.
    private static func firstOfEachKeyType(_ candidates: [Candidate]) -> [Int] {
        var keyTypes: Set<Int32> = []
        return candidates.filter { keyTypes.insert($0.keyType).inserted }.map(\.certificate)
    }

    /// Refuses certificates that are shown together and have different options: by which of them a handshake
    /// is done would be the client's choice.
    private func judge(
        _ shown: [String: [Int]], of settings: TLSListenerSettings
    ) throws(TLSSettingsError) {
        let usual = settings.completedHandshake
        for (name, certificates) in shown.sorted(by: { $0.key < $1.key }) {
            let all = certificates.map { settings.certificates[$0] }
            let other = all.dropFirst().first {
                $0.handshake.completed(by: usual) != all[0].handshake.completed(by: usual)
            }
            if let other {
                throw TLSSettingsError(
                    "'\(all[0].name)' and '\(other.name)' are both for '\(name)', with different"
                        + " options: a client could choose which of them hold; give both the same")
            }
        }
    }
}
