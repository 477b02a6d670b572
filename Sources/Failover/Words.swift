internal import LinuxIO
internal import Netlink
internal import VRRPCore

// keepalived's words for states and its log lines: operators search for them and scripts compare
// with them. They occur in this file alone; everything else speaks RFC 9568.

/// A line for the log.
public struct LogLine: Hashable, Sendable {
    /// How bad it is.
    public enum Severity: Hashable, Sendable {
        /// Normal operation.
        case info
        /// Worth a look: a state changed.
        case notice
        /// Something is not as configured, and the node goes on.
        case warning
        /// Something that was asked for does not work.
        case error
    }

    /// How bad it is.
    public let severity: Severity
    /// Whether only a detailed log holds it (keepalived's `-D`).
    public let isDetail: Bool
    /// The text, without time and program name.
    public let text: String

    /// Makes a line.
    ///
    /// - Parameters:
    ///   - severity: How bad it is.
    ///   - isDetail: Whether only a detailed log holds it.
    ///   - text: The text.
    public init(_ severity: Severity, isDetail: Bool = false, _ text: String) {
        self.severity = severity
        self.isDetail = isDetail
        self.text = text
    }
}

extension RouterState {
    /// keepalived's word, as notification programs get it.
    public var word: String {
        switch self {
        case .active: "MASTER"
        case .backup: "BACKUP"
        case .fault: "FAULT"
        case .stopped: "STOP"
        }
    }
}

extension Notice {
    /// keepalived's word.
    var word: String {
        switch self {
        case .entered(let state): state.word
        case .deleted: "DELETED"
        case .heardInferior: "MASTER_RX_LOWER_PRI"
        case .priorityChanged(isActive: true): "MASTER_PRIORITY"
        case .priorityChanged(isActive: false): "BACKUP_PRIORITY"
        }
    }
}

extension Notice.Subject {
    fileprivate var words: (kind: String, name: String, priority: String) {
        switch self {
        case .router(let name, let priority): ("INSTANCE", name, "\(priority.rawValue)")
        // A group has none.
        case .group(let name): ("GROUP", name, "0")
        }
    }
}

/// The arguments that keepalived appends to a generic notification program.
///
/// - Parameters:
///   - notice: What there is to tell.
///   - subject: Of whom.
/// - Returns: `INSTANCE NAME STATE PRIORITY`, or `GROUP NAME STATE 0`.
func notificationArguments(_ notice: Notice, of subject: Notice.Subject) -> [String] {
    let words = subject.words
    return [words.kind, words.name, notice.word, words.priority]
}

/// The line that a named pipe gets, as keepalived's `notify_fifo` does.
///
/// - Parameters:
///   - notice: What there is to tell.
///   - subject: Of whom.
/// - Returns: `INSTANCE "NAME" STATE PRIORITY` and a line feed.
func notificationLine(_ notice: Notice, of subject: Notice.Subject) -> String {
    let words = subject.words
    return "\(words.kind) \"\(words.name)\" \(notice.word) \(words.priority)\n"
}

/// The mail about a new state, in keepalived's words; `nil` for what is no state.
///
/// - Parameters:
///   - notice: What there is to tell.
///   - subject: Of whom.
///   - node: The node's name.
/// - Returns: Subject and text, a line each.
func mailText(
    _ notice: Notice, of subject: Notice.Subject, node: String
) -> (subject: String, body: String)? {
    guard case .entered(let state) = notice else { return nil }
    switch subject {
    case .router(let name, _):
        let body =
            state == .active
            ? "=> VRRP Instance is now owning VRRP VIPs <="
            : "=> VRRP Instance is no longer owning VRRP VIPs <="
        return ("[\(node)] VRRP Instance \(name) - Entering \(state.word) state", body)
    case .group(let name):
        return (
            "[\(node)] VRRP Group \(name) - Entering \(state.word) state",
            "=> All VRRP group instances are now in \(state.word) state <="
        )
    }
}

/// The epoch of a state, as a notification program finds it in its environment.
func epochVariable(_ epoch: Int64) -> String { "LBCTL_EPOCH=\(epoch)" }

extension FailoverEvent {
    /// The line that the log holds for this event, in keepalived's wording; `nil`: none.
    public var logLine: LogLine? {
        switch self {
        case .started: LogLine(.info, "Startup complete")
        case .reloaded: LogLine(.info, "Reload complete")
        case .stopping: LogLine(.info, "Stopping")
        case .waitsBeforeTakingPart(let wait):
            LogLine(.notice, "Waiting \(wait) before taking part, as configured")
        case .router(let name, let event): event.logLine(router: name)
        case .group(let name, let event): event.logLine(group: name)
        case .script(let name, let event): event.logLine(script: name)
        case .fact(let name, isGood: true): LogLine(.info, "Tracked \(name) is usable")
        case .fact(let name, isGood: false): LogLine(.warning, "Tracked \(name) is not usable")
        case .file(let name, let number):
            LogLine(.info, "Track file \(name) now holds \(number)")
        case .process(let name, hasQuorum: true):
            LogLine(.info, "Quorum gained for tracked process \(name)")
        case .process(let name, hasQuorum: false):
            LogLine(.warning, "Quorum lost for tracked process \(name)")
        case .interface(let name, isUp: true): LogLine(.info, "Netlink reports \(name) up")
        case .interface(let name, isUp: false): LogLine(.warning, "Netlink reports \(name) down")
        case .announced(let address, let interface):
            LogLine(.info, isDetail: true, "Sending gratuitous ARP on \(interface) for \(address)")
        case .leftoverRemoved(let address, let interface):
            LogLine(.notice, "Removed \(address) from \(interface), left behind by an earlier run")
        case .removedLate(let address, let interface):
            LogLine(.notice, "Removed \(address) from \(interface), which had failed before")
        case .pipeReaderEnded(let path, let result, let wait):
            LogLine(.warning, "The reader of \(path) ended (\(result.words)): again in \(wait)")
        case .pipeKept(let path, let user, let result):
            LogLine(.error, "\(path) was not given to \(user): chown \(result.words)")
        case .mailFailed(let reason): LogLine(.warning, "A mail was not sent: \(reason)")
        case .mailsLost(let count):
            LogLine(.warning, "\(count) mails were not sent before the end")
        case .notificationsLeft(let running, let lost):
            LogLine(
                .warning,
                "\(running) notification programs still run and are left to themselves, \(lost) that"
                    + " waited for them are not run")
        case .strayDatagram(let cause, let source, let interface):
            LogLine(
                .warning,
                "Ignoring a VRRP packet on \(interface) from \(source.map { "\($0)" } ?? "somebody"): "
                    + cause.words)
        case .filterFailed(let error):
            LogLine(.error, "no_accept is not in force: \(error)")
        case .leftoverPartRemoved(let what):
            LogLine(.notice, "Removed \(what), left behind by an earlier run")
        case .unknownVRID(let vrid, let sender, let interface):
            LogLine(
                .info, "Received VRRP packet from unknown VRID \(vrid) of \(sender) on \(interface)"
            )
        case .failed(let error): LogLine(.error, error.description)
        }
    }
}

extension RouterEvent {
    func logLine(router name: String) -> LogLine? {
        switch self {
        case .entered(.stopped, _): nil
        // The owner begins here; keepalived has no word for that.
        case .entered(.active, _): LogLine(.notice, "(\(name)) Entering MASTER STATE")
        case .entered(let state, let isFirst):
            LogLine(
                state == .fault ? .warning : .notice,
                "(\(name)) Entering \(state.word) STATE\(isFirst ? " (init)" : "")")
        case .faulted(let cause):
            LogLine(.warning, "(\(name)): entering FAULT state (\(cause.words))")
        case .observed(let observation): observation.logLine(router: name)
        case .heardRelease(_, as: let state):
            LogLine(
                .info, isDetail: true,
                "(\(name)) \(state == .active ? "Master" : "Backup") received priority 0 "
                    + "advertisement")
        case .followed(let address):
            LogLine(.info, isDetail: true, "(\(name)) master set to \(address)")
        case .sentRelease: LogLine(.info, isDetail: true, "(\(name)) sent 0 priority")
        case .claimsAddresses: LogLine(.info, isDetail: true, "(\(name)) setting VIPs.")
        case .releasesAddresses: LogLine(.info, isDetail: true, "(\(name)) removing VIPs.")
        // The balancer counts what it ends.
        case .loses, .lastWordsChanged: nil
        case .leavesUnadvertised(0, let interface):
            LogLine(.notice, "(\(name)) advertises all of its VIPs again on \(interface)")
        case .leavesUnadvertised(let count, let interface):
            LogLine(
                .warning,
                "(\(name)) \(count) VIPs are held but not advertised: \(interface) carries no longer"
                    + " packets")
        case .notSent(let cause): LogLine(.warning, "(\(name)) advert not sent: \(cause.words)")
        case .announces(let address, let interface):
            LogLine(
                .info, isDetail: true,
                "(\(name)) Sending/queueing gratuitous ARPs on \(interface) for \(address)")
        case .addressRestored(let address, let interface):
            LogLine(
                .warning, "(\(name)) \(address) was removed from \(interface) by somebody, restored"
            )
        case .partRestored(let what):
            LogLine(.warning, "(\(name)) \(what) was removed by somebody, restored")
        case .gaveWay(let cause): LogLine(.warning, "(\(name)) giving way: \(cause.words)")
        case .tookOver: LogLine(.notice, "(\(name)) taking over: the operator wants it")
        case .refused(let refusal, let source):
            // Each fault would bring one for each peer.
            LogLine(
                .warning, isDetail: refusal == .rejected(.takesNoPart),
                "(\(name)) Ignoring advert from \(source): \(refusal)")
        case .failed(let error): LogLine(.error, "(\(name)) \(error)")
        case .notificationFailed(let program, let result):
            LogLine(.warning, "(\(name)) notify script \(program) \(result.words)")
        case .notificationSlow(let program):
            LogLine(.notice, "(\(name)) notify script \(program) has been running for a minute")
        }
    }
}

extension GroupEvent {
    func logLine(group name: String) -> LogLine? {
        switch self {
        case .syncs(let state):
            LogLine(.info, "VRRP_Group(\(name)) Syncing instances to \(state.word) state")
        case .entered: nil
        case .notificationFailed(let program, let result):
            LogLine(.warning, "VRRP_Group(\(name)) notify script \(program) \(result.words)")
        case .notificationSlow(let program):
            LogLine(
                .notice,
                "VRRP_Group(\(name)) notify script \(program) has been running for a minute")
        }
    }
}

extension VirtualRouter.Observation {
    func logLine(router name: String) -> LogLine? {
        switch self {
        // Told as `entered`, which knows a fault from a stop.
        case .transition: nil
        case .activeDownTimerExpired:
            LogLine(.info, isDetail: true, "(\(name)) Receive advertisement timeout")
        // Told as `heardRelease`, which knows where the router stood.
        case .releaseReceived: nil
        case .inferiorDiscarded(let priority, let sender):
            LogLine(
                .info,
                "(\(name)) received lower priority (\(priority.rawValue)) advert from \(sender) "
                    + "- discarding")
        case .inferiorAnswered(let priority, let sender, let own):
            LogLine(
                .notice,
                "(\(name)) Received advert from \(sender) with lower priority "
                    + "\(priority.rawValue), ours \(own.rawValue), forcing new election")
        case .superiorReceived(let priority, let sender, let own) where priority == own:
            LogLine(
                .notice,
                "(\(name)) Master received advert from \(sender) with same priority "
                    + "\(priority.rawValue) but higher IP address than ours")
        case .superiorReceived(let priority, let sender, let own):
            LogLine(
                .notice,
                "(\(name)) Master received advert from \(sender) with higher priority "
                    + "\(priority.rawValue), ours \(own.rawValue)")
        case .intervalDiffers(let received, let sender, let own):
            LogLine(
                .warning,
                "(\(name)) advertisement interval mismatch with \(sender) mine=\(own.words) "
                    + "rcv'd=\(received.words)")
        case .addressesDiffer(let received, let sender, let own) where received.count != own.count:
            LogLine(
                .warning,
                "(\(name)) expected \(own.count) VIPs but received \(received.count) "
                    + "from \(sender)")
        case .addressesDiffer(let received, let sender, let own):
            LogLine(
                .warning,
                "(\(name)) expected VIPs \(own.words) but received \(received.words) from \(sender)"
            )
        case .priorityChanged(let old, let new):
            LogLine(
                .info,
                "(\(name)) Changing effective priority from \(old.rawValue) to \(new.rawValue)")
        case .anotherOwner(let sender):
            LogLine(.warning, "(\(name)) \(sender) says that it owns the addresses, too")
        case .reaffirmed(let sender):
            LogLine(.notice, "(\(name)) announced again after \(sender) was MASTER, too")
        case .stalled(let lateness):
            LogLine(
                .warning, "(\(name)) A thread timer expired \(lateness) ago, listening first")
        // Told as `refused`, which knows the sender and counts.
        case .rejected: nil
        }
    }
}

extension ScriptEvent {
    func logLine(script name: String) -> LogLine? {
        switch self {
        case .returned(.exited(let status)):
            LogLine(.info, "Script `\(name)` now returning \(status)")
        case .returned: nil
        case .becameGood: LogLine(.info, "VRRP_Script(\(name)) succeeded")
        case .assumedGood: LogLine(.info, "VRRP_Script(\(name)) considered successful on reload")
        case .failed(.timedOut): LogLine(.warning, "VRRP_Script(\(name)) timed_out")
        case .failed(let result): LogLine(.warning, "VRRP_Script(\(name)) failed (\(result.words))")
        }
    }
}

extension ScriptResult {
    /// How the run came out, in keepalived's wording.
    public var words: String {
        switch self {
        case .exited(let status): "exited with status \(status)"
        case .signalled(let number): "due to signal \(number)"
        case .timedOut: "timed_out"
        case .notStarted(let error): "could not be run: \(error)"
        case .fact(isGood: true): "native check: good"
        case .fact(isGood: false): "native check: bad"
        }
    }
}

extension AdvertisementInterval {
    var words: String {
        switch self {
        case .v2(let seconds): "\(seconds.rawValue) sec"
        case .v3(let hundredths): "\(Int(hundredths.rawValue) * 10) milli-sec"
        }
    }
}

extension VirtualAddressList {
    fileprivate var words: String { map(\.description).joined(separator: " ") }
}
