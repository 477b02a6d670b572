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
    private var run: ProgramRun?
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

    deinit { run?.kill() }

    private func startNext() {
        guard run == nil, let wanted = next else { return }
        next = nil
        run = ProgramRun(
            arguments: [program, "-f", "-"], input: Array(Self.script(for: wanted).utf8),
            limit: timeout, keeping: .first, loop: loop,
            onResult: { [weak self] result, output in
                self?.finish(result, output, for: wanted)
            },
            onEnd: { [weak self] in self?.ended() })
    }

    private func finish(
        _ result: ProgramRun.Result, _ output: String, for wanted: Set<InternetAddress>
    ) {
        switch result {
        case .ended(.exited(status: 0)):
            addresses = wanted
            handler(.success(addresses))
        case .notStarted(let error): handler(.failure(.notStarted(error)))
        case .timedOut: handler(.failure(.timedOut))
        case .ended:
            let line = output.split(separator: "\n").first.map(String.init)
            handler(.failure(.refused(line ?? "it said nothing")))
        }
    }

    private func ended() {
        run = nil
        startNext()
        guard isIdle else { return }
        let actions = idleActions
        idleActions = []
        actions.forEach { $0() }
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
