/// What can be fed with hostile bytes, by the name that `dev/fuzz` knows it under.
public enum FuzzTarget: String, CaseIterable {
    /// A frame as it is captured: the decoder of advertisements, and the explanation beside it.
    case advertisement
    /// A capture file, pcap or pcapng.
    case capture
    /// A file in keepalived's language.
    case keepalived
    /// A file in haproxy's language.
    case haproxy
    /// A file in native YAML.
    case native
    /// What somebody writes to the control socket, and what a program answers.
    case control
    /// The header of the PROXY protocol, by which a connection begins.
    case proxyheader
    /// What a NetScaler says of its client, by which a connection begins.
    case insertedheader
    /// The first message of a TLS client.
    case clienthello
    /// The first message of a client of RDP.
    case rdpcookie
    /// The packet that a client of MQTT begins with.
    case mqttconnect
    /// What a name server answers.
    case dnsanswer
    /// A regular expression of a check, up to the first zero, and what is searched with it.
    case expression
    /// What a peer of stick tables says.
    case peers

    /// Feeds it; returns only if everything held that must.
    public func feed(_ bytes: [UInt8]) {
        switch self {
        case .advertisement: feedAdvertisement(bytes)
        case .capture: feedCapture(bytes)
        case .keepalived: feedConfiguration(bytes, as: .keepalived)
        case .haproxy: feedConfiguration(bytes, as: .haproxy)
        case .native: feedConfiguration(bytes, as: .native)
        case .control: feedControl(bytes)
        case .proxyheader: feedProxyHeader(bytes)
        case .insertedheader: feedInsertedHeader(bytes)
        case .clienthello: feedClientHello(bytes)
        case .rdpcookie: feedRDPCookie(bytes)
        case .mqttconnect: feedMQTTConnect(bytes)
        case .dnsanswer: feedDNSAnswer(bytes)
        case .expression: feedExpression(bytes)
        case .peers: feedPeers(bytes)
        }
    }
}

/// Ends the process, so that the input is kept.
func require(_ holds: Bool, _ what: @autoclosure () -> String) {
    guard !holds else { return }
    fatalError(what())
}
