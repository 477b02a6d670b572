import Glibc
import Testing

@testable import Balancer
@testable import LinuxIO

extension BalancerTests {
    @Suite struct `A stream whose client reads nothing` {
        @Test func `wakes the reactor once, however often the server goes on`() async {
            await #expect(processExitsWith: .success) {
                let stream = try BlockedStream()
                let before = stream.wakeCount
                for _ in 0..<200 {
                    stream.say(Array(repeating: 0x62, count: 100))
                    Thread.sleep(for: .milliseconds(1))
                }
                let wakes = stream.wakeCount - before
                precondition(wakes < 20, "\(wakes) for 200 segments")
                precondition(stream.readAll() == stream.saidByteCount)
            }
        }

        @Test func `passes on what came while it waited, and what comes after that`() throws {
            let stream = try BlockedStream()
            stream.say(Array(repeating: 0x62, count: 100_000))
            // Until the reactor has taken all that waited.
            stream.read(stream.saidByteCount)
            stream.say(Array("later".utf8))
            #expect(stream.client.receive(exactly: 5) == "later")
            stream.say(Array("at last".utf8))
            #expect(stream.readAll() == 7)
        }

        /// Spliced, and copied.
        @Test(arguments: [65_536, 8_000])
        func `loses nothing behind urgent data that came while it waited`(
            pieceByteCount: Int
        ) throws {
            let stream = try BlockedStream(pieceByteCount: pieceByteCount)
            // What comes after a first segment that nobody takes is not heard of.
            stream.say([0x62])
            Thread.sleep(for: .milliseconds(20))
            var mark: UInt8 = 33
            #expect(send(stream.server.number, &mark, 1, Int32(MSG_OOB)) == 1)
            stream.say(Array(repeating: 0x62, count: 1000))
            stream.server.endSending()
            // Of the stream itself urgent data is no part (`tcp(7)`).
            #expect(stream.readAll() == stream.saidByteCount)
        }

        @Test func `ends at once where the server breaks off`() throws {
            let stream = try BlockedStream()
            stream.say([0x62])
            stream.server.reset()
            #expect(stream.running.wait { stream.running.frontend.currentSessions == 0 })
        }
    }
}

/// A connection whose server has said more than the client's side of the balancer has room for.
private final class BlockedStream {
    let running: RunningBalancer
    let client: BlockingSocket
    let server: BlockingSocket
    private(set) var saidByteCount = 0

    init(pieceByteCount: Int = 65_536) throws {
        let listener = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 1)
        let address = try Socket.localAddress(of: listener.rawValue)
        running = try RunningBalancer(servers: [ServerPlan(name: "a", address: address)])
        client = running.connect(receiveBuffer: 4096)
        server = try #require(BlockingSocket(acceptedFrom: listener.rawValue))
        var one: Int32 = 1
        setsockopt(server.number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        let piece = [UInt8](repeating: 0x61, count: pieceByteCount)
        while passes(piece) {}
    }

    /// Whether the balancer takes what the server says.
    private func passes(_ piece: [UInt8]) -> Bool {
        let before = running.frontend.bytesOut
        say(piece)
        for _ in 0..<100 {
            if running.frontend.bytesOut > before { return true }
            Thread.sleep(for: .milliseconds(2))
        }
        return false
    }

    func say(_ bytes: [UInt8]) {
        server.send(bytes)
        saidByteCount += bytes.count
    }

    func read(_ byteCount: Int) {
        var rest = byteCount
        while rest > 0, case .bytes(let bytes) = client.receive(upTo: min(rest, 65_536)) {
            rest -= bytes.count
        }
    }

    /// How many bytes the client hears up to the end of the stream.
    func readAll() -> Int {
        server.endSending()
        var count = 0
        while case .bytes(let bytes) = client.receive() { count += bytes.count }
        return count
    }

    /// How often the process's only reactor has slept.
    var wakeCount: Int {
        var count = -1
        for task in ProcessTable.names(in: "/proc/self/task") {
            let folder = "/proc/self/task/\(task)"
            guard text("\(folder)/comm") == "relay-0\n" else { continue }
            let lines = text("\(folder)/status").split(separator: "\n")
            for line in lines where line.hasPrefix("voluntary_ctxt_switches:") {
                count = Int(line.split(separator: "\t")[1]) ?? -1
            }
        }
        precondition(count >= 0, "no thread is called relay-0")
        return count
    }

    private func text(_ path: String) -> String {
        String(decoding: SmallFile.read(path) ?? [], as: UTF8.self)
    }
}
