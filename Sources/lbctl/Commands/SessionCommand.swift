#if Program
internal import ArgumentParser
internal import Control

/// Looks at connections and ends them: `lbctl session VERB`.
struct SessionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session", abstract: "Show the connections that are there, and end some.",
        subcommands: [List.self, Kill.self])

    /// Which connections are meant.
    struct Choice: ParsableArguments {
        @Option(help: "Those of this frontend or backend.")
        var proxy: String?
        @Option(help: "Those of this server, as BACKEND/SERVER.")
        var server: String?
        @Option(help: "Those of clients in this network: ADDRESS or ADDRESS/LENGTH.")
        var source: String?
        @Option(
            help: "Those that are there for at least 500ms, 30s, 5m, 2h, 1d; 30 counts seconds.")
        var olderThan: String?
        @Option(help: "So many at most.")
        var limit: Int?

        func validate() throws {
            guard let limit, limit < 1 else { return }
            throw ValidationError("limit \(limit): must be at least 1")
        }

        func filter() throws(Failure) -> SessionOrder.Filter {
            var filter = SessionOrder.Filter()
            filter.proxy = proxy
            filter.server = server
            filter.source = source
            filter.olderThan = try olderThan.map { text throws(Failure) in
                try Self.milliseconds(text)
            }
            return filter
        }

        private static func milliseconds(_ text: String) throws(Failure) -> Int {
            let units = [
                "": 1_000, "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
            ]
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int(digits), let unit = units[String(text.dropFirst(digits.count))],
                case let (length, isTooLong) = number.multipliedReportingOverflow(by: unit),
                !isTooLong
            else {
                throw Failure(
                    .badInput,
                    "older-than '\(text)': must be a whole number with ms, s, m, h or d, such as 30s"
                )
            }
            return length
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show connections and flows of datagrams, a line each.",
            discussion: """
                For each: its name, its client (src), where that connected to (dst), frontend and \
                listener (fe), backend (be), server (srv), the server's address (addr) and this node's \
                end of the connection to it (from), what it is doing (phase), for how long it is there \
                (age) and nothing was said on it (idle), bytes from the client (in) and from the server \
                (out), and while it waits, its place in the queue when it began to (queue).
                """)
        @OptionGroup var control: ControlOptions
        @OptionGroup var choice: Choice
        @Flag(help: "Print one JSON document.")
        var json = false

        func run() throws {
            var order = SessionOrder(.list)
            order.filter = try choice.filter()
            // However many there are, no more than a part of them is held here.
            var separator = "{\"sessions\":[\n"
            try control.forEachPart(of: order, most: choice.limit) { part in
                guard json else { return print(SessionText.lines(part), terminator: "") }
                for session in part.sessions {
                    print(separator + JSONText.line(session), terminator: "")
                    separator = ",\n"
                }
            }
            guard json else { return }
            print(separator == ",\n" ? "\n]}" : "{\"sessions\":[]}")
        }
    }

    struct Kill: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End connections: by their names, or all for which all that is given holds.",
            discussion: """
                Both sides of a connection that moves bytes are reset, since a clean end would look \
                like a complete answer. In the log they end by 'K'. Says how many were ended.
                """)
        @OptionGroup var control: ControlOptions
        @OptionGroup var choice: Choice
        @Flag(help: "End all connections.")
        var all = false
        @Argument(help: "The connections' names, as 'lbctl session list' shows them.")
        var names: [String] = []

        func validate() throws {
            let hasFilter =
                choice.proxy != nil || choice.server != nil || choice.source != nil
                || choice.olderThan != nil
            guard [!names.isEmpty, hasFilter, all].count(where: \.self) == 1,
                names.isEmpty || choice.limit == nil
            else {
                throw ValidationError(
                    "say which connections are to be ended: by their names, by --proxy, --server,"
                        + " --source or --older-than, or --all")
            }
        }

        func run() throws {
            var order = SessionOrder(.kill)
            order.filter = try choice.filter()
            order.all = all ? true : nil
            guard !names.isEmpty else {
                return say(try control.forEachPart(of: order, most: choice.limit))
            }
            let ids = try names.map { name throws(Failure) in
                guard let id = SessionID(name) else {
                    throw Failure(
                        .badInput,
                        "'\(name)' is no connection's name: must be PROCESS-REACTOR-PLACE-USE, as"
                            + " 'lbctl session list' shows it")
                }
                return id
            }
            var count = 0
            var missing: [String] = []
            for id in ids {
                order.filter.id = id
                let ended = try control.forEachPart(of: order, most: nil)
                count += ended
                if ended == 0 { missing.append("\(id)") }
            }
            if count > 0 || missing.isEmpty { say(count) }
            guard missing.isEmpty else {
                throw Failure(
                    .notSo, "no connection is named \(missing.joined(separator: ", ")) any more")
            }
        }

        private func say(_ count: Int) { print("\(count) ended") }
    }
}

extension ControlOptions {
    /// Has an order carried out, part by part.
    ///
    /// - Returns: How many were ended.
    /// - Throws: `Failure`, also where no process knows what is named.
    @discardableResult
    fileprivate func forEachPart(
        of order: SessionOrder, most: Int?, _ body: (SessionPart) -> Void = { _ in }
    ) throws(Failure) -> Int {
        var order = order
        var (shown, ended) = (0, 0)
        var unknown: String?
        var isKnown = false
        repeat {
            order.most = most.map { $0 - shown - ended }
            guard case .sessions(let part) = try ask(.session(order)) else {
                throw Failure(
                    .internalError, "the program answered something else than connections")
            }
            body(part)
            shown += part.sessions.count
            ended += part.ended
            // The end of all processes says nothing.
            if let text = part.unknown {
                unknown = text
            } else if part.next != nil {
                isKnown = true
            }
            order.from = part.next
        } while order.from != nil && shown + ended < most ?? .max
        if let unknown, !isKnown { throw Failure(.notSo, unknown) }
        return ended
    }
}
#endif
