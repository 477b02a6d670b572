internal import CNetlink

/// A second Ethernet address on an interface: a link of its own, of kind macvlan, mode bridge.
///
/// Not private: then a multicast packet from another holder of the same address, which every peer of
/// a virtual router is, would come to this link alone and never to the interface below.
///
/// Made and found by ``Macvlans``. `ip-link(8)`.
public struct Macvlan: Hashable, Sendable {
    /// The link's number.
    public let index: Int32
    /// The link's name.
    public let name: String
    /// Its Ethernet address.
    public let hardwareAddress: HardwareAddress
    /// The number of the interface that its packets go through.
    public let parentIndex: Int32
    /// What that interface's parameters were before.
    let record: ParameterRecord

    init(
        index: Int32, name: String, hardwareAddress: HardwareAddress, parentIndex: Int32,
        record: ParameterRecord
    ) {
        self.index = index
        self.name = name
        self.hardwareAddress = hardwareAddress
        self.parentIndex = parentIndex
        self.record = record
    }

    /// Reads a macvlan of this program from RTM_NEWLINK; `nil` for every other link.
    init?(_ message: ReceivedMessage) {
        guard message.type == RTM_NEWLINK, let header = message.payload(as: ifinfomsg.self),
            header.ifi_family == AF_UNSPEC
        else { return nil }
        func attribute(_ number: Int) -> ReceivedAttribute? {
            message.attribute(number, after: MemoryLayout<ifinfomsg>.size)
        }
        guard let name = attribute(Int(IFLA_IFNAME))?.text,
            attribute(Int(IFLA_LINKINFO))?.attribute(Int(IFLA_INFO_KIND))?.text == "macvlan",
            let alias = attribute(Int(IFLA_IFALIAS))?.text,
            let record = ParameterRecord(alias: alias),
            let parentIndex = attribute(Int(IFLA_LINK))?.value(as: Int32.self),
            let hardwareAddress = attribute(Int(IFLA_ADDRESS)).flatMap({
                HardwareAddress(octets: $0.bytes)
            })
        else { return nil }
        // A parent in another namespace has another link's number here.
        let isElsewhere = attribute(Int(IFLA_LINK_NETNSID)) != nil
        self.init(
            index: header.ifi_index, name: name, hardwareAddress: hardwareAddress,
            parentIndex: isElsewhere ? 0 : parentIndex, record: record)
    }

    /// The request that makes one.
    static func creationRequest(
        name: String, hardwareAddress: HardwareAddress, parentIndex: Int32
    ) throws(NetlinkError) -> RequestMessage {
        let request = try RequestMessage(
            type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, header: ifinfomsg())
        try request.put(Int(IFLA_IFNAME), name)
        try request.put(Int(IFLA_LINK), UInt32(bitPattern: parentIndex))
        try request.put(Int(IFLA_ADDRESS), hardwareAddress.octets)
        try request.nest(Int(IFLA_LINKINFO)) { message throws(NetlinkError) in
            try message.put(Int(IFLA_INFO_KIND), "macvlan")
            try message.nest(Int(IFLA_INFO_DATA)) { message throws(NetlinkError) in
                try message.put(Int(IFLA_MACVLAN_MODE), UInt32(MACVLAN_MODE_BRIDGE.rawValue))
            }
        }
        return request
    }

    /// The request that gives a link an alias.
    static func aliasRequest(name: String, alias: String) throws(NetlinkError) -> RequestMessage {
        let request = try RequestMessage(type: RTM_NEWLINK, header: ifinfomsg())
        try request.put(Int(IFLA_IFNAME), name)
        // Without its terminator, which would count as a part of it.
        try request.put(Int(IFLA_IFALIAS), Array(alias.utf8))
        return request
    }
}
