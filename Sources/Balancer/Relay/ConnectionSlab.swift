internal import LinuxIO

/// The places of one reactor's connections, two adjacent halves each.
///
/// Memory is reserved for the greatest number and touched as it is first used, so that a high
/// limit costs nothing up front; places are reused last in, first out.
@safe struct ConnectionSlab: ~Copyable {
    private let memory: ReservedMemory
    private let halves: UnsafeMutablePointer<Half>
    private let capacity: Int
    private var used = 0
    private var firstFree: Int32 = -1

    init(capacity: Int) throws(SystemError) {
        memory = try ReservedMemory(byteCount: 2 * capacity * MemoryLayout<Half>.stride)
        unsafe halves = memory.base.bindMemory(to: Half.self, capacity: 2 * capacity)
        self.capacity = capacity
    }

    /// A half by its index; `index ^ 1` is its peer.
    @inline(__always)
    subscript(index: Int) -> Half {
        unsafeAddress { unsafe UnsafePointer(halves + index) }
        nonmutating unsafeMutableAddress { unsafe halves + index }
    }

    /// How many places have ever been used: every connection lies below.
    var usedCount: Int { used }

    /// Takes a place for a connection.
    ///
    /// - Returns: The index of its client half, or `nil` when all are taken.
    mutating func allocate() -> Int? {
        if firstFree >= 0 {
            let client = Int(firstFree)
            firstFree = self[client].link
            return client
        }
        guard used < capacity else { return nil }
        defer { used += 1 }
        // The kernel hands out zeroes: generation 0 is that of a place never used.
        for half in 2 * used...2 * used + 1 {
            self[half].socket = -1
            self[half].generation = 1
            self[half].lease = -1
            self[half].timerSlot = TimerWheel.noSlot
        }
        return 2 * used
    }

    /// Gives a place back; both halves' events become stale.
    mutating func free(_ client: Int) {
        retire(client)
        retire(client | 1)
        self[client].phase = .free
        self[client].link = firstFree
        firstFree = Int32(client)
    }

    /// Lets go of a half's socket: events that are still under way to it become stale.
    func retire(_ half: Int) {
        self[half].socket = -1
        // The highest generation marks descriptors that are no connections.
        self[half].generation =
            self[half].generation >= UInt32.max - 1 ? 1 : self[half].generation + 1
    }

    /// The token under which a half's socket is waited for.
    @inline(__always)
    func token(of half: Int) -> UInt64 {
        UInt64(self[half].generation) << 32 | UInt64(half)
    }
}
