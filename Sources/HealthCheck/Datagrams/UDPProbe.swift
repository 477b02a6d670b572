#if Probes
public import NIOCore

/// Passes when a payload sent by UDP is answered as expected.
public struct UDPProbe: HealthProbe {
    /// What is expected.
    public enum Reply: Hashable, Sendable {
        /// Nothing: passes unless the host says that nobody listens, up to the time limit.
        case none
        /// Any datagram.
        case any
        /// A datagram that begins with these bytes where the bits of `mask` are set; a mask that
        /// is shorter counts as all bits from there on.
        case bytes([UInt8], mask: [UInt8] = [])
    }

    /// What is sent.
    public let payload: [UInt8]
    /// What is expected.
    public let reply: Reply

    /// Makes a probe.
    ///
    /// - Parameters:
    ///   - payload: What is sent; up to three times within the time limit.
    ///   - reply: What is expected.
    public init(payload: [UInt8], reply: Reply = .any) {
        self.payload = payload
        self.reply = reply
    }

    /// Sends, and waits for the reply.
    ///
    /// - Parameters:
    ///   - target: Where to send to.
    ///   - timeout: How long the reply may take.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; never a failed future. udp(7).
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        DatagramSession.run(
            UDPExchange(request: payload, reply: reply), to: target, timeout: timeout,
            on: eventLoop)
    }
}

private struct UDPExchange: DatagramExchange {
    let request: [UInt8]
    let reply: UDPProbe.Reply

    var silence: ProbeOutcome { reply == .none ? .passed : .timedOut }

    func judge(_ datagram: [UInt8]) -> ProbeOutcome? {
        guard case .bytes(let wanted, let mask) = reply else {
            return .answered(ProbeFacts(detail: "\(datagram.count) bytes"))
        }
        let isSame =
            datagram.count >= wanted.count
            && wanted.indices.allSatisfy { index in
                let bits = index < mask.count ? mask[index] : 0xFF
                return wanted[index] & bits == datagram[index] & bits
            }
        guard isSame else {
            return .badAnswer(
                reason: "another reply than expected: \(BytePattern.hex(datagram.prefix(16)))")
        }
        return .answered(ProbeFacts(detail: "\(datagram.count) bytes"))
    }
}
#endif
