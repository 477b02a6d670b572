import VRRPCore

/// The name of something that an instance tracks, and what it is the name of.
struct KeepalivedReference: Sendable {
    /// What can be tracked by a name that is defined elsewhere.
    enum Kind: String, Sendable { case script, file, process, backend, check }

    let kind: Kind
    let name: Word
}

/// `weight N [reverse]`.
struct KeepalivedWeight: Sendable {
    var value = 0
    /// `nil`: neither `reverse` nor `noreverse` stands there.
    var isReversed: Bool?
}

/// What a `vrrp_instance` or a `vrrp_sync_group` tracks.
struct KeepalivedTracked: Sendable {
    var scripts: [TrackedScript] = []
    var files: [TrackedObject] = []
    var processes: [TrackedObject] = []
    var backends: [TrackedObject] = []
    var checks: [TrackedObject] = []
    var interfaces: [TrackedInterface] = []
    /// The names of what has to be defined somewhere.
    var references: [KeepalivedReference] = []

    /// The keywords.
    static func rules<Target>(_ field: Field<Target, KeepalivedTracked>) -> [String: Rule<Target>] {
        [
            "track_script": list(of: "the name of a script", field) {
                tracked, item, word throws(Remark) in
                var script = TrackedScript(name: word.text)
                let weight = try item.weightOption(within: 253)
                script.weight = weight?.value
                script.isReversed = weight?.isReversed
                guard item.isNew(word, in: tracked.scripts.map(\.name)) else { return }
                tracked.scripts.append(script)
                tracked.references.append(KeepalivedReference(kind: .script, name: word))
            },
            "track_interface": list(of: "an interface", field) {
                tracked, item, word throws(Remark) in
                var interface = TrackedInterface(name: try word.interface())
                let weight = try item.weightOption(within: 253)
                interface.weight = weight?.value ?? 0
                interface.isReversed = weight?.isReversed ?? false
                guard item.isNew(word, in: tracked.interfaces.map(\.name)) else { return }
                tracked.interfaces.append(interface)
            },
            "track_file": objects(.file, \.files, field),
            "track_process": objects(.process, \.processes, field),
            // An addition to keepalived's language: a pool of this node's own balancer.
            "track_backend": objects(.backend, \.backends, field),
            // Another one: a named check.
            "track_check": objects(.check, \.checks, field),
        ]
    }

    /// A block that lists names, each with an optional weight.
    private static func objects<Target>(
        _ kind: KeepalivedReference.Kind, _ part: Field<KeepalivedTracked, [TrackedObject]>,
        _ field: Field<Target, KeepalivedTracked>
    ) -> Rule<Target> {
        list(of: "the name of a \(kind.rawValue)", field) { tracked, item, word throws(Remark) in
            var object = TrackedObject(name: word.text)
            let weight = try item.weightOption(
                within: kind == .backend || kind == .check ? 253 : 254)
            object.weight = weight?.value
            object.isReversed = weight?.isReversed
            guard item.isNew(word, in: tracked[keyPath: part].map(\.name)) else { return }
            tracked[keyPath: part].append(object)
            tracked.references.append(KeepalivedReference(kind: kind, name: word))
        }
    }

    private static func list<Target>(
        of what: String, _ field: Field<Target, KeepalivedTracked>,
        _ read:
            @escaping @Sendable (inout KeepalivedTracked, inout Arguments, Word) throws(Remark) ->
            Void
    ) -> Rule<Target> {
        .block { target, arguments throws(Remark) in
            arguments.readItems(of: what) { item, word throws(Remark) in
                try read(&target[keyPath: field], &item, word)
            }
        }
    }
}

extension Arguments {
    /// Whether a list names something for the first time; warns where it does not.
    fileprivate mutating func isNew(_ word: Word, in names: [String]) -> Bool {
        guard names.contains(word.text) else { return true }
        warn("\(word.text.quoted) is listed twice: the first one counts", at: word.position)
        return false
    }

    /// What a tracked thing adds to the priority.
    mutating func weight(within limit: Int) throws(Remark) -> KeepalivedWeight {
        // One more is what a file or a process may have, and keepalived levels it too.
        let greatest = 254
        let value = try integer(in: -greatest...greatest)
        var weight = KeepalivedWeight(value: min(max(value, -limit), limit))
        if weight.value != value {
            warn("\(label) \(value): \(weight.value) is taken, as keepalived does")
        }
        if let word = upcoming, word.text == "reverse" || word.text == "noreverse" {
            skip(1)
            weight.isReversed = word.text == "reverse"
        }
        return weight
    }

    /// `weight N [reverse]` after the name of a tracked thing.
    mutating func weightOption(within limit: Int) throws(Remark) -> KeepalivedWeight? {
        guard upcoming != nil else { return nil }
        var weight: KeepalivedWeight?
        try Self.trackOptions(within: limit).readAll(into: &weight, &self)
        return weight
    }

    private static func trackOptions(within limit: Int) -> KeywordTable<KeepalivedWeight?> {
        KeywordTable(
            "option of a tracked name",
            [
                "weight": .line { weight, arguments throws(Remark) in
                    weight = try arguments.weight(within: limit)
                }
            ])
    }
}

/// A block `track_file` of keepalived's language.
struct KeepalivedFile: Sendable {
    let name: Word
    private var path: Word?
    private var weight: KeepalivedWeight?
    private var initialNumber: Int?
    private var overwrites = false

    init(name: Word) { self.name = name }

    /// keepalived.conf(5), "Track files".
    static let table = KeywordTable<KeepalivedFile>(
        "keyword", scope: "in track_file",
        [
            "file": .line { file, arguments throws(Remark) in
                let path = try arguments.next("a path")
                guard path.text.hasPrefix("/"), path.text != "/" else {
                    throw .error(
                        "\(path.text.quoted): must be an absolute path", at: path.position)
                }
                file.path = path
            },
            "weight": .line { file, arguments throws(Remark) in
                file.weight = try arguments.weight(within: 254)
            },
            "init_file": .line { file, arguments throws(Remark) in
                file.initialNumber = 0
                if let word = arguments.upcoming, word.text != "overwrite" {
                    file.initialNumber = try arguments.integer(in: -254...254)
                }
                guard let word = arguments.nextIfPresent() else { return }
                guard word.text == "overwrite" else {
                    throw .error(
                        "\(word.text.quoted): must be overwrite, or nothing", at: word.position)
                }
                file.overwrites = true
            },
        ])

    /// The file, or `nil` and a remark where something necessary is missing.
    func finished(_ remarks: inout [Remark]) -> TrackFile? {
        guard let path else {
            remarks.append(
                .error("track_file \(name.text.quoted) has no 'file'", at: name.position))
            return nil
        }
        var file = TrackFile(name: name.text, path: path.text)
        file.weight = weight?.value ?? file.weight
        file.isReversed = weight?.isReversed ?? false
        file.initialNumber = initialNumber
        file.overwrites = overwrites
        return file
    }
}

/// A block `vrrp_track_process` of keepalived's language.
struct KeepalivedProcess: Sendable {
    let name: Word
    private var command: [String]?
    private var weight = KeepalivedWeight()
    private var quorum = 1
    private var quorumLimit: Int?
    private var argumentMatch = ArgumentMatch.all
    private var matchesWholePath = false
    private var gainDelay: Duration?
    private var lossDelay: Duration?

    init(name: Word) { self.name = name }

    /// keepalived.conf(5), "Track processes".
    static let table = KeywordTable<KeepalivedProcess>(
        "keyword", scope: "in vrrp_track_process",
        [
            "process": .line { process, arguments throws(Remark) in
                process.command = try arguments.command()
                process.command? += arguments.remaining().map(\.text)
            },
            "weight": .line { process, arguments throws(Remark) in
                process.weight = try arguments.weight(within: 254)
            },
            "quorum": .integer(\.quorum, .atLeast(1)),
            "quorum_max": .line { process, arguments throws(Remark) in
                process.quorumLimit = try arguments.integer(in: .atLeast(0))
            },
            "fork_delay": .seconds(\.gainDelay, .zero...hour),
            "terminate_delay": .seconds(\.lossDelay, .zero...hour),
            "delay": .line { process, arguments throws(Remark) in
                let delay = try arguments.seconds(in: .zero...hour)
                (process.gainDelay, process.lossDelay) = (delay, delay)
            },
            "param_match": .line { process, arguments throws(Remark) in
                let word = try arguments.next("initial or partial")
                switch word.text {
                case "initial": process.argumentMatch = .initial
                case "partial": process.argumentMatch = .partial
                default:
                    throw .error(
                        "param_match \(word.text.quoted): must be initial or partial",
                        at: word.position)
                }
            },
            "full_command": .set(\.matchesWholePath, to: true),
        ],
        hint: { word in
            word == "interval" ? "leave it out: there is none to choose" : nil
        })

    private static let hour = Duration.seconds(3600)

    /// The program, or `nil` and a remark where something necessary is missing.
    func finished(_ remarks: inout [Remark]) -> TrackProcess? {
        guard let command else {
            remarks.append(
                .error(
                    "vrrp_track_process \(name.text.quoted) has no 'process'", at: name.position))
            return nil
        }
        if let quorumLimit, quorumLimit < quorum {
            remarks.append(
                .error(
                    "vrrp_track_process \(name.text.quoted): quorum_max \(quorumLimit) is below"
                        + " quorum \(quorum)", at: name.position))
        }
        var process = TrackProcess(name: name.text, command: command)
        process.weight = weight.value
        process.isReversed = weight.isReversed ?? false
        process.quorum = quorum
        process.argumentMatch = argumentMatch
        process.matchesWholePath = matchesWholePath
        process.quorumLimit = quorumLimit
        process.gainDelay = gainDelay ?? .zero
        process.lossDelay = lossDelay ?? .zero
        return process
    }
}
