#if Program
internal import ArgumentParser
internal import LinuxIO

/// Runs the other half of `lbctl run`, which starts it: `lbctl balancer`.
struct BalancerCommand: ParsableCommand {
    static let name = "balancer"
    /// Where the failover process leaves one end of the pair.
    static let linkDescriptor: Int32 = 3

    static let configuration = CommandConfiguration(
        commandName: name, abstract: "The balancer process; 'lbctl run' starts it.",
        shouldDisplay: false)

    @Flag var syslog = false
    @Flag var logDetail = false
    @Option(parsing: .upToNextOption) var processors: [Int] = []

    /// Lets the process run on these processors, where its parent runs on others.
    static func arguments(processors: ProcessorSet) -> [String] {
        ["--processors"] + processors.numbers.map(String.init)
    }

    func run() throws {
        setThreadName("lbctl-balancer")
        Privileges.refuseNew()
        if !processors.isEmpty { try? ProcessorSet(processors).restrictThread() }
        // Each connection takes two; a high limit costs nothing until they are open.
        KernelSettings.raiseOpenFileLimit()
        StandardError.prepare()
        let log = Log(
            destination: syslog ? .syslog : .standardError,
            threshold: logDetail ? .detail : .information)
        try BalancerProcess(descriptor: BalancerCommand.linkDescriptor, log: log).run()
    }
}
#endif
