internal import LinuxIO
internal import Netlink
public import VRRPCore

/// What a host has of what the virtual routers of a configuration need, as it is at one moment.
///
/// Looking changes nothing, and asks for no privilege.
public struct HostSurvey: Hashable, Sendable {
    /// An interface that a virtual router needs.
    public struct Interface: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Whether someone has set it up.
        public var isUp: Bool
        /// Whether it is set up and has a carrier.
        public var isRunning: Bool
        /// Whether it carries multicast.
        public var carriesMulticast: Bool
        /// Its addresses.
        public var addresses: [Address]

        /// Makes an interface that is up and has no address.
        public init(name: String) {
            self.name = name
            isUp = true
            isRunning = true
            carriesMulticast = true
            addresses = []
        }
    }

    /// An address on an interface.
    public struct Address: Hashable, Sendable {
        /// The address.
        public var address: IPAddress
        /// Whether a run of this program put it there, as far as the kernel remembers it.
        public var isOurs: Bool

        /// Makes an address.
        public init(_ address: IPAddress, isOurs: Bool = false) {
            self.address = address
            self.isOurs = isOurs
        }
    }

    /// Where a virtual router would advertise.
    public struct Router: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// The interface's name: also that of the source address, where the router follows it.
        public var interface: String
        /// The address that it would advertise from; `nil`: none is there.
        public var source: IPAddress?

        /// Makes a router of its parts.
        public init(name: String, interface: String, source: IPAddress?) {
            self.name = name
            self.interface = interface
            self.source = source
        }
    }

    /// Every interface of the host.
    public var interfaces: [Interface] = []
    /// The virtual routers, in the order of the configuration.
    public var routers: [Router] = []
    /// The links with a virtual hardware address that a run of this program made.
    public var madeLinks: [String] = []
    /// Whether the kernel remembers who put an address there.
    public var knowsAddressTags = false
    /// The processes that have the lock of this network namespace, as far as they can be seen;
    /// `nil`: nobody has it.
    public var lockHolders: [Int32]?
    /// Why this process may not move addresses; `nil`: it may.
    public var movingRefusal: String?
    /// Why this process may not send and hear advertisements; `nil`: it may.
    public var packetRefusal: String?

    /// Knows nothing yet.
    public init() {}

    /// Looks at the host, in the network namespace of the calling thread.
    ///
    /// - Parameter configuration: What is to run.
    /// - Throws: `HostError`: a full descriptor table.
    public init(for configuration: FailoverConfiguration) throws(HostError) {
        do throws(NetlinkError) {
            let manager = try AddressManager()
            let present = try manager.list()
            let links = try Links().list()
            knowsAddressTags = manager.supportsProtocolTag
            madeLinks = try Macvlans().list().map(\.name)
            movingRefusal = Self.refusal(of: manager)
            interfaces = links.map { link in
                var interface = Interface(name: link.name)
                interface.isUp = link.isUp
                interface.isRunning = link.isRunning
                interface.carriesMulticast = link.flags.contains(.multicast)
                interface.addresses = present.filter { $0.interfaceIndex == link.index }.map {
                    Address(IPAddress($0.address), isOurs: $0.protocolTag == .lbctl)
                }
                return interface
            }
            let placed = configuration.placed { source in
                interfaces.first { $0.addresses.contains(Address(source)) }?.name
            }
            let uses = placed.interfaceUses
            routers = placed.routers.map { router in
                let host = links.first { $0.name == router.interface }.map { link in
                    HostInterface(
                        link: link, addresses: present.filter { $0.interfaceIndex == link.index },
                        virtualAddresses: uses.virtualAddresses[link.name] ?? [])
                }
                return Router(
                    name: router.name, interface: router.interface, source: router.source(on: host))
            }
        } catch { throw .netlink(error) }
        do throws(SystemError) { _ = try PacketSocket() } catch {
            packetRefusal = "\(error.errno)"
        }
        lockHolders = NodeLock.holder.map { SocketTable.holders(of: [$0]) }
    }

    /// Why addresses may not be moved.
    ///
    /// The kernel asks for the right before it looks for the interface, which does not exist.
    private static func refusal(of manager: borrowing AddressManager) -> String? {
        let nowhere = InterfaceAddress(
            InternetAddress(127, 0, 0, 1), prefixLength: 32, interfaceIndex: .max)
        do throws(NetlinkError) {
            _ = try manager.remove(nowhere)
            return nil
        } catch { return "\(error.reason)" }
    }
}
