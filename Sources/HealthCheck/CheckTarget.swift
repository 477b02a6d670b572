#if Probes
public import NIOCore

/// What to check, how, and how often.
public struct CheckTarget: Sendable {
    /// What reports call it; unique within one checker, `backend/server` for example.
    public let id: String
    /// Where to ask as configured; it tells a target from an earlier one of its `id`.
    public var address: SocketAddress
    /// Where it is asked, until ``HealthChecker/setAddress(_:_:)``; `nil`: at `address`, or where it was.
    public var presentAddress: SocketAddress?
    /// How to ask.
    public var probe: any HealthProbe = TCPProbe()
    /// Time from the start of one check to the start of the next.
    public var interval = Duration.seconds(2)
    /// The same while the results disagree with the state; `nil`: `interval`.
    public var fastInterval: Duration?
    /// The same while the target is down for good; `nil`: `interval`.
    public var downInterval: Duration?
    /// By how much each interval is made longer or shorter by chance, as a share of it, 0 to 0.5
    /// (haproxy's `spread-checks 20` is 0.2).
    public var jitter = 0.0
    /// How long one check may take; `nil`: `interval`.
    public var timeout: Duration?
    /// Successes in a row that bring the target up.
    public var rise = 2
    /// Failures in a row that take the target down.
    public var fall = 3
    /// What the target counts as before its first result.
    public var initialState = HealthRecord.InitialState.waiting
    /// What somebody else knew of the target, in the place of `initialState`; `nil`: nothing.
    public var memory: CheckMemory?
    /// Whether each result is reported, and not only those that change the state.
    public var reportsEveryResult = false
    /// What many failed connections of clients do; `nil`: they say nothing.
    public var observation: TrafficObservation?

    /// Makes a target with haproxy's intervals and thresholds.
    ///
    /// - Parameters:
    ///   - id: What reports call it.
    ///   - address: Where to ask.
    public init(id: String, address: SocketAddress) {
        self.id = id
        self.address = address
    }

    /// Makes a target from an address in text.
    ///
    /// - Parameters:
    ///   - id: What reports call it.
    ///   - ipAddress: An IPv4 or IPv6 address in digits; names are not looked up.
    ///   - port: The port, 1 to 65535.
    /// - Throws: ``CheckTargetError/notAnAddress(_:)`` where the text is no address,
    ///   ``CheckTargetError/notAPort(_:)`` where the number is no port.
    public init(id: String, ipAddress: String, port: Int) throws(CheckTargetError) {
        guard (1...65_535).contains(port) else { throw .notAPort(port) }
        guard let address = try? SocketAddress(ipAddress: ipAddress, port: port) else {
            throw .notAnAddress(ipAddress)
        }
        self.init(id: id, address: address)
    }

    /// The time from the last check's start to the next one's, in the state of `record`.
    func interval(in record: HealthRecord) -> Duration {
        let chosen =
            if !record.isSettled {
                fastInterval ?? interval
            } else if record.isUp {
                interval
            } else {
                downInterval ?? interval
            }
        let share = min(max(jitter, 0), 0.5)
        let spread = share > 0 ? chosen * Double.random(in: -share...share) : .zero
        return max(chosen + spread, Self.shortestInterval)
    }

    var probeTimeout: Duration { max(timeout ?? interval, Self.shortestInterval) }

    /// An interval of zero would keep the event loop from everything else.
    private static let shortestInterval = Duration.milliseconds(1)
}

/// Why a target cannot be made from what was given.
public enum CheckTargetError: Error, Hashable, CustomStringConvertible {
    /// The text is neither an IPv4 nor an IPv6 address.
    case notAnAddress(String)
    /// The number is not in 1 to 65535.
    case notAPort(Int)

    /// What is wrong, and what would be right.
    public var description: String {
        switch self {
        case .notAnAddress(let text):
            "\"\(text)\" is not an IP address to check; give one such as 192.0.2.1 or 2001:db8::1"
        case .notAPort(let port): "\(port) is not a port to check; ports are 1 to 65535"
        }
    }
}
#endif
