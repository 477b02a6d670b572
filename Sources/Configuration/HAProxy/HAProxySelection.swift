extension HAProxySection {
    /// Keywords about choosing a server; haproxy's configuration manual, section 4.2.
    static let selectionKeywords: [String: Rule<HAProxySection>] = [
        "balance": .line { section, arguments throws(Remark) in
            // As haproxy.
            guard arguments.upcoming != nil else { return section.settings.algorithm = .roundrobin }
            try algorithms.read(into: &section, &arguments)
        },
        "hash-type": .line { section, arguments throws(Remark) in
            try section.settings.selection.readHashType(&arguments)
        },
        "persist": .line { section, arguments throws(Remark) in
            let word = try arguments.next("rdp-cookie, or rdp-cookie(NAME)")
            guard word.text != "rdp-cookie" else {
                return section.settings.selection.tokenCookie = "msts"
            }
            guard word.text.hasPrefix("rdp-cookie(") else {
                throw .error(
                    "persist \(word.text.quoted): must be rdp-cookie or rdp-cookie(NAME)",
                    at: word.position, suggestion: ["rdp-cookie"].nearest(to: word.text))
            }
            section.settings.selection.tokenCookie = try word.cookieName(
                word.text.dropFirst("rdp-cookie(".count))
        },
        "hash-balance-factor": .line { section, arguments throws(Remark) in
            let factor = try arguments.next("a percentage, 101 or more, or 0")
            let percent = try factor.integer(in: 0...65_535, of: arguments.label)
            guard percent == 0 || percent > 100 else {
                throw .error(
                    "\(arguments.label) \(percent): must be 101 or more, or 0 for no bound",
                    at: factor.position)
            }
            section.settings.selection.balanceFactor = percent == 0 ? nil : percent
        },
        "hash-preserve-affinity": .line { section, arguments throws(Remark) in
            let choices = SelectionSettings.Affinity.allCases.map { ($0.rawValue, $0) }
            section.settings.selection.affinity = try arguments.choice(
                of: Dictionary(uniqueKeysWithValues: choices))
        },
    ]

    /// Options about choosing a server.
    static let selectionOptions: [String: Rule<HAProxySection>] = [
        "persist": .line { section, arguments throws(Remark) in
            section.settings.keepsToServers = !arguments.isNegated
        },
        "allbackups": .line { section, arguments throws(Remark) in
            section.settings.selection.backupUse = arguments.isNegated ? .first : .all
        },
        // An addition to haproxy's language.
        "one-backup-per-failure": .line { section, arguments throws(Remark) in
            section.settings.selection.backupUse = arguments.isNegated ? .first : .onePerFailure
        },
    ]

    private static let algorithms = KeywordTable<HAProxySection>(
        "balance algorithm",
        [
            "roundrobin": .set(\.settings.algorithm, to: .roundrobin),
            "static-rr": .set(\.settings.algorithm, to: .staticRoundrobin),
            "leastconn": .set(\.settings.algorithm, to: .leastconn),
            "first": .set(\.settings.algorithm, to: .first),
            "source": .set(\.settings.algorithm, to: .source),
            // An addition to haproxy's language.
            "maglev": .set(\.settings.algorithm, to: .maglev),
            "hash": .line { section, arguments throws(Remark) in
                let word = try arguments.next("what is hashed, such as src or req.ssl_sni")
                guard let key = try word.knownConnectionKey(after: "balance hash") else {
                    return arguments.warn(
                        "'balance hash \(word.text)' is known but not implemented yet: what can be hashed"
                            + " is \(Word.connectionKeys); the algorithm before it stays, roundrobin if"
                            + " there is none", at: word.position)
                }
                section.settings.algorithm = .hash(key)
            },
            "rdp-cookie": Rule(form: .either) { section, arguments throws(Remark) in
                let word = arguments.keyword
                let name =
                    word.text == "rdp-cookie"
                    ? "mstshash" : try word.cookieName(word.text.dropFirst("rdp-cookie(".count))
                section.settings.algorithm = .hash(.rdpCookie(name))
            },
            "random": Rule(form: .either) { section, arguments throws(Remark) in
                section.settings.algorithm = .random(draws: try arguments.keyword.draws())
            },
        ].merging(
            ["uri", "url_param", "hdr"].map {
                ($0, .notYet("the algorithm before it stays, roundrobin if there is none"))
            }
        ) { own, _ in own },
        choices:
            "roundrobin, static-rr, leastconn, first, source, hash, random, rdp-cookie and maglev")
}

extension SelectionSettings {
    /// `hash-type METHOD FUNCTION MODIFIER`, the last two optional.
    fileprivate mutating func readHashType(_ arguments: inout Arguments) throws(Remark) {
        let method = try arguments.next("map-based or consistent")
        switch method.text {
        case "map-based": isConsistent = false
        case "consistent": isConsistent = true
        default:
            throw .error(
                "hash-type \(method.text.quoted): must be map-based or consistent",
                at: method.position)
        }
        hashFunction = .sdbm
        // As haproxy: of a circle it goes without saying, but not beside a function.
        avalanches = isConsistent
        if let word = arguments.upcoming, word.text != "avalanche" {
            arguments.skip(1)
            guard let function = HashFunction(rawValue: word.text) else {
                throw .error(
                    "unknown hash function \(word.text.quoted); there are sdbm, djb2, wt6, crc32"
                        + " and none", at: word.position)
            }
            hashFunction = function
            avalanches = false
        }
        guard let word = arguments.nextIfPresent() else { return }
        guard word.text == "avalanche" else {
            throw .error(
                "hash-type: \(word.text.quoted) is not 'avalanche', the only modifier",
                at: word.position)
        }
        avalanches = true
    }
}

extension Word {
    /// The number of draws in `random` or `random(N)`; haproxy's default is 2.
    fileprivate func draws() throws(Remark) -> Int {
        guard text.count > "random".count else { return 2 }
        let inner = text.dropFirst("random(".count).dropLast()
        guard text.last == ")", let number = Int(inner), (1...100).contains(number) else {
            throw .error(
                "balance \(text.quoted): must be random, or random(N) with N from 1 to 100",
                at: position)
        }
        return number
    }
}
