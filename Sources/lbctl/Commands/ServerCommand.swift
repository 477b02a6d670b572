#if Program
internal import ArgumentParser
internal import Control

/// Changes what a server takes: `lbctl server VERB BACKEND/SERVER`.
struct ServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract:
            "Change what a server takes, until it is changed back; add servers, or take some away.",
        subcommands: [
            Ready.self, Drain.self, Disable.self, Enable.self, Weight.self, MaxConn.self,
            Address.self, Add.self, Delete.self,
        ])

    /// A server's name and the program that has it.
    struct Target: ParsableArguments {
        @OptionGroup var control: ControlOptions

        @Argument(help: "The server, as BACKEND/SERVER.")
        var server: String

        func order(_ change: ServerOrder.Change, deadline: Double? = nil) throws {
            let path = try ServerPath(server)
            var order = ServerOrder(backend: path.backend, server: path.server, change: change)
            order.deadline = deadline
            try control.say(.server(order))
        }
    }

    /// How long connections may go on.
    struct Deadline: ParsableArguments {
        @Option(help: "Reset the connections that it still has after so many seconds.")
        var deadline: Double?

        func validate() throws {
            guard let deadline, !ServerOrder.deadlines.contains(deadline) else { return }
            throw ValidationError("deadline \(deadline): must be 0 to 86400 seconds")
        }
    }

    struct Ready: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take new connections again.")
        @OptionGroup var target: Target
        func run() throws { try target.order(.ready) }
    }

    struct Enable: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The same as ready.")
        @OptionGroup var target: Target
        func run() throws { try target.order(.ready) }
    }

    struct Drain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take no new connections; those that exist go on.")
        @OptionGroup var target: Target
        @OptionGroup var limit: Deadline
        func run() throws { try target.order(.drain, deadline: limit.deadline) }
    }

    struct Disable: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Put into maintenance.")
        @OptionGroup var target: Target
        @OptionGroup var limit: Deadline
        func run() throws { try target.order(.maintenance, deadline: limit.deadline) }
    }

    struct Weight: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change the share, 0 to 256.")
        @OptionGroup var target: Target
        @Argument(help: "0 to 256; 0 takes no new connections.")
        var weight: Int

        func validate() throws {
            guard (0...256).contains(weight) else {
                throw ValidationError("weight \(weight): must be 0 to 256")
            }
        }

        func run() throws { try target.order(.weight(weight)) }
    }

    struct MaxConn: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "maxconn", abstract: "Change how many connections it may have at once.",
            discussion: "Those that it has go on; further clients wait in the queue.")
        @OptionGroup var target: Target
        @Argument(help: "The number; 0: as many as come.")
        var limit: Int

        func validate() throws {
            let order = ServerOrder(backend: "", server: "", change: .connectionLimit(limit))
            if let complaint = order.complaint { throw ValidationError(complaint) }
        }

        func run() throws { try target.order(.connectionLimit(limit)) }
    }

    struct Address: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have new connections and checks go to another address.",
            discussion: """
                Connections that it has stay where they are, and so do counts and those who wait. What \
                'addr', 'port' and 'agent-port' say of its checks goes on to hold.
                """)
        @OptionGroup var target: Target
        @Argument(
            help: ArgumentHelp(
                "192.0.2.7, 192.0.2.7:8080 or [2001:db8::7]:8080; without a port it keeps the one that"
                    + " it has.", valueName: "address"))
        var address: String?
        @Flag(help: "Go back to where the configuration has it, now and after a reload.")
        var configured = false

        func validate() throws {
            guard (address == nil) == configured else {
                throw ValidationError("give either an address or --configured")
            }
        }

        func run() throws {
            guard let address else { return try target.order(.configuredAddress) }
            try target.order(.address(ServerOrder.Address(address)))
        }
    }
}
#endif
