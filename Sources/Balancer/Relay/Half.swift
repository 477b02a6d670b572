/// One side of a relayed connection, and the direction that its bytes take to the other side.
///
/// The client's half and the server's lie next to each other: the peer of half `i` is `i ^ 1`.
/// 64 bytes, a cache line; all that an idle connection costs the process is two of them.
struct Half {
    /// What is known about the side, or has been done for it.
    struct Marks: OptionSet {
        let rawValue: UInt32

        /// Bytes, or the end, may be there to take.
        static let readable = Marks(rawValue: 1 << 0)
        /// What was taken waits for the peer to take it.
        static let blocked = Marks(rawValue: 1 << 1)
        /// The side will send no more, once what is unread is read (EPOLLRDHUP): only a hint.
        static let endIsNear = Marks(rawValue: 1 << 2)
        /// A short read may not have taken all: an error or urgent data stands behind it.
        static let probes = Marks(rawValue: 1 << 3)
        /// The side has ended its stream.
        static let ended = Marks(rawValue: 1 << 4)
        /// The peer has been told so.
        static let passedEnd = Marks(rawValue: 1 << 5)
        /// The direction moves bytes by splice.
        static let splices = Marks(rawValue: 1 << 6)
        /// The direction must not splice: the kernel cannot, or there is urgent data.
        static let onlyCopies = Marks(rawValue: 1 << 7)
        /// The socket is watched for room to send.
        static let watchesRoom = Marks(rawValue: 1 << 8)
        /// Bytes have been sent to this side.
        static let hasSent = Marks(rawValue: 1 << 9)
        /// Small segments are sent to this side at once.
        static let hasNoDelay = Marks(rawValue: 1 << 10)
        /// The half is on the ready list; outlives the connection.
        static let isOnReadyList = Marks(rawValue: 1 << 11)
        /// Server half: the client waits for any server to come up.
        static let isHeld = Marks(rawValue: 1 << 12)
        /// Server half: an attempt was moved to another server.
        static let wasRedispatched = Marks(rawValue: 1 << 13)
        /// Server half: ``queuePlace`` is that in a server's line, not in the pool's.
        static let waitedAtServer = Marks(rawValue: 1 << 14)
        /// Server half: the server was not chosen by the algorithm, but is the client's own.
        static let isBound = Marks(rawValue: 1 << 15)
        /// Client half: its PROXY header was none, or did not come.
        static let hasBrokenHeader = Marks(rawValue: 1 << 16)
        /// Client half: a table counts the connection's bytes.
        static let countsBytes = Marks(rawValue: 1 << 17)
        /// Server half: the socket has no options but those that every server's has.
        static let hasPlainSocket = Marks(rawValue: 1 << 18)
        /// Server half: the connection is counted among those that were led to the pool of its route, and has
        /// not entered it yet.
        static let isArriving = Marks(rawValue: 1 << 19)
        /// Client half: a reload sent it back to the frontend's rules from its pool's, whose time goes on.
        static let returnsToPool = Marks(rawValue: 1 << 20)
        /// Server half: a rule says that the connection goes to its own server while that is down, and never
        /// from one server to another.
        static let isForced = Marks(rawValue: 1 << 21)
        /// What goes over its socket goes through a session (``SecureSessions``).
        static let isSecured = Marks(rawValue: 1 << 22)
        /// The socket is not watched for bytes: those that are there wait for the peer.
        static let ignoresBytes = Marks(rawValue: 1 << 23)
        /// The direction shares a bandwidth with others (``Shares``).
        static let sharesBandwidth = Marks(rawValue: 1 << 24)
        /// It waits until it is its turn.
        static let awaitsTurn = Marks(rawValue: 1 << 25)
        /// No line tells of the client: a rule refused him before he was a session, as of those that come
        /// in floods.
        static let isUntold = Marks(rawValue: 1 << 26)
        /// What the side has said waits, be it for the peer or for a turn.
        static let waits: Marks = [.blocked, .awaitsTurn]
    }

    /// Bytes taken from this side.
    var receivedByteCount: UInt64
    /// The socket; -1 without one.
    var socket: Int32
    /// Tells events of this socket from those of an earlier one in the same place.
    var generation: UInt32
    /// When bytes were last taken from this side or given to it: the low 32 bits of milliseconds.
    var activeAt: UInt32
    /// What holds bytes on their way to the peer: see ``LeasePool``; -1: nothing.
    var lease: Int32
    /// The client half's: the next connection in the timer slot, or on the free list; the server
    /// half's: the previous one in the timer slot.
    var link: Int32
    /// The next half on the ready list.
    var readyLink: Int32
    /// What is known only for as long as a phase lasts: see ``neededByteCount``, ``ticket`` and
    /// ``stuckSince``.
    private var passing: UInt32
    /// The client half's: see ``clientAddress``; the server half's: see ``phaseAt``.
    private var word: UInt32
    /// The client half's: see ``acceptedAt``; the server half's: see ``queueTime``.
    private var time: UInt32
    /// The client half's: see ``introduction``; the server half's: see ``turn``.
    private var place: Int32
    var marks: Marks
    /// The client half's: see ``clientPort``; the server half's: see ``queuePlace``.
    private var number: UInt16
    /// Client half: the timer slot, or ``TimerWheel/noSlot``.
    var timerSlot: UInt16
    /// The client half's: the frontend; the server half's: the server, counted over all pools.
    var owner: UInt16
    /// The client half's: the listener, counted over all frontends; the server half's: the route.
    var path: UInt16
    /// Full reads in a row while copying, small fills in a row while splicing; the client half's while
    /// it introduces itself: how often its first bytes were read.
    var streak: UInt8
    /// Client half: what the connection is doing.
    var phase: Phase
    /// The client half's: see ``acceptedAt``; the server half's: see ``failedAttempts``.
    private var octet: UInt8
    /// The client half's: what it waits for while ``Phase/introducing``.
    var stage: Stage

    static let noServer = UInt16.max
}

extension Half {
    /// Starts a connection's half in a place that an earlier one left.
    mutating func prepare(socket: Int32, now: UInt32) {
        receivedByteCount = 0
        self.socket = socket
        activeAt = now
        lease = -1
        word = now
        number = 0
        marks.formIntersection(.isOnReadyList)
        streak = 0
        octet = 0
    }

    /// Either half's: when bytes of a direction that is blocked last moved, the low 32 bits of
    /// milliseconds.
    var stuckSince: UInt32 {
        get { passing }
        set { passing = newValue }
    }
}

/// What only the client's half knows.
extension Half {
    /// How many bytes of its first message the client must have sent before it is read again.
    var neededByteCount: Int {
        get { Int(passing) }
        set { passing = UInt32(newValue) }
    }

    /// The client's address, as long as there is no ``introduction``; 0: a Unix socket, which has none.
    var clientAddress: UInt32 {
        get { word }
        set { word = newValue }
    }

    /// The client's port, likewise.
    var clientPort: UInt16 {
        get { number }
        set { number = newValue }
    }

    /// When the connection was accepted, the low 40 bits of milliseconds: a connection may last for 34
    /// years.
    var acceptedAt: UInt64 {
        get { UInt64(octet) << 32 | UInt64(time) }
        set {
            time = UInt32(truncatingIfNeeded: newValue)
            octet = UInt8(truncatingIfNeeded: newValue >> 32)
        }
    }

    /// Where is kept what does not fit here (``Introductions``); -1: nowhere.
    var introduction: Int32 {
        get { place }
        set { place = newValue }
    }
}

/// What only the server's half knows.
extension Half {
    /// The ticket under which the connection waits for a server.
    var ticket: UInt32 {
        get { passing }
        set { passing = newValue }
    }

    /// When the present phase began, or is to end: the low 32 bits of milliseconds.
    var phaseAt: UInt32 {
        get { word }
        set { word = newValue }
    }

    /// Milliseconds until a server was the connection's own; `nil`: none has been yet.
    var queueTime: UInt32? {
        get { time == .max ? nil : time }
        set { time = newValue ?? .max }
    }

    /// The turn that the connection got when it first waited for a server.
    var turn: Turn {
        get { Turn(number: UInt32(bitPattern: place)) }
        set { place = Int32(bitPattern: newValue.number) }
    }

    /// The place in the line where the connection waited last, from 1; 0: it never did.
    var queuePlace: UInt16 {
        get { number }
        set { number = newValue }
    }

    /// Attempts to connect that failed.
    var failedAttempts: Int {
        get { Int(octet) }
        set { octet = UInt8(newValue) }
    }
}

/// What a connection is doing.
enum Phase: UInt8 {
    /// The place is free.
    case free
    /// It says who it is, before a server is chosen.
    case introducing
    /// It waits for a server with room.
    case waiting
    /// It pauses before the next attempt.
    case pausing
    /// It waits for the server's answer.
    case connecting
    /// It moves bytes.
    case relaying
    /// It moves datagrams.
    case flowing
}

/// What a connection waits for that says who it is.
enum Stage: UInt8 {
    /// Its PROXY header.
    case header
    /// Its TLS handshake.
    case handshake
    /// What its client says first, for the frontend's rules.
    case content
    /// The same for the rules of the pool that was chosen.
    case pool
}
