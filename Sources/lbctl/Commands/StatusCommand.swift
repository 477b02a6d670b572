#if Program
internal import ArgumentParser
internal import Control
internal import Glibc

/// Shows the running program: `lbctl status [--json]`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show virtual routers, addresses, proxies and servers of the running program.")

    @OptionGroup var control: ControlOptions

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() throws {
        let status = try control.status()
        if json {
            print(String(decoding: status.json(indented: true), as: UTF8.self))
        } else {
            print(StatusText.render(status, colored: Terminal.showsColors), terminator: "")
        }
    }
}
#endif
