import Control

/// A node with one of everything, its figures all different, so that a mix-up shows.
func sampleNode() -> NodeStatus {
    var status = NodeStatus(
        node: "lb1", program: ProgramStatus(version: "0.1.0", processID: 41, uptime: 93_784),
        time: 1_772_368_496)
    var router = VirtualRouterStatus(
        name: "VI_1", interface: "eth1", vrid: 51, protocolVersion: 2, basePriority: 101,
        advertisementInterval: 1_000)
    router.state = .active
    router.stateWord = "MASTER"
    router.effectivePriority = 103
    router.addresses = ["172.17.0.5/24"]
    router.trackers = [
        TrackerStatus(name: "chk_haproxy", isGood: true, weight: 2, detail: "the balancer serves")
    ]
    router.counters.advertisementsSent = 1_234
    router.counters.advertisementsReceived = 5
    router.counters.becameActive = 2
    router.counters.releasedActive = 1
    router.counters.rejected = ["ttl": 3]
    router.lastTransition = 1_772_368_436
    status.virtualRouters = [router]
    status.balancer.state = .running
    status.balancer.processID = 42
    status.balancer.uptime = 600
    status.balancer.restarts = 1
    status.proxies = [sampleStatisticsProxy(), sampleProxy()]
    return status
}

private func sampleStatisticsProxy() -> ProxyStatus {
    var proxy = ProxyStatus(name: "stats", mode: "http")
    proxy.frontend = FrontendStatus()
    proxy.frontend?.addresses = ["10.0.0.6:80"]
    return proxy
}

private func sampleProxy() -> ProxyStatus {
    var proxy = ProxyStatus(name: "http")
    var frontend = FrontendStatus()
    frontend.addresses = ["172.17.0.5:80"]
    frontend.traffic.sessions = 7
    frontend.traffic.sessionsMax = 9
    frontend.traffic.sessionLimit = 10_000
    frontend.traffic.sessionsTotal = 1_000
    frontend.connectionsTotal = 1_006
    (frontend.connectionRate, frontend.connectionRateMax) = (4, 15)
    frontend.traffic.bytesIn = 123_456
    frontend.traffic.bytesOut = 7_890_123
    frontend.traffic.rate = 3
    frontend.traffic.rateMax = 12
    frontend.requestErrors = 1
    frontend.deniedConnections = 6
    var listener = ListenerStatus(name: "sock-1", address: "172.17.0.5:80", status: "FULL")
    listener.traffic.sessions = 5
    listener.traffic.sessionsMax = 6
    listener.traffic.sessionLimit = 5
    listener.traffic.sessionsTotal = 400
    listener.traffic.bytesIn = 1000
    listener.traffic.bytesOut = 2000
    frontend.listeners = [listener]
    proxy.frontend = frontend
    proxy.servers = [sampleServer(), sampleBackup()]
    var backend = BackendStatus(status: "UP", algorithm: "source")
    backend.traffic.sessionsTotal = 998
    backend.weight = 1
    backend.activeServers = 1
    backend.usableServers = 1
    backend.backupServers = 1
    backend.service.queued = 2
    proxy.backend = backend
    return proxy
}

private func sampleServer() -> ServerStatus {
    var server = ServerStatus(name: "web01", address: "10.0.0.6:8080", status: "UP 2/3")
    server.traffic.sessions = 4
    server.traffic.sessionLimit = 5_000
    server.traffic.sessionsTotal = 600
    server.service.queued = 1
    server.service.queuedMax = 8
    server.service.connectErrors = 11
    server.service.retries = 13
    server.service.redispatches = 14
    server.service.chosen = 601
    server.service.clientAborts = 15
    server.service.serverAborts = 16
    server.service.downTransitions = 17
    server.service.sinceLastChange = 305
    server.service.downtime = 18
    server.service.sinceLastSession = 0
    server.service.queueTime = 19
    server.service.connectTime = 20
    server.service.totalTime = 21
    var check = CheckStatus(code: "L4CON", rise: 2, fall: 3, health: 3)
    check.meaning = "Layer4 connection problem"
    check.detail = "Connection refused"
    check.duration = 1
    check.failures = 22
    server.check = check
    return server
}

private func sampleBackup() -> ServerStatus {
    var server = ServerStatus(name: "web02", address: "10.0.0.7:8080", status: "no check")
    server.isBackup = true
    return server
}

/// Two connections: one of each kind of figure, and one that has nothing yet.
func sampleSessions() -> SessionPart {
    var served = SessionStatus(
        id: SessionID(process: 41, reactor: 1, place: 7, use: 3), phase: "relaying",
        frontend: "web", listener: "sock-1", client: "192.0.2.9:1234",
        destination: "192.0.2.1:80")
    (served.backend, served.server, served.address) = ("shop", "s1", "[2001:db8::1]:8080")
    (served.source, served.age, served.idle) = ("[2001:db8::9]:4321", 93_784_000, 9_999)
    (served.bytesIn, served.bytesOut) = (10, 20)
    var waiting = SessionStatus(
        id: SessionID(process: 41, reactor: 0, place: 0, use: 1), phase: "waiting",
        frontend: "web", listener: "sock-1", client: "unix", destination: "unix")
    (waiting.backend, waiting.age, waiting.idle, waiting.queue) = ("shop", 60_000, 999, 4)
    var part = SessionPart()
    part.sessions = [served, waiting]
    part.next = SessionPart.Place(behind: 41)
    return part
}
