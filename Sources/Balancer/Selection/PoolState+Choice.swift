extension PoolState {
    /// What became of a connection that asks for a server.
    enum Choice: Equatable {
        /// A slot at this server is its own until it gives it back.
        case server(Int)
        /// Every server that it may go to is full: it waits until one has room.
        case waits(Place)
        /// No server is usable: it waits until one is.
        case isHeld(Place)
        /// No server is usable.
        case nobody
        /// Every server is full, and as many wait as may.
        case queueIsFull

        /// The server that it has, or in whose line it stands.
        var server: Int? {
            switch self {
            case .server(let server): server
            case .waits(let place): place.server
            case .isHeld, .nobody, .queueIsFull: nil
            }
        }
    }

    /// Where a connection waits.
    struct Place: Equatable {
        /// The server in whose line it stands; `nil`: it waits for any.
        let server: Int?
        /// What to leave by.
        let ticket: UInt32
        let turn: Turn
        /// How many were in the line when it came.
        let ahead: Int
    }

    /// Tells a connection that waited what became of it.
    enum Notice: Equatable {
        /// The slot is its own.
        case serve(Waiter, server: Int)
        /// What it waited for is gone: it has to choose again.
        case chooseAgain(Waiter)
    }
}
