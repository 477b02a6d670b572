public import LinuxIO
public import Netlink
public import VRRPCore

/// Something that happened, for the log and for whoever follows the node's state.
public enum FailoverEvent: Hashable, Sendable {
    /// The node takes part from now on.
    case started
    /// The node follows a new configuration from now on.
    case reloaded
    /// The node waits for this long before any virtual router takes part.
    case waitsBeforeTakingPart(Duration)
    /// The node began to resign.
    case stopping
    /// Something happened to a virtual router.
    case router(name: String, RouterEvent)
    /// Something happened to a sync group.
    case group(name: String, GroupEvent)
    /// Something happened to a tracked script.
    case script(name: String, ScriptEvent)
    /// Something that the node was told about itself, and that is tracked, became good or bad.
    case fact(name: String, isGood: Bool)
    /// A tracked file holds another number.
    case file(name: String, number: Int)
    /// As many processes of a tracked program run as should, or not any more.
    case process(name: String, hasQuorum: Bool)
    /// An interface that a virtual router needs came up or went down.
    case interface(name: String, isUp: Bool)
    /// An address was announced once.
    case announced(IPAddress, interface: String)
    /// An address that an earlier run left behind was taken off.
    case leftoverRemoved(IPAddress, interface: String)
    /// An address was taken off at last that could not be taken off before.
    case removedLate(IPAddress, interface: String)
    /// Advertisements of a virtual router arrive that the node does not know.
    case unknownVRID(UInt8, from: IPAddress, interface: String)
    /// A route, a rule or a link that an earlier run left behind was removed.
    case leftoverPartRemoved(String)
    /// The program that reads a named pipe ended, and is started again after a while.
    case pipeReaderEnded(path: String, ScriptResult, again: Duration)
    /// A named pipe could not be given to its user.
    case pipeKept(path: String, from: String, ScriptResult)
    /// A mail about a new state was not sent.
    case mailFailed(String)
    /// The node ended with mails that were not sent.
    case mailsLost(Int)
    /// The node ended while notification programs ran, which go on, and others waited, which are lost.
    case notificationsLeft(running: Int, lost: Int)
    /// A datagram arrived that belongs to no virtual router and is none's.
    case strayDatagram(StrayCause, from: IPAddress?, interface: String)
    /// Packets to addresses of `no_accept` are taken all the same.
    case filterFailed(AddressFilterError)
    /// The system refused something that belongs to no virtual router.
    case failed(HostError)
}

/// Where a virtual router stands, as its operator sees it.
public enum RouterState: Hashable, Sendable {
    /// Holds the addresses.
    case active
    /// Watches the Active router.
    case backup
    /// Can't take part; see ``FaultCause``.
    case fault
    /// Takes no part: not started yet, or resigned.
    case stopped
}

/// Why a virtual router can't take part.
public enum FaultCause: Hashable, Sendable {
    /// The interface does not exist.
    case interfaceMissing(String)
    /// The interface is down, or its carrier is.
    case interfaceDown(String)
    /// The link of the virtual hardware address is being made.
    case linkPending(String)
    /// The link of the virtual hardware address can't be made.
    case linkRefused(NetlinkError)
    /// The interface has no address to send from.
    case addressMissing(interface: String)
    /// The interface has no IPv6 address yet that can be sent from: it has just come up.
    case addressAwaited(interface: String)
    /// The interface has no IPv6 address that can be sent from, after time enough.
    case ipv6AddressMissing(interface: String, IPv6Obstacle?)
    /// The interface lacks the address that is configured to be sent from.
    case sourceMissing(IPAddress, interface: String)
    /// No unicast peer is configured.
    case peersMissing
    /// A script without weight has failed.
    case scriptFailed(String)
    /// A script without weight has given no result yet.
    case scriptPending(String)
    /// A tracked file holds a number that stops the router.
    case fileStops(String, number: Int)
    /// Not as many processes of a tracked program run as should; with `reverse`, as many as should.
    case processCount(String, Int)
    /// A tracked script, interface or program is well, which stops the router (`reverse`).
    case reversedIsGood(String)
    /// The system refused the socket to send and receive by.
    case socketRefused(SystemError)
    /// Something that the node was told about itself is not as it should be.
    case factBad(String)
    /// Another member of the sync group can't take part.
    case memberInFault(String)
    /// Another member of the sync group waits for a result.
    case memberPending(String)
}

/// Why an interface has no IPv6 address.
public enum IPv6Obstacle: Hashable, Sendable {
    /// Another station has this one, as duplicate address detection found.
    case duplicate(IPAddress)
    /// IPv6 is switched off on the interface (`disable_ipv6`).
    case switchedOff
    /// The interface's packets have so many bytes at most, which is less than the 1280 of IPv6.
    case mtu(UInt32)
}

/// Something that happened to a virtual router.
public enum RouterEvent: Hashable, Sendable {
    /// It is in another state; `isFirst` for the first state after the start.
    case entered(RouterState, isFirst: Bool)
    /// It can't take part for this reason.
    case faulted(FaultCause)
    /// The election saw something.
    case observed(VirtualRouter.Observation)
    /// Somebody advertised priority 0 while it stood there: that one stops taking part.
    case heardRelease(from: IPAddress, as: RouterState)
    /// It follows another Active router.
    case followed(IPAddress)
    /// It sent priority 0.
    case sentRelease
    /// What ``FailoverNode/lastWill`` says for it is another message now: it was signed anew, or peers
    /// are known to understand another form.
    case lastWordsChanged
    /// It puts its addresses onto their interfaces.
    case claimsAddresses
    /// It takes its addresses off their interfaces.
    case releasesAddresses
    /// These addresses are about to leave the node: connections through them are dead.
    case loses([IPAddress])
    /// So many of its addresses are not advertised, since this interface carries no more; 0: all are.
    case leavesUnadvertised(Int, interface: String)
    /// An advertisement did not leave.
    case notSent(SendFailure)
    /// It begins to announce an address.
    case announces(IPAddress, interface: String)
    /// Somebody else took an address off; it was put back.
    case addressRestored(IPAddress, interface: String)
    /// Somebody else removed a route or a rule; it was put back.
    case partRestored(String)
    /// It resigned though it could take part, or lets another router be Active.
    case gaveWay(GivingWayCause)
    /// It becomes Active because the operator wants it.
    case tookOver
    /// A datagram for this virtual router was refused.
    case refused(AdvertisementRefusal, source: IPAddress)
    /// The system refused an address, a packet or another thing that it needs.
    case failed(HostError)
    /// A notification program failed.
    case notificationFailed(program: String, ScriptResult)
    /// A notification program has been running for a minute, and may go on.
    case notificationSlow(program: String)
}

/// Why an advertisement did not leave.
public enum SendFailure: Hashable, Sendable {
    /// It can't be signed.
    case unauthentic(AuthenticationFailure)
    /// The interface is gone, or refused a socket.
    case noSocket(interface: String)
    /// The kernel did not take it.
    case refused(Errno, to: IPAddress)
}

/// Why a datagram belongs to no virtual router.
public enum StrayCause: String, CaseIterable, Hashable, Sendable {
    /// The node has none of its VRID on this interface.
    case unknownVRID = "unknown-vrid"
    /// Its IP header contradicts itself, or nothing follows it.
    case malformed
    /// Inside an IPsec authentication header, for a VRID that the node does not have.
    case authenticationHeader = "authentication-header"
}

/// Something that happened to a sync group.
public enum GroupEvent: Hashable, Sendable {
    /// Its members are about to move to a state together.
    case syncs(RouterState)
    /// All of its members stand in this state.
    case entered(RouterState)
    /// A notification program failed.
    case notificationFailed(program: String, ScriptResult)
    /// A notification program has been running for a minute, and may go on.
    case notificationSlow(program: String)
}

/// Why a virtual router that could take part gives way to another.
public enum GivingWayCause: Hashable, Sendable {
    /// Somebody took this address off more often than it is put back.
    case removedTooOften(IPAddress, interface: String)
    /// Somebody took this address off, and the system refused to put it back.
    case notRestored(IPAddress, interface: String)
    /// The system refused this address, route or rule when the router became Active.
    case notClaimed(String)
    /// Somebody removed this route or rule more often than it is put back.
    case partRemovedTooOften(String)
    /// Somebody removed this route or rule, and the system refused to put it back.
    case partNotRestored(String)
    /// This node alone lacks what a script with ``ScriptSettings/givesWay`` stands for.
    case lacks(String)
    /// The operator wants it.
    case asked
}

/// Something that happened to a tracked script.
public enum ScriptEvent: Hashable, Sendable {
    /// A run came out otherwise than the one before.
    case returned(ScriptResult)
    /// Its results in a row make it good from now on.
    case becameGood(ScriptResult)
    /// Its results in a row make it failed from now on.
    case failed(ScriptResult)
    /// It came by a reload, and counts as good until its first result.
    case assumedGood
}
