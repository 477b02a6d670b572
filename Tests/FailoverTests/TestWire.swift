import Glibc
import LinuxIO
import Synchronization

/// Reads every frame that one node's interface sends or receives.
final class TestWire: Sendable {
    struct Frame: Sendable {
        let at: MonotonicInstant
        let bytes: [UInt8]

        /// The address that a gratuitous ARP request announces, as four octets.
        var announced: [UInt8]? {
            let head: [UInt8] = [0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1]
            guard bytes.count >= 42, Array(bytes[12..<22]) == head,
                bytes[28..<32] == bytes[38..<42]
            else { return nil }
            return Array(bytes[28..<32])
        }
        /// The sender and the priority of a VRRP advertisement.
        var advertisement: (source: [UInt8], priority: UInt8)? {
            guard bytes.count >= 42, bytes[12] == 0x08, bytes[13] == 0x00, bytes[23] == 112 else {
                return nil
            }
            return (Array(bytes[26..<30]), bytes[36])
        }
    }
    private struct State {
        var frames: [Frame] = []
        var isOpen = false
        var isStopped = false
    }
    /// Held by the thread, too, which does not hold the wire: it ends with the last who looks at it.
    private final class Shared: Sendable { let state = Mutex(State()) }
    private let shared = Shared()

    init(_ network: TestNetwork, at node: String) throws {
        let name = network.namespace(node)
        let thread = try Thread(name: "wire") { [shared] in
            do {
                try NetworkNamespace.enter(path: "/run/netns/\(name)")
                let everyProtocol = Int32(UInt16(3).bigEndian)
                let socket = try Socket.open(17, 3, everyProtocol, "wire")
                shared.state.withLock { $0.isOpen = true }
                var buffer = [UInt8](repeating: 0, count: 2048)
                while !shared.state.withLock({ $0.isStopped }) {
                    let result = Socket.receive(into: &buffer, from: socket.rawValue)
                    guard case .moved(let count) = result else {
                        usleep(200)
                        continue
                    }
                    let frame = Frame(at: .now, bytes: Array(buffer[..<count]))
                    shared.state.withLock { $0.frames.append(frame) }
                }
            } catch {
                print("wire: \(error)")
            }
        }
        _ = consume thread
        _ = eventually(within: .seconds(2)) { shared.state.withLock { $0.isOpen } }
    }

    var frames: [Frame] { shared.state.withLock { $0.frames } }

    func stop() { shared.state.withLock { $0.isStopped = true } }

    deinit { stop() }
}
