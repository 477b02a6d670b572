internal import LinuxIO

/// What a reactor reaches without counting references, under one plan.
@safe struct WorkerTables: ~Copyable {
    let tallies: UnsafeMutablePointer<Tally>
    let routes: UnsafeMutablePointer<Worker.Route>
    /// One for each listener.
    let entries: UnsafeMutablePointer<PathTable.Entry>
    /// The servers, counted over all pools.
    let destinations: UnsafeMutablePointer<Destination>
    private let entryCount: Int
    private let serverCount: Int

    init(_ shared: SharedState, number: Int) {
        unsafe tallies = shared.boards[number].base
        unsafe routes = WorkerTables.table(shared.paths.routes)
        unsafe entries = WorkerTables.table(shared.paths.entries)
        unsafe destinations = WorkerTables.table(
            shared.plan.pools.flatMap(\.servers).map(Destination.init))
        entryCount = shared.paths.entries.count
        serverCount = shared.layout.serverCount
    }

    deinit {
        unsafe routes.deallocate()
        unsafe entries.deinitialize(count: entryCount)
        unsafe entries.deallocate()
        unsafe destinations.deinitialize(count: serverCount)
        unsafe destinations.deallocate()
    }

    /// Copies values to where they are reached without counting references.
    private static func table<Value>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
        let memory = UnsafeMutablePointer<Value>.allocate(capacity: max(1, values.count))
        for (index, value) in values.enumerated() { unsafe (memory + index).initialize(to: value) }
        return unsafe memory
    }
}

/// The buffer that small exchanges go through.
@safe struct WorkerPage: ~Copyable {
    let start: UnsafeMutableRawPointer

    init() { unsafe start = .allocate(byteCount: bufferByteCount, alignment: 4096) }

    deinit { unsafe start.deallocate() }
}
