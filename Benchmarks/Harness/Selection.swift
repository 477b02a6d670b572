/// What the command line asks for.
struct Selection {
    /// The benchmarks, in the order in which they run.
    enum Name: String, CaseIterable {
        case codec, election, simulation, configuration, address, routers, check, proxy, growth
    }

    var names: [Name] = []
    var plan = Plan(runs: 5, isQuick: false)
    var asJSON = false
    var proxy = ProxySelection()
    /// Virtual hours of the simulation.
    var hours = 1000
    /// The seed of its first run.
    var seed: UInt64 = 1

    static let usage = """
        Benchmarks [NAME…] [--quick] [--json] [--runs N]
            NAME       \(Name.allCases.map(\.rawValue).joined(separator: ", ")); all without one
            --quick    show that everything works, in under a minute; the figures mean little
            --json     one JSON document instead of tables
            --runs N   runs of each thing, 5 without it; the figure is their median
            --hours N      of simulation: virtual hours, 1000 without it
            --seed S       of simulation: the seed of its first run, 1 without it
            --threads N,…  of proxy: 1,2 without it
            --work W,…     of proxy: short, tls, pingpong, down, up, idle
            --by C,…       of proxy: \(Contender.all.map(\.name).joined(separator: ", "))
            --logs         of proxy: a line for each connection, by those that have a log
        """

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "--quick":
                plan = Plan(runs: 1, isQuick: true)
                hours = min(hours, 100)
            case "--json": asJSON = true
            case "--runs": plan.runs = try Self.number(rest.popFirst(), after: word)
            case "--hours":
                hours = try Self.number(rest.popFirst(), after: word, upTo: 1_000_000_000)
            case "--seed":
                seed = UInt64(try Self.number(rest.popFirst(), after: word, upTo: .max))
            case "--threads":
                proxy.reactors = try Self.list(rest.popFirst(), after: word).map {
                    try Self.number($0, after: word)
                }
            case "--work":
                proxy.works = try Self.words(rest.popFirst(), after: word, of: Self.works)
            case "--logs": proxy.logSink = try LogSink()
            case "--by":
                let known = Contender.all.map(\.name)
                proxy.contenders = try Self.words(rest.popFirst(), after: word, of: known)
            default:
                guard let name = Name(rawValue: word) else {
                    throw UsageError(text: "\(Self.usage)\n\"\(word)\" is none of these")
                }
                names.append(name)
            }
        }
        if names.isEmpty { names = Name.allCases }
    }

    private static let works = ["short", "tls", "pingpong", "down", "up", "idle"]

    private static func words(
        _ word: String?, after option: String, of known: [String]
    ) throws -> Set<String> {
        let words = try list(word, after: option)
        for word in words where !known.contains(word) {
            throw UsageError(text: "\(usage)\n\(option) \(word) is not known")
        }
        return Set(words)
    }

    private static func list(_ word: String?, after option: String) throws -> [String] {
        guard let word else { throw UsageError(text: "\(usage)\n\(option) needs a list") }
        return word.split(separator: ",").map(String.init)
    }

    private static func number(
        _ word: String?, after option: String, upTo limit: Int = 1000
    ) throws -> Int {
        guard let number = word.flatMap({ Int($0) }), (1...limit).contains(number) else {
            throw UsageError(text: "\(usage)\n\(option) needs a number from 1 to \(limit)")
        }
        return number
    }
}
