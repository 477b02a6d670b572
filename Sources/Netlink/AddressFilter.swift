internal import Glibc
internal import LinuxIO
public import Reactor

/// Drops what comes in for addresses that this host holds for others only.
///
/// A table of its own, `inet lbctl`, holds a set of addresses per version and one chain. What a host
/// needs to hold an address goes through: the neighbour solicitations and advertisements of IPv6
/// (RFC 9568 §6.1, Accept_Mode), and protocol 112. ARP is never filtered there; nor is what is forwarded.
///
/// Packets for an address that the host does not hold never come to this chain. So the set says
/// what is *configured*, and does not change when addresses move: no failover waits for it.
///
/// Each change is one transaction of `nft`, which replaces the whole table: there is no moment
/// without it, and what someone has broken by hand is whole again afterwards. `nft(8)`.
///
/// Belongs to one event loop's thread; `nft` runs in that thread's network namespace.
public final class AddressFilter {
    /// The addresses that were last put into force.
    public private(set) var addresses: Set<InternetAddress> = []

    private let loop: EventLoop
    private let program: String
    private let timeout: Duration
    private let handler: (Result<Set<InternetAddress>, AddressFilterError>) -> Void
    private var run: Run?
    private var next: Set<InternetAddress>?
    private var idleActions: [() -> Void] = []

    /// Prepares a filter; changes nothing.
    ///
    /// - Parameters:
    ///   - loop: The loop on whose thread the handler is called.
    ///   - program: The program `nft`; searched in `PATH` when it holds no slash.
    ///   - timeout: How long it may take; it takes some 10 ms.
    ///   - handler: Called after each change, with the addresses now in force or why they are not.
    public init(
        on loop: EventLoop, program: String = "nft", timeout: Duration = .seconds(5),
        handler: @escaping (Result<Set<InternetAddress>, AddressFilterError>) -> Void
    ) {
        self.loop = loop
        self.program = program
        self.timeout = timeout
        self.handler = handler
    }

    /// Whether nothing is under way.
    public var isIdle: Bool { run == nil }

    /// Calls back once, when nothing is under way any more; at once if nothing is.
    public func whenIdle(_ action: @escaping () -> Void) {
        guard !isIdle else { return action() }
        idleActions.append(action)
    }

    /// Says which addresses take nothing, in place of those said before; with none, the table goes.
    ///
    /// Also what an earlier run left behind is replaced by it. Returns at once. While a change is
    /// under way, only the last of those that follow is kept.
    ///
    /// - Parameter addresses: All of them, of both versions.
    public func set(_ addresses: Set<InternetAddress>) {
        next = addresses
        startNext()
    }

    /// Ends a change that is under way, without telling of it; the table stays as it is.
    public func stop() {
        next = nil
        idleActions = []
        _ = finish()
    }

    deinit { stop() }

    private func startNext() {
        guard run == nil, let wanted = next else { return }
        next = nil
        do throws(SystemError) {
            let run = try Run(program, Self.script(for: wanted), wanted)
            run.watch = try loop.watch(run.child.pidfd.rawValue, for: .readable) { [weak self] _ in
                self?.handleEnding()
            }
            run.deadline = loop.schedule(after: timeout) { [weak run] in run?.kill() }
            self.run = run
        } catch {
            handler(.failure(.notStarted(error)))
        }
    }

    private func tellIdle() {
        guard isIdle else { return }
        let actions = idleActions
        idleActions = []
        actions.forEach { $0() }
    }

    private func handleEnding() {
        guard let ending = run?.reap(), let ended = finish() else { return }
        switch ending {
        case .exited(status: 0):
            addresses = ended.addresses
            handler(.success(addresses))
        case .signalled where ended.isOverdue: handler(.failure(.timedOut))
        case .exited, .signalled: handler(.failure(.refused(ended.words)))
        }
        startNext()
        tellIdle()
    }

    private func finish() -> Run? {
        guard let ended = run else { return nil }
        if let watch = ended.watch { loop.unwatch(watch) }
        if let deadline = ended.deadline { loop.cancel(deadline) }
        run = nil
        return ended
    }

    /// What `nft` is told: one transaction, right whether or not the table is there.
    static func script(for addresses: Set<InternetAddress>) -> String {
        let removal = "add table inet lbctl\ndelete table inet lbctl\n"
        guard !addresses.isEmpty else { return removal }
        func elements(_ family: InternetAddress.Family) -> String {
            let members = addresses.filter { $0.family == family }.map(\.description).sorted()
            return members.isEmpty
                ? "" : "elements = { \(members.joined(separator: ", ")) }"
        }
        return removal + """
            table inet lbctl {
              set addresses4 {
                type ipv4_addr
                \(elements(.v4))
              }
              set addresses6 {
                type ipv6_addr
                \(elements(.v6))
              }
              chain input {
                type filter hook input priority -1; policy accept;
                meta l4proto 112 accept
                icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
                ip daddr @addresses4 counter drop
                ip6 daddr @addresses6 counter drop
              }
            }

            """
    }
}

/// One run of `nft`.
private final class Run {
    let child: ChildProcess
    let addresses: Set<InternetAddress>
    var watch: EventLoop.Watch?
    var deadline: EventLoop.Deadline?
    private(set) var isOverdue = false
    private var hasEnded = false
    private let output: OutputPipe

    init(
        _ program: String, _ script: String, _ addresses: Set<InternetAddress>
    ) throws(SystemError) {
        let nothing = try Descriptor.nullDevice()
        let output = try OutputPipe()
        // Nothing to be filled while the program reads, as a pipe; no limit of length, as for an
        // argument (128 KiB).
        let input = try MemoryFile.holding(Array(script.utf8), name: "nft")
        child = try ChildProcess(
            path: program, arguments: ["nft", "-f", "-"],
            descriptors: [
                (0, input.rawValue), (1, nothing.rawValue), (2, output.writeEnd.rawValue),
            ])
        self.output = output
        self.addresses = addresses
    }

    func reap() -> ChildProcess.Ending? {
        let ending = child.reap()
        hasEnded = ending != nil
        return ending
    }

    /// Ends it; its end is told of as ever.
    func kill() {
        isOverdue = true
        child.signalGroup(SIGKILL)
    }

    deinit {
        guard !hasEnded else { return }
        child.signalGroup(SIGKILL)
        // A process that is killed ends at once, unless the kernel itself is stuck.
        var waited = pollfd(fd: child.pidfd.rawValue, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&waited, 1, 100)
        _ = child.reap()
    }

    /// The first line of what it had to say.
    var words: String {
        let text = String(decoding: output.take(), as: UTF8.self)
        return text.split(separator: "\n").first.map(String.init) ?? "it said nothing"
    }
}
