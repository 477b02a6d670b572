#if Program
import Foundation
import HealthCheck
import LinuxIO
import NIOCore
import NIOPosix
import TestServers

/// An event loop whose thread is in a network namespace of its own: its sockets see nothing else.
final class OwnNetwork: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let thread: String
    /// From here whoever waits is woken: a thread begins in the namespace of the one that starts it,
    /// and a wake-up may start one for tasks.
    private static let outside = MultiThreadedEventLoopGroup.singleton.next()

    /// The loop.
    var eventLoop: any EventLoop { group.next() }

    /// Needs root.
    init() async throws {
        thread = try await group.next().submit {
            try NetworkNamespace.enterNew()
            return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
        }.hop(to: Self.outside).get()
    }

    /// Runs commands of a shell in the namespace.
    func run(_ commands: String) async throws {
        try await RealServer.run(
            "/usr/bin/nsenter",
            ["--net=/proc/\(thread)/ns/net", "/bin/sh", "-e", "-c", commands])
    }

    /// Runs one check in the namespace.
    func probe(
        _ probe: any HealthProbe, _ address: String, port: Int = 0, timeout: TimeAmount
    ) async throws -> String {
        let target = try NIOCore.SocketAddress(ipAddress: address, port: port)
        let eventLoop = self.eventLoop
        return summary(
            try await eventLoop.flatSubmit {
                probe.probe(target, timeout: timeout, on: eventLoop)
            }.hop(to: Self.outside).get())
    }

    /// Ends the thread, and with it the namespace.
    func stop() async throws { try await group.shutdownGracefully() }
}
#endif
