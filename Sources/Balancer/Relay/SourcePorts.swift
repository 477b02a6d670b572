internal import LinuxIO
internal import Synchronization

/// The local ports of connections to servers, given out in turn to all reactors.
///
/// Left to itself the kernel searches for a free port at each connect, past every one that is in
/// TIME_WAIT: a sixth of the processor time of a short connection. A port of its own choice, by
/// IP_LOCAL_PORT_RANGE with both ends equal, spares it the search. Linux 6.3; without it, the
/// kernel chooses.
final class SourcePorts: Sendable {
    private let low: UInt32
    private let count: UInt32
    private let next: [Cursor]
    /// Whether the kernel knows the option.
    let isAvailable: Bool

    /// A line of its own, so that reactors that serve different servers do not meet.
    private final class Cursor: Sendable {
        let value: Atomic<UInt32>
        init(_ value: UInt32) { self.value = Atomic(value) }
    }

    /// Makes one turn per server, each from a different port on.
    ///
    /// - Parameters:
    ///   - serverCount: How many servers.
    ///   - former: Whose turns go on; `nil`: nobody's.
    ///   - places: For each server's number there, its number here.
    init(serverCount: Int, goingOnFrom former: SourcePorts? = nil, places: [Int?] = []) {
        let range = KernelSettings.localPortRange
        low = UInt32(range.lowerBound)
        count = UInt32(range.upperBound - range.lowerBound) + 1
        let count = count
        var next = (0..<serverCount).map { _ in Cursor(.random(in: 0..<count)) }
        if let former {
            for (index, place) in places.enumerated() {
                if let place { next[place] = former.next[index] }
            }
        }
        self.next = next
        isAvailable = former?.isAvailable ?? StreamSocket.canRestrictLocalPorts
    }

    /// The next port for a connection to a server, as a range that holds it alone.
    func next(for server: Int) -> UInt32 {
        let turn = next[server].value.wrappingAdd(1, ordering: .relaxed).oldValue
        let port = low + turn % count
        return port << 16 | port
    }
}
