#if Program
internal import ArgumentParser
internal import Control

/// Has the running program read its files again: `lbctl reload`.
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have the running program read its files again; an error changes nothing.")

    @OptionGroup var control: ControlOptions

    @Flag(help: "Print what a reload would change, and change nothing.")
    var dryRun = false

    func run() throws { try control.say(dryRun ? .plan : .reload) }
}
#endif
