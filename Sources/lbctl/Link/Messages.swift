#if Program
internal import Control
internal import NodeConfiguration

/// What the failover process tells the balancer process.
enum BalancerOrder: Codable {
    /// Serve this model on the descriptors that come along, in the order of its endpoints.
    case serve(Model, administration: [ServerOrder], node: NodeStatus)
    /// Show this of the failover process and the virtual routers on the page.
    case show(NodeStatus)
    /// Answer with the status, under this number.
    case reportStatus(Int)
    /// Change what a server may take.
    case administer(ServerOrder)
    /// Accept no more, and end when the last connection has, or after so many seconds.
    case drain(seconds: Double)
}

/// What the balancer process tells the failover process.
enum BalancerReport: Codable {
    /// The model is in force and connections are accepted.
    case serving
    /// The model could not be put in force.
    case refused(String)
    /// Whether a server of this pool takes connections, which has just changed.
    case backend(String, isUsable: Bool)
    /// The answer to `reportStatus`.
    case status(Int, [ProxyStatus])
}
#endif
