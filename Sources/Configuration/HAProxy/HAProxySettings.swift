import VRRPCore

/// What a `defaults` section hands on to the sections after it.
struct HAProxySettings: Sendable {
    enum Mode: Sendable { case tcp, http, udp }

    var mode = Mode.tcp
    var modePosition = Position.start
    var algorithm = BalanceAlgorithm.roundrobin
    var selection = SelectionSettings()
    var poolLimits = PoolLimits()
    var frontendLimits = FrontendLimits()
    var connectionLimit: Int?
    var clientTimeout: Duration?
    var serverTimeout: Duration?
    var connectTimeout: Duration?
    var queueTimeout: Duration?
    var checkTimeout: Duration?
    var retries = 3
    var redispatches = false
    var redispatchInterval = -1
    var keepsToServers = false
    var omitsEmptyConnectionsFromLog = false
    var showsListeners = false
    var isDisabled = false
    var logsToSyslog = false
    var log = ConnectionLogSettings()
    var bindSurroundings = HAProxyBind.Surroundings()
    var serverOptions = HAProxyServerOptions()
    var checks = HAProxyChecks()
    var backendName: Word?
    var source: ConnectionSource?
    var backlog: Int?
    var savesAcknowledgement = false
    var clientProbes = HAProxyProbes()
    var serverProbes = HAProxyProbes()
    var showsStatistics = false
    var page = StatisticsPage(name: "")
}
