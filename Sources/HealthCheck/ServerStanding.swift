/// What checks, an agent, an operator and a tracked server say of one server, and what follows
/// for the balancer.
///
/// Pure. Each speaks for itself, and takes back only what it said itself: an agent that reports
/// `ready` does not end a drain that the operator asked for.
public struct ServerStanding: Hashable, Sendable {
    /// Whether the server's own check succeeds; `nil`: it is not checked.
    public var checkIsUp: Bool?
    /// What has been heard of the server's own check.
    public var hearing = Hearing.heard
    /// What is known of where it is.
    public var whereabouts = Whereabouts.configured
    /// Whether the server answers its check with the wish for no new clients (`disable-on-404`).
    public var wishesNoClients = false
    /// Whether the agent, or the traffic of the tracked server, says that it is well.
    public private(set) var agentIsUp = true
    /// What the agent asked for.
    public private(set) var agentState = AgentReport.Administration.ready
    /// Its share before anybody changes it, 0 to 256.
    public private(set) var configuredWeight: Int
    /// Its limit of connections before anybody changes it; `nil`: none.
    public private(set) var configuredLimit: Int?
    private var configuredState: AgentReport.Administration
    private var operatorsWord: AgentReport.Administration?
    private var share = Share.configured
    private var bound = Bound.configured
    /// What all reports of the agent come to.
    private var lastReport: AgentReport?
    private var lastCheckWeight: Int?
    private var lastNameWeight: Int?
    /// What the server that this one tracks has come to; `nil`: it tracks none.
    public var tracked: Tracked?

    /// What is known of where a server is.
    public enum Whereabouts: Hashable, Sendable {
        /// Its address is configured.
        case configured
        /// It has a name, whose address is still being asked for.
        case awaited
        /// Its name has no address.
        case missing
        /// Its name has this address, or the operator says that it is here.
        case found(ResolvedAddress)

        /// Whether there is an address.
        public var isKnown: Bool {
            switch self {
            case .configured, .found: true
            case .awaited, .missing: false
            }
        }
    }

    /// What has been heard of a check.
    public enum Hearing: Hashable, Sendable {
        /// A result that counts, or what was known before or is assumed.
        case heard
        /// Nothing yet.
        case awaited
        /// Only that this host could not carry it out.
        case notRun
    }

    /// What a tracked server hands on.
    public struct Tracked: Hashable, Sendable {
        /// Whether it is up.
        public let isUp: Bool
        /// What it may take.
        public let administration: AgentReport.Administration
        /// What has been heard of its check.
        public let hearing: Hearing

        /// Makes what is handed on.
        ///
        /// - Parameters:
        ///   - isUp: Whether the tracked server is up.
        ///   - administration: What it may take.
        ///   - hearing: What has been heard of its check.
        public init(
            isUp: Bool, administration: AgentReport.Administration, hearing: Hearing = .heard
        ) {
            self.isUp = isUp
            self.administration = administration
            self.hearing = hearing
        }
    }

    /// Makes the standing of a server that nobody has spoken of.
    ///
    /// - Parameters:
    ///   - weight: Its share, 0 to 256.
    ///   - limit: Its limit of connections; `nil`: none.
    ///   - operatorState: What it may take as configured.
    public init(
        weight: Int, limit: Int?, operatorState: AgentReport.Administration = .ready
    ) {
        configuredWeight = weight
        configuredLimit = limit
        configuredState = operatorState
    }

    /// Who last spoke of the share, and what was said.
    private enum Share: Hashable, Sendable {
        case configured
        /// The agent, in percent of the configured one.
        case percent(Int)
        case agent(Int)
        case check(Int)
        /// The name servers.
        case named(Int)
        /// The operator.
        case given(Int)
    }

    /// Who last spoke of the limit, and what was said; `nil`: none.
    private enum Bound: Hashable, Sendable {
        case configured
        case agent(Int?)
        /// The operator.
        case given(Int?)
    }

    /// Its share as the last one who spoke has it, 0 to 256.
    public var weight: Int {
        let weight =
            switch share {
            case .configured: configuredWeight
            case .percent(let percent): (configuredWeight * percent + 99) / 100
            case .agent(let weight), .check(let weight), .named(let weight), .given(let weight):
                weight
            }
        return min(max(weight, 0), 256)
    }

    /// Its limit of connections as the last one who spoke has it; `nil`: none.
    public var limit: Int? {
        switch bound {
        case .configured: configuredLimit
        case .agent(let limit), .given(let limit): limit
        }
    }

    /// What the operator asked for, or else the configuration.
    public var operatorState: AgentReport.Administration {
        get { operatorsWord ?? configuredState }
        set { operatorsWord = newValue }
    }

    /// Takes another configuration; what was said holds on.
    ///
    /// - Parameters:
    ///   - weight: Its share, 0 to 256.
    ///   - limit: Its limit of connections; `nil`: none.
    ///   - state: What it may take.
    public mutating func configure(
        weight: Int, limit: Int?, state: AgentReport.Administration
    ) {
        (configuredWeight, configuredLimit, configuredState) = (weight, limit, state)
    }

    /// Forgets what the check said, since another one is asked now.
    ///
    /// - Parameters:
    ///   - isUp: What it counts as; `nil`: it is not checked.
    ///   - hearing: Whether that is known.
    public mutating func forgetCheck(isUp: Bool?, _ hearing: Hearing) {
        (checkIsUp, self.hearing, wishesNoClients) = (isUp, hearing, false)
        forgetCheckShare()
    }

    /// Forgets what share the check asked for, since it asks for none any more.
    public mutating func forgetCheckShare() {
        lastCheckWeight = nil
        if case .check = share { share = .configured }
    }

    /// Forgets what the agent said, since another one is asked now.
    public mutating func forgetAgent() {
        (agentIsUp, agentState, lastReport) = (true, .ready, nil)
        if case .agent = bound { bound = .configured }
        switch share {
        case .percent, .agent: share = .configured
        case .configured, .check, .named, .given: break
        }
    }

    /// Forgets what name servers said of the share, since another name is asked for now.
    public mutating func forgetName() {
        lastNameWeight = nil
        if case .named = share { share = .configured }
    }

    /// Whether it is up: a check and an agent must agree.
    public var isUp: Bool { (checkIsUp ?? true) && agentIsUp && (tracked?.isUp ?? true) }

    /// What it may take: the narrowest of what was asked for; without an address, nothing.
    public var administration: AgentReport.Administration {
        whereabouts.isKnown ? wishes : .maintenance
    }

    private var wishes: AgentReport.Administration {
        let all = [
            operatorState, agentState, wishesNoClients ? .drain : .ready,
            tracked?.administration ?? .ready,
        ]
        if all.contains(.maintenance) { return .maintenance }
        return all.contains(.drain) ? .drain : .ready
    }

    /// What servers that track this one get from it.
    public var forFollowers: Tracked {
        Tracked(isUp: isUp, administration: administration, hearing: hearing)
    }

    /// What its pool can expect of it.
    public var prospect: PoolStanding.Prospect {
        guard wishes == .ready, weight > 0 else { return .excluded }
        switch whereabouts {
        case .awaited: return .awaited
        case .missing: return .failed
        case .configured, .found: break
        }
        if isUp { return .usable }
        guard agentIsUp else { return .failed }
        return switch outlook {
        case .heard: .failed
        case .awaited: .awaited
        case .notRun: .undecided
        }
    }

    /// What has been heard of the check that counts: its own, or that of the tracked server.
    public var outlook: Hearing { tracked?.hearing ?? hearing }

    /// Takes in what the operator says of the share.
    ///
    /// - Parameter weight: The share, 0 to 256.
    public mutating func setWeight(_ weight: Int) { share = .given(weight) }

    /// Takes in what the operator says of the limit.
    ///
    /// - Parameter limit: The limit of connections, at least 1; `nil`: none.
    public mutating func setLimit(_ limit: Int?) { bound = .given(limit) }

    /// Takes in what the check says of the share.
    ///
    /// What it repeats changes nothing, so that an operator's later word holds until the check says
    /// something new.
    ///
    /// - Parameter weight: The share, 0 to 256.
    public mutating func take(checkWeight weight: Int) {
        guard weight != lastCheckWeight else { return }
        lastCheckWeight = weight
        share = .check(weight)
    }

    /// Takes in what name servers say of the share.
    ///
    /// What they repeat changes nothing, so that an operator's later word holds until they say
    /// something new.
    ///
    /// - Parameter weight: The share, 0 to 256.
    /// - Returns: Whether it is something new.
    @discardableResult
    public mutating func take(nameWeight weight: Int) -> Bool {
        guard weight != lastNameWeight else { return false }
        lastNameWeight = weight
        share = .named(weight)
        return true
    }

    /// Takes in what an agent says.
    ///
    /// What it repeats changes nothing, so that an operator's later word holds until the agent says
    /// something new. A share in percent is rounded up: half of 1 is 1, and 0 % alone is 0.
    ///
    /// - Parameter report: What it says.
    public mutating func take(_ report: AgentReport) {
        if let health = report.health { agentIsUp = health.isUp }
        if let administration = report.administration { agentState = administration }
        defer { lastReport = report.added(to: lastReport) }
        if let percent = report.weightPercent, percent != lastReport?.weightPercent {
            share = .percent(percent)
        }
        if let weight = report.weight, weight != lastReport?.weight { share = .agent(weight) }
        if let count = report.maximumConnections, report.asksOtherLimit(than: lastReport) {
            bound = .agent(count == 0 ? nil : count)
        }
    }
}
