#if Program
internal import ArgumentParser
internal import Control
internal import LinuxIO

extension ServerCommand {
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a server to a backend, until the next reload or restart.",
            discussion: """
                As 'add server' of haproxy's runtime API: it stands behind the others, in maintenance \
                unless 'enabled' is said, and 'default-server' says nothing of it. 'lbctl server ready' \
                lets clients in, once its check succeeds where 'check' is said. The backend's 'balance' \
                must be roundrobin, leastconn, first, random or maglev, or by a hash of type consistent. \
                To keep it, add its line to the configuration before the next reload.
                """)
        @OptionGroup var control: ControlOptions
        @Argument(help: "The server, as BACKEND/SERVER.")
        var server: String
        @Argument(
            help: ArgumentHelp(
                "ADDRESS[:PORT] and options as in haproxy's 'server' lines: 'check inter 1s weight 5'.",
                valueName: "words"))
        var words: [String]

        func run() throws {
            try control.say(.pool(try PoolOrder(server, .add(words))))
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "del",
            abstract: "Take a server away that is in maintenance and has no connection.",
            discussion: """
                As 'del server' of haproxy's runtime API. Where the configuration still has its line, the \
                next reload or restart brings it back.
                """)
        @OptionGroup var control: ControlOptions
        @Argument(help: "The server, as BACKEND/SERVER.")
        var server: String
        @Option(help: "Wait so many seconds at most for the end of the connections that it has.")
        var wait: Double?

        func validate() throws {
            guard let wait, !(0...86_400).contains(wait) else { return }
            throw ValidationError("wait \(wait): must be 0 to 86400 seconds")
        }

        func run() throws {
            let deadline = wait.map { MonotonicInstant.now + .seconds($0) } ?? .now
            while true {
                try awaitRemovable(until: deadline)
                do throws(Failure) {
                    return try control.say(.pool(try PoolOrder(server, .remove)))
                } catch {
                    // The balancer process may be on its way back.
                    guard error.status == .systemRefused, MonotonicInstant.now < deadline else {
                        throw error
                    }
                }
            }
        }

        /// haproxy's `wait TIME srv-removable`.
        private func awaitRemovable(until deadline: MonotonicInstant) throws(Failure) {
            let question = try PoolOrder(server, .askRemovable)
            while MonotonicInstant.now < deadline,
                case .done(let reason) = try control.ask(.pool(question)), !reason.isEmpty
            {
                Thread.sleep(for: .milliseconds(100))
            }
        }
    }
}

extension PoolOrder {
    fileprivate init(_ path: String, _ change: Change) throws(Failure) {
        let path = try ServerPath(path)
        self.init(backend: path.backend, server: path.server, change: change)
    }
}
#endif
