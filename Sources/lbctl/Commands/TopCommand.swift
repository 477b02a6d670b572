#if Program
internal import ArgumentParser
internal import Control
internal import Glibc
internal import LinuxIO

/// Shows the running program as it works: `lbctl top`.
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show virtual routers, proxies and servers as they work, the busiest first.",
        discussion: """
            Keys: q ends, s sorts by something else, arrows, PgUp, PgDn, Home and End (or k, j, b, \
            space, g, G) scroll. Rates are those between two looks.
            """)

    @OptionGroup var control: ControlOptions

    @Option(help: "Seconds between two looks.")
    var interval = 1.0

    func validate() throws {
        guard !(0.1...3600).contains(interval) else { return }
        throw ValidationError("interval \(interval): must be 0.1 to 3600 seconds")
    }

    func run() throws {
        // Before the terminal is another one, so that what is wrong can be read.
        let first = try control.status()
        let terminal = try Terminal()
        let signal = show(first, on: terminal)
        terminal.giveBack()
        if let signal { Glibc.exit(128 + signal) }
    }

    /// Shows one status after the other.
    ///
    /// - Returns: The signal that ended it; `nil`: a key.
    private func show(_ first: NodeStatus, on terminal: Terminal) -> Int32? {
        var view = TopView()
        var former: (status: NodeStatus, at: MonotonicInstant)?
        var latest = (status: first, at: MonotonicInstant.now)
        var next = latest.at + .seconds(interval)
        while true {
            let size = terminal.size
            terminal.draw(
                view.render(
                    latest.status, since: former?.status,
                    interval: former.map { latest.at - $0.at } ?? .zero, size: size,
                    colored: Terminal.showsColors))
            switch terminal.next(until: next) {
            case .quit: return nil
            case .signal(let signal): return signal
            case .redraw: break
            case .sort: view.order = view.order.next
            case .lineUp: view.offset -= 1
            case .lineDown: view.offset += 1
            case .pageUp: view.offset -= max(1, size.rows / 2)
            case .pageDown: view.offset += max(1, size.rows / 2)
            case .first: view.offset = 0
            case .last: view.offset = .max
            case .nothing:
                next = .now + .seconds(interval)
                do throws(Failure) {
                    let status = try control.status()
                    (former, latest) = (latest, (status, .now))
                    view.complaint = nil
                } catch { view.complaint = error.message }
            }
        }
    }
}
#endif
