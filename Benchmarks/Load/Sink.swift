import CLinux
import Glibc
import LinuxIO
import Reactor

/// The servers behind the proxies: two addresses, one service, one thread.
struct Sink: ~Copyable {
    private struct Peer {
        var received = 0
        var goal = 0
        var sent = 0
    }

    private let service: Service
    private let epoll: Epoll
    private let listeners: [Int32]
    private var peers: [Peer]
    private var buffer = [UInt8](repeating: 0, count: StreamPattern.chunk)
    private let pattern = StreamPattern()
    private let answer = [UInt8](repeating: Workload.answerByte, count: Workload.answerBytes)

    /// Listens on a free port, the same on each of the addresses.
    init(service: Service, addresses: [UInt32]) throws {
        let epoll = try Epoll(capacity: 256)
        var numbers: [Int32] = []
        var port: UInt16 = 0
        for address in addresses {
            let listener = try Socket.listening(
                on: SocketAddress(address: address, port: port), backlog: 4096)
            port = try Socket.localAddress(of: listener.rawValue).port
            _ = epoll.add(
                listener.rawValue, for: .readable, token: UInt64(UInt32(listener.rawValue)))
            numbers.append(listener.release())
        }
        self.service = service
        self.epoll = epoll
        listeners = numbers
        peers = Array(repeating: Peer(), count: Int(Processes.descriptorLimit()))
        emit("port=\(port)")
    }

    /// Serves until the process is ended.
    mutating func run() {
        while true {
            let count = epoll.wait(nanoseconds: -1)
            for index in 0..<count {
                let event = epoll.event(index)
                let number = Int32(event.token)
                if listeners.contains(number) {
                    accept(on: number)
                } else if event.readiness.contains(.writable) {
                    pour(into: number)
                } else {
                    read(from: number)
                }
            }
        }
    }

    private mutating func accept(on listener: Int32) {
        for _ in 0..<64 {
            let number = clinux_accept(listener, nil, nil, SocketFlags.nonBlockingCloseOnExec)
            guard number >= 0 else { return }
            peers[number] = Peer()
            _ = epoll.add(Int32(number), for: .readable, token: UInt64(number))
        }
    }

    private mutating func read(from number: Int32) {
        let result = clinux_recv(number, &buffer, buffer.count, 0)
        guard result != -Int(EAGAIN) else { return }
        guard result > 0 else { return end(number, clean: result == 0) }
        let index = Int(number)
        let earlier = peers[index].received
        peers[index].received += result
        switch service {
        case .answer:
            if peers[index].received % Workload.requestBytes == 0 {
                _ = clinux_send(number, answer, answer.count, noSignal)
            }
        case .echo:
            _ = clinux_send(number, buffer, result, noSignal)
        case .source:
            // The count comes in one segment; a part of it would be a defect of what carried it.
            guard result == 8 else { return close(number) }
            peers[index].goal = buffer.withUnsafeBytes { Int($0.load(as: Int64.self)) }
            _ = epoll.modify(number, for: .writable, token: UInt64(number))
        case .drain:
            if !StreamPattern.matches(buffer, count: result, at: earlier) { close(number) }
        }
    }

    private mutating func pour(into number: Int32) {
        let index = Int(number)
        let left = peers[index].goal - peers[index].sent
        if left > 0 {
            let result = pattern.send(to: number, from: peers[index].sent, limit: left)
            if result > 0 { peers[index].sent += result }
            if result < 0, result != -Int(EAGAIN) { return close(number) }
        }
        if peers[index].sent == peers[index].goal {
            _ = clinux_shutdown(number, Int32(SHUT_WR))
            _ = epoll.modify(number, for: .readable, token: UInt64(number))
        }
    }

    private func end(_ number: Int32, clean: Bool) {
        if service == .drain, clean {
            var count = Int64(peers[Int(number)].received)
            _ = clinux_send(number, &count, 8, noSignal)
        }
        close(number)
    }

    private func close(_ number: Int32) { _ = clinux_close(number) }
}

/// Flags of `accept4(2)`.
enum SocketFlags {
    static let nonBlockingCloseOnExec: Int32 = 0o4000 | 0o2000000
}
