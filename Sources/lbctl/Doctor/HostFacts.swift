#if Program
internal import Failover
internal import LinuxIO
internal import NodeConfiguration

/// What was seen of the host for a configuration; a ``Diagnosis`` says what it means.
struct HostFacts {
    /// Who answers at the control socket.
    enum Program: Hashable {
        case nobody
        /// The process that holds listeners and addresses.
        case answers(processID: Int32)
        /// Somebody may be there; why nobody was asked.
        case unknown(String)
    }

    /// A process, by what it calls itself.
    struct Process: Hashable {
        let id: Int32
        let name: String
    }

    /// What came of trying to listen somewhere.
    struct Attempt {
        enum Outcome: Hashable {
            case free
            /// Somebody listens there: nobody, where this user may not see who.
            case held(by: [Process])
            case refused(Errno, String)
            /// Why it was not tried.
            case untried(String)
        }

        let section: String
        let listener: Listener
        let outcome: Outcome
    }

    /// A program that a file names, and what for.
    struct NamedProgram {
        let use: String
        let path: String
        /// Whether a virtual router's priority follows it.
        let isTracked: Bool
        let isThere: Bool
    }

    var kernel: (major: Int, minor: Int)? = (6, 1)
    var restrictsLocalPorts = true
    var localPortCount = 28_232
    var hardOpenFileLimit = 1_048_576
    /// net.core.somaxconn.
    var mostWaiting: Int? = 4096
    /// fs.pipe-user-pages-soft, of 4 KiB; `nil`: does not hold for the balancer process.
    var pipePages: Int?
    /// Why the process may not run in real time; `nil`: it may.
    var realTimeRefusal: String?
    /// Why its memory may not be locked; `nil`: it may.
    var lockingRefusal: String?
    /// Why the balancer process could not do its work as its user; `nil`: it could.
    var accountRefusal: String?
    var survey = HostSurvey()
    var program = Program.nobody
    /// The sysctl `arp_ignore` of interfaces, the value of `all` counted in.
    var arpIgnore: [String: Int] = [:]
    /// Interfaces without IPv6.
    var interfacesWithoutIPv6: Set<String> = []
    var attempts: [Attempt] = []
    var programs: [NamedProgram] = []
    /// Sockets of log daemons that are not there.
    var absentLogSockets: [String] = []
    /// How long certificates are good, by their paths.
    var certificates: [String: Duration] = [:]
    /// Why the control socket could not be made; `nil`: it could.
    var controlRefusal: String?
    /// Names of servers, and whether the host's own resolver knows them; `nil`: no answer in time.
    var names: [String: Bool?] = [:]
    /// Other programs of this network namespace that elect by VRRP.
    var rivals: [Process] = []
    /// Whether `nft` is there; `nil`: is not needed.
    var hasFilterProgram: Bool?
    /// How often files were warned of.
    var fileWarningCount = 0
    /// What was heard of other nodes; `nil`: nobody listened.
    var hearings: [PeerListener.Hearing]?
    /// Why nobody could listen.
    var listeningRefusal: String?
}

extension HostFacts.Process: CustomStringConvertible {
    var description: String { "\(name) (pid \(id))" }
}
#endif
