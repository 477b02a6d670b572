#if Program
import Foundation
import HealthCheck
import NIOCore
import NIOPosix
import Testing

@Suite struct `A probe of one's own, as the documentation has it` {
    @Test func `the text is the one that is tried here`() throws {
        let documented = try text(of: "Sources/HealthCheck/HealthProbe.swift")
            .split(separator: "\n", omittingEmptySubsequences: false)
            .drop { $0 != "/// ```swift" }.dropFirst().prefix { $0 != "/// ```" }
            .map { $0.dropFirst(4) }.joined(separator: "\n")
        #expect(documented.hasPrefix("struct GreetingProbe: HealthProbe {"))
        #expect(try text(of: "Tests/HealthCheckTests/OwnProbeTests.swift").contains(documented))
    }

    private func text(of path: String) throws -> String {
        let root = "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
        return try String(contentsOfFile: "/\(root)/\(path)", encoding: .utf8)
    }

    @Test(arguments: [
        (FaultyPeer.Behaviour.says(Array("220 x\r\n".utf8)), "L4OK"),
        (.silent, "L4TOUT"),
        (.closesAtOnce, "L7RSP the connection was closed before a greeting"),
    ])
    func `it decides in time, and leaves no connection open`(
        behaviour: FaultyPeer.Behaviour, words: String
    ) async throws {
        let peer = try await FaultyPeer(behaviour)
        defer { peer.stop() }
        let begin = ContinuousClock.now
        let limit = TimeAmount.milliseconds(words == "L4TOUT" ? 50 : 5_000)
        let outcome = try await probe(GreetingProbe(), port: peer.port, timeout: limit)
        #expect(summary(outcome) == words)
        #expect(begin.duration(to: .now) < .seconds(2))
        try await peer.idle()
        #expect(peer.openConnections == 0)
    }
}

struct GreetingProbe: HealthProbe {
    func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let outcome = eventLoop.makePromise(of: ProbeOutcome.self)
        let limit = eventLoop.scheduleTask(in: timeout) { outcome.succeed(.timedOut) }
        let connection = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelInitializer { $0.pipeline.addHandler(GreetingHandler(outcome: outcome)) }
            .connect(to: target)
        connection.whenFailure { outcome.succeed(.unreachable(reason: "\($0)")) }
        outcome.futureResult.whenComplete { _ in
            limit.cancel()
            connection.whenSuccess { $0.close(promise: nil) }
        }
        return outcome.futureResult
    }
}

final class GreetingHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    let outcome: EventLoopPromise<ProbeOutcome>

    init(outcome: EventLoopPromise<ProbeOutcome>) { self.outcome = outcome }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { outcome.succeed(.passed) }

    func channelInactive(context: ChannelHandlerContext) {
        outcome.succeed(.badAnswer(reason: "the connection was closed before a greeting"))
    }
}
#endif
