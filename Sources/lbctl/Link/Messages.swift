#if Program
internal import Balancer
internal import Control
internal import HealthCheck
internal import NodeConfiguration
internal import VRRPCore

/// What the failover process tells the balancer process, beside bytes.
enum BalancerOrder: Codable {
    /// Serve the model that came last on the descriptors that come along, in the order of its
    /// listeners; what is remembered of targets came before.
    case serve(ServiceTerms)
    /// Make the model that came last ready to be served in the place of the present one, under this
    /// number, with the descriptors that come along for the listeners that are new.
    case prepare(Int)
    /// Go on by what was made ready under this number.
    case adopt(Int)
    /// Forget what was made ready under this number.
    case forget(Int)
    /// Show this of the failover process and the virtual routers on the page.
    case show(NodeStatus)
    /// Answer with the status, under this number.
    case reportStatus(Int)
    /// Change what a server may take.
    case administer(GivenOrder)
    /// Say whether a server could be taken away, under this number; the order's change is passed over.
    case askRemovable(Int, PoolOrder)
    /// Carry out an order about a stick table, and answer under this number.
    case table(Int, TableOrder)
    /// Carry out a part of an order about connections, and answer under this number.
    case session(Int, SessionOrder)
    /// Say whether this process turns, its reactors too.
    case callRoll
    /// Reset the connections through these addresses, which leave the node.
    case closeConnections([IPAddress])
    /// Accept no more, and end when the last connection has, or after so many seconds.
    case drain(seconds: Double?)
}

/// What a balancer process begins with beside the model.
struct ServiceTerms: Codable {
    /// What the operator wants of servers.
    var administration: [GivenOrder] = []
    /// What the page shows of the failover process.
    var node: NodeStatus
}

/// What the operator said of a server, and when.
struct GivenOrder: Codable {
    let order: ServerOrder
    /// Nanoseconds of the host's monotonic clock.
    let at: UInt64
}

/// What the balancer process tells the failover process, beside bytes.
enum BalancerReport: Codable {
    /// The model is in force and connections are accepted, so many at once.
    case serving(connections: Int)
    /// The process turns, and so does each of its reactors.
    case turns
    /// The order to drain was heard: connections are accepted no more.
    case draining
    /// The model could not be put in force.
    case refused(String)
    /// Another model is ready under this number.
    case prepared(Int)
    /// The model of this number is in force, and so many connections are accepted at once.
    case adopted(Int, connections: Int)
    /// This process cannot go on by the model of this number; another one may.
    case unfit(Int, String)
    /// Whether a server of this pool takes connections, which has just changed.
    case backend(String, isUsable: Bool)
    /// Somebody looks at the page: it needs the state of the failover process as it is now.
    case asksForNode
    /// The request for a status was heard; of many servers it takes a while to put together.
    case preparing(status: Int)
}

/// What is remembered of a check or an agent, and where it asks: elsewhere it means nothing.
struct RememberedTarget: Codable {
    let place: String
    let memory: CheckMemory
}

/// What a balancer process begins to serve by, beside the model.
struct ServiceOrder {
    /// What the operator wants of servers.
    var administration: [GivenOrder] = []
    /// What was last heard of servers, by their names in ``HealthTargets``.
    var health: [String: CheckMemory] = [:]
    /// What the page shows of the failover process.
    var node: NodeStatus
}
#endif
