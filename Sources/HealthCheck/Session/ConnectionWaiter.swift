#if Probes
import NIOCore
import Synchronization

import struct LinuxIO.SystemError
import struct LinuxIO.Thread
import struct Reactor.Epoll

/// Waits for connections that are under way, on a thread that all checks of the process share.
///
/// NIO's loops watch the descriptors of their channels alone.
///
/// SAFETY: `epoll` never changes, and its buffer is written by the one thread that waits; to add a
/// descriptor is a system call, which the kernel serialises. All else is behind the lock.
final class ConnectionWaiter: @unchecked Sendable {
    private struct Entry {
        let connection: BareConnection
        let promise: EventLoopPromise<ProbeOutcome>
    }

    private struct State {
        var lastToken: UInt64 = 0
        /// By the token that epoll knows each by.
        ///
        /// Whoever takes a connection out ends it, so that no descriptor is closed twice, nor another
        /// one that got its number.
        var entries: [UInt64: Entry] = [:]
    }

    private static let made = Mutex<ConnectionWaiter?>(nil)
    private let epoll: Epoll
    private let state = Mutex(State())

    private init() throws(SystemError) { epoll = try Epoll(capacity: 64) }

    /// Waits until a connection is made or fails.
    ///
    /// - Parameters:
    ///   - connection: One that is pending; it is ended here.
    ///   - timeout: How long to wait.
    ///   - eventLoop: Where the time is watched.
    /// - Returns: The outcome; never a failed future.
    static func wait(
        for connection: BareConnection, within timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        do throws(SystemError) {
            return try shared().wait(for: connection, within: timeout, on: eventLoop)
        } catch {
            let outcome = connection.end(.failed(errno: error.errno.rawValue))
            return eventLoop.makeSucceededFuture(outcome)
        }
    }

    /// The process's own; its thread begins with the first connection that has to be waited for.
    ///
    /// - Throws: `SystemError` when the process has no descriptor or thread left.
    private static func shared() throws(SystemError) -> ConnectionWaiter {
        try made.withLock { made throws(SystemError) in
            if let made { return made }
            let waiter = try ConnectionWaiter()
            try Thread(name: "connecting") { waiter.run() }.detach()
            made = waiter
            return waiter
        }
    }

    private func wait(
        for connection: BareConnection, within timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let promise = eventLoop.makePromise(of: ProbeOutcome.self)
        let token = state.withLock { state in
            state.lastToken += 1
            state.entries[state.lastToken] = Entry(connection: connection, promise: promise)
            return state.lastToken
        }
        let limit = eventLoop.scheduleTask(in: timeout) { self.end(token) { $0.advance() } }
        promise.futureResult.whenComplete { _ in limit.cancel() }
        let result = epoll.add(connection.descriptor, for: .writable, token: token)
        if result < 0 { end(token) { _ in .failed(errno: CInt(-result)) } }
        return promise.futureResult
    }

    private func end(_ token: UInt64, as progress: (BareConnection) -> BareConnection.Progress) {
        guard let entry = state.withLock({ $0.entries.removeValue(forKey: token) }) else { return }
        entry.promise.succeed(entry.connection.end(progress(entry.connection)))
    }

    private func run() {
        while true {
            for index in 0..<epoll.wait(nanoseconds: -1) {
                end(epoll.event(index).token) { $0.advance() }
            }
        }
    }
}
#endif
