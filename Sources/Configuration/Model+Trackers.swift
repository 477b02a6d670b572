/// A file, a program or a pool as one virtual router tracks it.
public struct TrackedObject: Hashable, Sendable, Codable {
    /// The name of a ``TrackFile``, a ``TrackProcess`` or a ``Backend``.
    public var name: String
    /// What it adds to the priority, -254 to 254; `nil`: the object's own weight, 0 for a pool.
    public var weight: Int?
    /// Whether it counts the other way round (`reverse`); `nil`: as the object says.
    public var isReversed: Bool?

    /// Makes a reference.
    ///
    /// - Parameter name: The name of a file, a program or a pool.
    public init(name: String) { self.name = name }
}

/// A file that somebody writes a number to: `track_file` in keepalived's language.
public struct TrackFile: Hashable, Sendable, Codable {
    /// The name that virtual routers refer to.
    public var name: String
    /// The file, an absolute path.
    public var path: String
    /// What the number is multiplied by; keepalived's default is 1.
    public var weight = 1
    /// Whether the product counts with the other sign.
    public var isReversed = false
    /// What the file holds at the start if it is not there; `nil`: it is not made.
    public var initialNumber: Int?
    /// Whether the first number is also written to a file that is there.
    public var overwrites = false

    /// Makes a file with keepalived's defaults.
    ///
    /// - Parameters:
    ///   - name: The name that virtual routers refer to.
    ///   - path: The file, an absolute path.
    public init(name: String, path: String) {
        self.name = name
        self.path = path
    }
}

/// How the arguments of a process are compared with those of a ``TrackProcess``.
public enum ArgumentMatch: String, Hashable, Sendable, Codable {
    /// All are the same; a program without arguments has any.
    case all
    /// The first ones are the same (`param_match initial`).
    case initial
    /// The first ones are the same, the last of them as far as it is written (`param_match partial`).
    case partial
}

/// A program of which some number must run: `vrrp_track_process` in keepalived's language.
public struct TrackProcess: Hashable, Sendable, Codable {
    /// The name that virtual routers refer to.
    public var name: String
    /// The program and, if they matter, its arguments.
    public var command: [String]
    /// What it adds to the priority: above 0 while enough run, below 0 otherwise; 0: too few stop
    /// the router.
    public var weight = 0
    /// Whether it counts the other way round.
    public var isReversed = false
    /// Which arguments a process must have been started with.
    public var argumentMatch = ArgumentMatch.all
    /// Whether the program must have been started by the very path (`full_command`).
    public var matchesWholePath = false
    /// How many must run at least.
    public var quorum = 1
    /// How many may run at most; `nil`: any number.
    public var quorumLimit: Int?
    /// How long enough must run before they count (`fork_delay`).
    public var gainDelay = Duration.zero
    /// How long enough may be missing before that counts (`terminate_delay`).
    public var lossDelay = Duration.zero

    /// Makes a program with keepalived's defaults.
    ///
    /// - Parameters:
    ///   - name: The name that virtual routers refer to.
    ///   - command: The program and, if they matter, its arguments.
    public init(name: String, command: [String]) {
        self.name = name
        self.command = command
    }
}

/// How long changes of an interface have to last before they count: a line of
/// `interface_up_down_delays` in keepalived's language.
public struct InterfaceDelays: Hashable, Sendable, Codable {
    /// The interface, `eth1` for example.
    public var interface: String
    /// From going down to counting as down, 0 to 255 seconds.
    public var down: Duration
    /// From coming up to counting as up, 0 to 255 seconds.
    public var up: Duration

    /// Makes the delays of one interface.
    public init(interface: String, down: Duration, up: Duration) {
        self.interface = interface
        self.down = down
        self.up = up
    }
}

/// An interface as one virtual router tracks it.
public struct TrackedInterface: Hashable, Sendable, Codable {
    /// The interface, `eth0` for example.
    public var name: String
    /// What its state adds to the priority, -253 to 253; 0: the router stops while it is down.
    public var weight: Int
    /// Whether it counts the other way round (`reverse`).
    public var isReversed = false
    /// Makes a reference to an interface.
    public init(name: String, weight: Int = 0) {
        self.name = name
        self.weight = weight
    }
}
