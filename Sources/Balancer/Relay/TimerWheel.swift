/// Deadlines of connections: five levels of 64 slots, from one millisecond to twelve days.
///
/// Each connection is in at most one slot, linked through its halves. Activity does not move it:
/// when its slot comes, whoever asks computes the deadline anew and inserts it again. So a busy
/// connection costs nothing here, and an idle one a handful of touches in its whole life.
@safe struct TimerWheel: ~Copyable {
    /// Marks a connection that is in no slot.
    static let noSlot = UInt16.max

    /// The wheel's position in milliseconds; every entry is due later.
    private var position: UInt64
    private var occupied = InlineArray<5, UInt64>(repeating: 0)
    private let heads: UnsafeMutablePointer<Int32>

    init(at now: UInt64) {
        position = now
        unsafe heads = .allocate(capacity: dueSlot + 1)
        unsafe heads.initialize(repeating: -1, count: dueSlot + 1)
    }

    deinit { unsafe heads.deallocate() }

    /// Puts a connection into the slot of its deadline; it must be in none.
    ///
    /// - Parameters:
    ///   - client: The index of its client half.
    ///   - due: Milliseconds; one in the past is due at the next turn.
    ///   - slab: Where the connection lies.
    mutating func insert(_ client: Int, due: UInt64, in slab: borrowing ConnectionSlab) {
        let due = min(max(due, position + 1), position + horizon)
        let level = min((63 - (due ^ position | 63).leadingZeroBitCount) / 6, levels - 1)
        let slot = level * 64 + Int(due >> UInt64(6 * level) & 63)
        let next = unsafe heads[slot]
        slab[client].link = next
        slab[client | 1].link = -1
        slab[client].timerSlot = UInt16(slot)
        if next >= 0 { slab[Int(next) | 1].link = Int32(client) }
        unsafe heads[slot] = Int32(client)
        occupied[level] |= 1 << UInt64(slot & 63)
    }

    /// Takes a connection out of its slot, if it is in one.
    mutating func remove(_ client: Int, in slab: borrowing ConnectionSlab) {
        let slot = Int(slab[client].timerSlot)
        guard slot != Int(TimerWheel.noSlot) else { return }
        let next = slab[client].link
        let previous = slab[client | 1].link
        if next >= 0 { slab[Int(next) | 1].link = previous }
        if previous >= 0 {
            slab[Int(previous)].link = next
        } else {
            unsafe heads[slot] = next
            if next < 0, slot < dueSlot { occupied[slot / 64] &= ~(1 << UInt64(slot & 63)) }
        }
        slab[client].timerSlot = TimerWheel.noSlot
    }

    /// When the wheel wants to be turned next, in milliseconds; `nil` when it is empty.
    var nextTurnAt: UInt64? { nextSlot?.at }

    /// Takes one connection out whose slot has come; its deadline may lie later.
    ///
    /// - Parameters:
    ///   - now: Milliseconds.
    ///   - slab: Where the connections lie.
    /// - Returns: The index of its client half; `nil` once no slot up to `now` is left.
    mutating func popDue(at now: UInt64, in slab: borrowing ConnectionSlab) -> Int? {
        while unsafe heads[dueSlot] < 0 {
            guard let (slot, at) = nextSlot, at <= now else {
                position = max(position, now)
                return nil
            }
            position = max(position, at)
            detach(slot, in: slab)
        }
        let client = Int(unsafe heads[dueSlot])
        remove(client, in: slab)
        return client
    }

    /// Moves a slot's connections to the list of those whose time has come.
    ///
    /// All at once: one that
    /// is inserted again into a lower level would hide what is left in this one.
    private mutating func detach(_ slot: Int, in slab: borrowing ConnectionSlab) {
        unsafe heads[dueSlot] = heads[slot]
        unsafe heads[slot] = -1
        occupied[slot / 64] &= ~(1 << UInt64(slot & 63))
        var client = unsafe heads[dueSlot]
        while client >= 0 {
            slab[Int(client)].timerSlot = UInt16(dueSlot)
            client = slab[Int(client)].link
        }
    }

    /// The first slot with an entry, and when it begins: lower levels come first, since all that
    /// they hold lies before the next slot of a higher one.
    private var nextSlot: (slot: Int, at: UInt64)? {
        for level in 0..<levels where occupied[level] != 0 {
            let shift = UInt64(6 * level)
            let current = position >> shift & 63
            let rotated =
                current == 0
                ? occupied[level]
                : occupied[level] >> current | occupied[level] << (64 - current)
            let slot = (current + UInt64(rotated.trailingZeroBitCount)) & 63
            let round: UInt64 = 1 << (shift + 6)
            var at = (position & ~(round - 1)) + slot << shift
            // In the highest level only, a slot below the current one is of the next round.
            if slot < current { at += round }
            return (level * 64 + Int(slot), at)
        }
        return nil
    }
}

private let levels = 5
/// The list of connections whose slot has come.
private let dueSlot = levels * 64
/// The farthest deadline that the highest level tells from its current slot.
private let horizon: UInt64 = 62 << 24
