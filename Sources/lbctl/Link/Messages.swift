#if Program
internal import Balancer
internal import Control
internal import HealthCheck
internal import NodeConfiguration
internal import VRRPCore

/// What the failover process tells the balancer process.
enum BalancerOrder: Codable {
    /// Serve this on the descriptors that come along, in the order of the model's endpoints.
    case serve(ServiceOrder)
    /// Show this of the failover process and the virtual routers on the page.
    case show(NodeStatus)
    /// Answer with the status, under this number.
    case reportStatus(Int)
    /// Change what a server may take.
    case administer(ServerOrder)
    /// Reset the connections through these addresses, which leave the node.
    case closeConnections([IPAddress])
    /// Count on from what other processes have counted.
    case addCounters(CounterLedger)
    /// Accept no more, and end when the last connection has, or after so many seconds.
    case drain(seconds: Double)
}

/// Everything that a balancer process begins with.
struct ServiceOrder: Codable {
    /// What to serve.
    var model: Model
    /// What the operator wants of servers.
    var administration: [ServerOrder] = []
    /// What was last heard of servers, by their names in ``HealthTargets``.
    var health: [String: CheckMemory] = [:]
    /// What the page shows of the failover process.
    var node: NodeStatus
}

/// What the balancer process tells the failover process.
enum BalancerReport: Codable {
    /// The model is in force and connections are accepted.
    case serving
    /// The order to drain was heard: connections are accepted no more.
    case draining
    /// The model could not be put in force.
    case refused(String)
    /// Whether a server of this pool takes connections, which has just changed.
    case backend(String, isUsable: Bool)
    /// What is worth remembering of a server's check or agent, which has just changed.
    case health(String, CheckMemory)
    /// What this process has counted since it last said so.
    case counted(CounterLedger)
    /// The status: the answer to `reportStatus`, or unasked after a change.
    case status(Int?, [ProxyStatus])
}
#endif
