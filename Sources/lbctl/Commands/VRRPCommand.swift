#if Program
internal import ArgumentParser
internal import Control

/// Moves a virtual router's addresses as planned: `lbctl vrrp VERB NAME`.
struct VRRPCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vrrp", abstract: "Move a virtual router's addresses away, or here.",
        subcommands: [Release.self, Takeover.self])

    /// A virtual router's name and the program that takes part in it.
    struct Target: ParsableArguments {
        @OptionGroup var control: ControlOptions

        @Argument(help: "The virtual router, 'VI_1' for example.")
        var name: String

        func order(_ change: VirtualRouterOrder.Change) throws {
            try control.say(.virtualRouter(VirtualRouterOrder(name: name, change: change)))
        }
    }

    struct Release: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let another node hold the addresses.",
            discussion: """
                Sends priority 0 and becomes Backup; another lbctl takes over (256 - its priority) \
                steps of 39 µs later, 10 ms at most, and any other router, or one with \
                strict_mode, after its skew time. This one does not preempt until 'takeover', or \
                until nobody else is Active.
                """)
        @OptionGroup var target: Target
        func run() throws { try target.order(.release) }
    }

    struct Takeover: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold the addresses on this node.",
            discussion: """
                Advertises a priority above the Active node's, and keeps it for as long as this \
                node stays Active. Undoes 'release'.
                """)
        @OptionGroup var target: Target
        func run() throws { try target.order(.takeover) }
    }
}
#endif
