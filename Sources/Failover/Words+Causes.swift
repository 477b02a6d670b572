internal import LinuxIO
internal import Netlink
internal import VRRPCore

// The causes of what happened, in log lines and in what a status display says.

extension GivingWayCause {
    /// The cause in a log line.
    public var words: String {
        switch self {
        case .removedTooOften(let address, let interface):
            "\(address) is removed from \(interface) again and again"
        case .notRestored(let address, let interface):
            "\(address) was removed from \(interface) and can't be put back"
        case .notClaimed(let what): "it can't have \(what)"
        case .partRemovedTooOften(let what): "\(what) is removed again and again"
        case .partNotRestored(let what): "\(what) was removed and can't be put back"
        case .lacks(let name): "\(name) failed"
        case .asked: "the operator wants it"
        }
    }
}

extension FaultCause {
    /// The cause in a log line.
    public var words: String {
        switch self {
        case .interfaceMissing(let name): "interface \(name) does not exist"
        case .interfaceDown(let name): "interface \(name) down"
        case .addressMissing(let interface): "no IPv4 address for interface \(interface)"
        case .addressAwaited(let interface):
            "waiting for a link-local IPv6 address of interface \(interface)"
        case .ipv6AddressMissing(let interface, let obstacle):
            "no IPv6 address for interface \(interface)" + (obstacle.map { ": \($0.words)" } ?? "")
        case .sourceMissing(let address, let interface):
            "source address \(address) is not on interface \(interface)"
        case .peersMissing: "no unicast peer is configured"
        case .scriptFailed(let name): "script \(name) failed"
        case .scriptPending(let name): "script \(name) has no result yet"
        case .fileStops(let name, let number): "tracked file \(name) holds \(number)"
        case .processCount(let name, let count):
            "\(count) process\(count == 1 ? "" : "es") of tracked process \(name)"
        case .reversedIsGood(let name): "\(name) is good, tracked in reverse"
        case .socketRefused(let error): error.description
        case .linkRefused(let error): error.description
        case .linkPending(let name): "link \(name) is not there yet"
        case .factBad(let name): "\(name) is not usable"
        case .memberInFault(let name): "\(name) of its sync group is in FAULT state"
        case .memberPending(let name): "\(name) of its sync group waits for a result"
        }
    }
}

extension IPv6Obstacle {
    /// The cause in a log line.
    var words: String {
        switch self {
        case .duplicate(let address):
            "another station has \(address) (duplicate address detection)"
        case .switchedOff: "IPv6 is switched off there (disable_ipv6)"
        case .mtu(let byteCount): "its MTU of \(byteCount) is below the 1280 of IPv6"
        }
    }
}

extension SendFailure {
    /// The cause in a log line.
    var words: String {
        switch self {
        case .unauthentic(let failure): "\(failure)"
        case .noSocket(let interface): "\(interface) has no socket to send by"
        case .refused(let errno, let destination): "\(errno), to \(destination)"
        }
    }
}

extension StrayCause {
    /// The cause in a log line.
    var words: String {
        switch self {
        case .unknownVRID: "no virtual router here has its VRID"
        case .malformed: "its header contradicts itself, or nothing follows it"
        case .authenticationHeader: "\(DecodeError.authenticationHeader)"
        }
    }
}
