internal import Synchronization

/// Why a connection was not relayed, or ended before its time; one of a closed set.
public enum Refusal: Int, Hashable, Sendable, CaseIterable {
    /// A `tcp-request connection` rule said so.
    case deniedConnection
    /// A `tcp-request session` rule said so.
    case deniedSession
    /// A `tcp-request content` rule said so.
    case deniedContent
    /// The PROXY header is none.
    case headerMalformed
    /// The PROXY header did not come in time.
    case headerLate
    /// The connection ended within the PROXY header.
    case headerCut
    /// The client's TLS handshake failed.
    case handshakeFailed
    /// The client's TLS handshake was not done in time.
    case handshakeLate
    /// The connection ended within the TLS handshake, or before it.
    case handshakeCut
    /// The client ended while its first bytes were waited for.
    case cut
    /// The client broke off while its first bytes were waited for.
    case aborted
    /// No rule chose a pool for it, and there is none for all.
    case unmatched
    /// The address that the client had connected to left this node.
    case addressLeft
    /// The flow table was full, and the datagram of a new source was dropped.
    case flowsFull
    /// A datagram was dropped: its flow waited for a server with room, sources came faster than the
    /// listener's rate, or the kernel did not take it.
    case datagramLost
    /// This host could not begin a connection to a server, for lack of an address, a port or a
    /// permission, or not wait for an accepted one.
    case localFailure
    /// Its source had as many connections within a second as it may.
    case overRate
    /// The client sent nothing at all within its time.
    case clientSilent
    /// The client sent nothing more within its time.
    case clientIdle
    /// The client did not take what there was for it within its time.
    case clientStuck
    /// The server sent nothing within its time.
    case serverIdle
    /// The server did not take what there was for it within its time.
    case serverStuck
}

extension Refusal {
    /// The cause in one word, as status and logs have it.
    public var word: String {
        switch self {
        case .deniedConnection: "denied-connection"
        case .deniedSession: "denied-session"
        case .deniedContent: "denied-content"
        case .headerMalformed: "header-malformed"
        case .headerLate: "header-late"
        case .headerCut: "header-cut"
        case .handshakeFailed: "handshake-failed"
        case .handshakeLate: "handshake-late"
        case .handshakeCut: "handshake-cut"
        case .cut: "client-left"
        case .aborted: "client-aborted"
        case .unmatched: "no-rule-matched"
        case .addressLeft: "address-left"
        case .flowsFull: "flows-full"
        case .datagramLost: "datagram-lost"
        case .localFailure: "local-failure"
        case .overRate: "over-rate"
        case .clientSilent: "client-silent"
        case .clientIdle: "client-idle"
        case .clientStuck: "client-stuck"
        case .serverIdle: "server-idle"
        case .serverStuck: "server-stuck"
        }
    }

    /// Those by which a client failed before its first byte could be relayed (`ereq`).
    static let broken: [Refusal] = [
        .headerMalformed, .headerLate, .headerCut, .handshakeFailed, .handshakeLate, .handshakeCut,
        .cut, .aborted,
    ]
}

extension Refusal {
    /// Who or what the log says it was.
    var cause: Ending.Cause {
        switch self {
        case .deniedConnection, .deniedSession, .deniedContent, .unmatched, .overRate: .proxy
        case .headerLate, .handshakeLate, .clientSilent, .clientIdle, .clientStuck: .clientTimeout
        case .serverIdle, .serverStuck: .serverTimeout
        case .headerMalformed, .headerCut, .handshakeFailed, .handshakeCut, .cut, .aborted: .client
        case .addressLeft: .operatorsOrder
        case .flowsFull, .datagramLost, .localFailure: .resource
        }
    }
}

/// How often each ``Refusal`` happened at one frontend.
///
/// Shared by all reactors: these events are rare, or somebody's attack.
final class RefusalTally: Sendable {
    private let counts = RefusalTally.zeros()
    /// Connections whose first bytes were no TLS although a rule asked for it.
    let unreadableHellos = Atomic(0)
    /// Connections whose first bytes did not come within `inspect-delay`.
    let lateHellos = Atomic(0)
    /// Connections that have to show a PROXY header, whose TLS ends here or that rules have to let pass.
    let newcomers = Atomic(0)
    /// Those of them that did, and that `connection` and `session` rules let pass.
    let admitted = Atomic(0)

    private final class Count: Sendable {
        let value = Atomic(0)
    }

    private static func zeros() -> [Count] { Refusal.allCases.map { _ in Count() } }

    /// Counts one.
    func note(_ refusal: Refusal) { counts[refusal.rawValue].value.add(1, ordering: .relaxed) }

    /// How often it happened.
    subscript(refusal: Refusal) -> Int { counts[refusal.rawValue].value.load(ordering: .relaxed) }

    /// All counts: by cause, then the hellos that were no TLS, the late ones, the newcomers and those of
    /// them that were admitted.
    var sums: [UInt64] {
        (Refusal.allCases.map { self[$0] }
            + [
                unreadableHellos.load(ordering: .relaxed), lateHellos.load(ordering: .relaxed),
                newcomers.load(ordering: .relaxed), admitted.load(ordering: .relaxed),
            ]).map { UInt64(clamping: $0) }
    }

    static let unreadableHello = "hello-unreadable"
    static let lateHello = "hello-late"
}
