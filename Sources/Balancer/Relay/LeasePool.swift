internal import LinuxIO

/// What holds bytes between two sockets: pipes of 1 MiB, few, and plain memory when they are out.
///
/// A direction leases one only while bytes are in it. A pipe is made when first needed and kept;
/// one that bytes are left in is closed. `fs.pipe-user-pages-soft` grants 64 pipes of that size to
/// a user other than root, and then ones of 8 KiB: those are not used.
@safe struct LeasePool: ~Copyable {
    private let pipes: UnsafeMutablePointer<KernelPipe>
    private let capacity: Int
    /// Pipes that are made and hold nothing.
    private var idle: [Int32] = []
    /// Places without a pipe.
    private var unmade: [Int32]
    /// No pipe is made before this turn: the last try was refused.
    private var refusedUntil: UInt64 = 0
    private var backlogs: [Backlog] = []
    private var freeBacklogs: [Int32] = []
    /// Memory that held bytes and may hold others; not more than ``mostSpareBuffers``.
    private var spareBuffers: [Buffer] = []

    /// Bytes that wait in the process's own memory.
    @safe private struct Backlog {
        var buffer: Buffer?
        var start = 0
        var end = 0
    }

    /// Room for as many bytes as one copy moves at most.
    @safe private struct Buffer {
        let base: UnsafeMutableRawPointer
    }

    init(capacity: Int) {
        self.capacity = capacity
        unsafe pipes = .allocate(capacity: capacity)
        unmade = (0..<Int32(capacity)).reversed()
        idle.reserveCapacity(capacity)
        spareBuffers.reserveCapacity(mostSpareBuffers)
    }

    deinit {
        let empty = Set(unmade)
        for index in 0..<Int32(capacity) where !empty.contains(index) {
            unsafe (pipes + Int(index)).deinitialize(count: 1)
        }
        unsafe pipes.deallocate()
        for backlog in backlogs { unsafe backlog.buffer?.base.deallocate() }
        for buffer in spareBuffers { unsafe buffer.base.deallocate() }
    }

    /// Whether so few pipes are left that nobody is to keep one: a quarter, which is for streams whose
    /// bytes go on at once.
    var isShort: Bool { idle.count + unmade.count <= capacity / 4 }

    /// Leases an empty pipe.
    ///
    /// - Parameters:
    ///   - spare: Pipes that must be left for others.
    ///   - now: Milliseconds.
    /// - Returns: Its number, or `nil` when none is to be had: copy instead.
    mutating func leasePipe(leaving spare: Int = 0, at now: UInt64) -> Int32? {
        guard idle.count + unmade.count > spare else { return nil }
        if let index = idle.popLast() { return index }
        guard now >= refusedUntil, let index = unmade.last else { return nil }
        do {
            let pipe = try KernelPipe(capacity: pipeByteCount)
            guard pipe.capacity >= leastPipeByteCount else {
                refusedUntil = now + 1000
                return nil
            }
            unsafe (pipes + Int(index)).initialize(to: pipe)
        } catch {
            refusedUntil = now + 1000
            return nil
        }
        unmade.removeLast()
        return index
    }

    /// Takes a lease back.
    ///
    /// What it still holds is lost.
    mutating func giveBack(_ lease: Int32) {
        guard lease < Int32(capacity) else { return giveBackBacklog(Int(lease) - capacity) }
        if unsafe pipes[Int(lease)].pendingByteCount == 0 {
            idle.append(lease)
        } else {
            unsafe (pipes + Int(lease)).deinitialize(count: 1)
            unmade.append(lease)
        }
    }

    /// Moves bytes from a socket into a leased pipe that is empty.
    @inline(__always)
    mutating func fill(
        _ lease: Int32, from socket: Int32, upTo byteCount: Int
    ) -> Transfer {
        unsafe pipes[Int(lease)].fill(from: socket, upTo: byteCount)
    }

    /// Moves bytes from a lease to a socket.
    ///
    /// - Returns: The bytes moved.
    @inline(__always)
    mutating func drain(_ lease: Int32, to socket: Int32) -> Transfer {
        guard lease < Int32(capacity) else {
            return unsafe drain(lease) { bytes, count in
                unsafe StreamSocket.send(bytes, count: count, to: socket)
            }
        }
        return unsafe pipes[Int(lease)].drain(to: socket)
    }

    /// Whether a lease holds nothing any more.
    @inline(__always)
    func isEmpty(_ lease: Int32) -> Bool {
        guard lease < Int32(capacity) else {
            let backlog = backlogs[Int(lease) - capacity]
            return backlog.start == backlog.end
        }
        return unsafe pipes[Int(lease)].pendingByteCount == 0
    }

    /// Keeps bytes that a socket did not take.
    ///
    /// - Parameters:
    ///   - bytes: Where they are.
    ///   - count: How many, at most 64 KiB.
    ///   - now: Milliseconds.
    /// - Returns: The lease that holds all of them.
    @unsafe
    mutating func keep(_ bytes: UnsafeRawPointer, count: Int, at now: UInt64) -> Int32 {
        // A quarter of the pipes is left to streams, which lose more by going without.
        guard let lease = leasePipe(leaving: capacity / 4, at: now) else {
            return unsafe keepInMemory(bytes, count: count)
        }
        // An empty pipe takes 64 KiB in its first 16 pages; if it does not, the part that it took
        // is dropped with it.
        if case .moved(count) = unsafe pipes[Int(lease)].write(bytes, count: count) { return lease }
        giveBack(lease)
        return unsafe keepInMemory(bytes, count: count)
    }

    /// Keeps them in the process's own memory, from where others than the kernel can take them.
    @unsafe
    mutating func keepInMemory(_ bytes: UnsafeRawPointer, count: Int) -> Int32 {
        precondition(count <= bufferByteCount, "more than a copy moves")
        let buffer =
            unsafe spareBuffers.popLast()
            ?? Buffer(base: .allocate(byteCount: bufferByteCount, alignment: 64))
        unsafe buffer.base.copyMemory(from: bytes, byteCount: count)
        let backlog = Backlog(buffer: buffer, start: 0, end: count)
        if let index = freeBacklogs.popLast() {
            backlogs[Int(index)] = backlog
            return Int32(capacity) + index
        }
        backlogs.append(backlog)
        return Int32(capacity + backlogs.count - 1)
    }

    /// Gives what a lease holds in memory to somebody.
    ///
    /// - Parameters:
    ///   - lease: The lease, one of ``keepInMemory(_:count:)``.
    ///   - taker: Gets all that is left.
    /// - Returns: What the taker says that it has taken.
    @unsafe
    mutating func drain(
        _ lease: Int32, into taker: (_ bytes: UnsafeRawPointer, _ count: Int) -> Transfer
    ) -> Transfer {
        let index = Int(lease) - capacity
        let backlog = backlogs[index]
        guard let buffer = backlog.buffer else { return .moved(0) }
        let transfer = unsafe taker(buffer.base + backlog.start, backlog.end - backlog.start)
        if case .moved(let count) = transfer { backlogs[index].start += count }
        return transfer
    }

    private mutating func giveBackBacklog(_ index: Int) {
        if let buffer = backlogs[index].buffer {
            if spareBuffers.count < mostSpareBuffers {
                spareBuffers.append(buffer)
            } else {
                unsafe buffer.base.deallocate()
            }
        }
        backlogs[index] = Backlog()
        freeBacklogs.append(Int32(index))
    }
}

/// A splice from a socket puts at most one page into each slot of a pipe: 256 slots move up to
/// 1 MiB per call, the default 16 hardly more than a copy through a buffer does.
let pipeByteCount = 1 << 20
private let leastPipeByteCount = 1 << 16
/// 4 MiB, kept for the next ones that are short of room.
private let mostSpareBuffers = 64
