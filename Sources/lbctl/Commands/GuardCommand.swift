#if Program
internal import ArgumentParser
internal import Failover
internal import LinuxIO
internal import Reactor

/// Waits for the end of the failover process, and resigns for it: `lbctl guard`.
struct GuardCommand: ParsableCommand {
    static let name = "guard"
    /// Where the failover process leaves one end of the pair.
    static let linkDescriptor: Int32 = 3

    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Resigns for a killed 'lbctl run', which starts it.",
        shouldDisplay: false)

    @Flag var syslog = false
    @Flag var logDetail = false
    @Flag var realTime = false
    @Argument var parent: Int32

    func run() throws {
        setThreadName("lbctl-guard")
        Privileges.refuseNew()
        StandardError.prepare()
        let log = Log(
            destination: syslog ? .syslog : .standardError,
            threshold: logDetail ? .detail : .information)
        if realTime { try? RealTime.scheduleFirst() }
        do {
            let loop = try EventLoop()
            // One that is gone already has left nothing to do: its will would have come first.
            let end = try ProcessTable.ending(of: parent)
            try loop.watch(end.rawValue, for: .readable) { _ in
                // Not before its last word, which came in the same moment.
                loop.schedule(at: loop.now) { loop.stop() }
            }
            let link = try Link<Parcel<WillChange>, Parcel<WillChange>>(
                owning: GuardCommand.linkDescriptor, loop: loop)
            var will = LastWill()
            link.onMessage = { parcel, descriptors in
                for number in descriptors { _ = Descriptor(owning: number) }
                switch parcel {
                case .word(.whole(let next)): will = next
                case .word(.part(let part)): will.amend(by: part)
                case .bytes: break
                }
            }
            loop.run()
            guard !will.isEmpty else { return }
            let errors = will.execute(on: loop)
            let routers = will.routers.joined(separator: ", ")
            log(.error, "the failover process is gone; resigned as \(routers)")
            for error in errors { log(.error, "\(error)") }
        } catch {
            guard error.errno != .noSuchProcess else { return }
            throw Failure(error)
        }
    }
}
#endif
