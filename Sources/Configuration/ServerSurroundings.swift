/// What the files say for the lines of servers, for a line that comes while the program runs:
/// ``Model/addServer(_:_:toBackendAt:numberedBy:)``.
///
/// Opaque: made with the model, and of no use without it.
public struct ServerSurroundings: Hashable, Sendable, Codable {
    /// What the servers of a section have that do not say their own.
    struct Section: Hashable, Sendable, Codable {
        /// `source`.
        var source: ConnectionSource?
        /// `option srvtcpka` and its words.
        var keepAlive: KeepAliveSettings?
    }

    /// By the names of backends.
    var sections: [String: Section] = [:]
    /// `ca-base`.
    var authoritiesFolder: String?
    /// `crt-base`.
    var certificatesFolder: String?
    /// `ssl-default-server-ciphers` and its like.
    var tls = HAProxyTLSDefaults()
    /// `ssl-server-verify`.
    var verifiesServers = true

    /// Makes what files say that say nothing.
    public init() {}
}
