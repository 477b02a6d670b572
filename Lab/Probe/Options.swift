import Glibc

/// What to ask, how often, and how to report.
struct Options {
    var address: sockaddr_in
    var name: String
    var period = Duration.milliseconds(5)
    var timeout = Duration.milliseconds(250)
    var threshold = Duration.milliseconds(20)
    var duration: Duration?
    var isJSON = false

    static let usage = """
        usage: labprobe ADDRESS:PORT [--period MS] [--timeout MS] [--threshold MS]
                        [--duration SECONDS] [--json]

        Starts a request (TCP connection, small HTTP GET) every --period (5 ms), whatever became of
        those before, and reports each gap: a time longer than --threshold (20 ms) in which no
        answer came. An attempt is given up after --timeout (250 ms). Ends after --duration, or on
        SIGINT or SIGTERM, with a summary. With --json each line is an object. Exit code 0 when
        there was an answer, 1 when there was none, 2 on wrong usage.
        """

    init(parsing arguments: [String]) throws(UsageError) {
        var target: (address: sockaddr_in, name: String)?
        var rest = arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "--json": isJSON = true
            case "--period": period = try Self.milliseconds(of: word, in: &rest)
            case "--timeout": timeout = try Self.milliseconds(of: word, in: &rest)
            case "--threshold": threshold = try Self.milliseconds(of: word, in: &rest)
            case "--duration": duration = .seconds(try Self.number(of: word, in: &rest))
            case _ where target == nil && !word.hasPrefix("-"):
                target = (try Self.address(word), word)
            default: throw UsageError("unexpected argument '\(word)'")
            }
        }
        guard let target else { throw UsageError("ADDRESS:PORT is missing") }
        (address, name) = target
    }

    private static func milliseconds(
        of option: String, in rest: inout ArraySlice<String>
    ) throws(UsageError) -> Duration {
        .microseconds(Int64(try number(of: option, in: &rest) * 1000))
    }

    private static func number(
        of option: String, in rest: inout ArraySlice<String>
    ) throws(UsageError) -> Double {
        guard let word = rest.popFirst(), let number = Double(word), (0.001...1e6).contains(number)
        else { throw UsageError("\(option) needs a number from 0.001 to 1000000") }
        return number
    }

    private static func address(_ word: String) throws(UsageError) -> sockaddr_in {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        guard parts.count == 2, let port = UInt16(parts[1]), port != 0,
            inet_pton(AF_INET, String(parts[0]), &address.sin_addr) == 1
        else { throw UsageError("'\(word)' is not IPv4-ADDRESS:PORT, such as 172.17.0.5:80") }
        address.sin_port = port.bigEndian
        return address
    }
}

/// Why the command line cannot be followed.
struct UsageError: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
