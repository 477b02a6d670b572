import CLinux
import Glibc
import LinuxIO
import Reactor

// Short connections, and messages on connections that stay open.
extension Generator {
    /// Runs `count` short connections, 64 at a time.
    mutating func runShort(count: Int) throws {
        let width = min(Workload.shortConcurrency, count)
        clients = Array(repeating: Client(), count: width)
        var begun = 0
        for slot in 0..<width {
            try beginShort(slot)
            begun += 1
        }
        while outcome.units + outcome.failures < count {
            let events = try wait(for: "short connections")
            for index in 0..<events {
                let event = epoll.event(index)
                let slot = Int(event.token)
                guard try advanceShort(slot) else { continue }
                if clients[slot].moved >= Workload.answerBytes {
                    close(slot)
                    record(slot)
                }
                if begun < count {
                    try beginShort(slot)
                    begun += 1
                }
            }
        }
    }

    private mutating func beginShort(_ slot: Int) throws {
        try open(slot, waitingFor: .readable)
        if clients[slot].isConnected { try ask(slot, Workload.requestBytes) }
    }

    /// Opens connections until there are `count`, 64 at a time, and leaves them open once answered.
    mutating func keep(_ count: Int) throws {
        clients = Array(repeating: Client(), count: count)
        var begun = 0
        while begun < min(count, Workload.shortConcurrency) {
            try beginShort(begun)
            begun += 1
        }
        while outcome.units < count {
            let events = try wait(for: "\(outcome.units) of \(count) connections are open")
            for index in 0..<events where try advanceShort(Int(epoll.event(index).token)) {
                outcome.units += 1
                if begun < count {
                    try beginShort(begun)
                    begun += 1
                }
            }
        }
        guard outcome.failures == 0 else { throw LoadError.broken("a kept connection failed") }
    }

    /// Returns whether the answer is complete, or will never be.
    private mutating func advanceShort(_ slot: Int) throws -> Bool {
        if !clients[slot].isConnected {
            try connected(slot, Workload.requestBytes)
            return false
        }
        let result = clinux_recv(clients[slot].number, &buffer, Workload.answerBytes, 0)
        if result == -Int(EAGAIN) { return false }
        guard result > 0 else {
            try fail(slot, "ended after \(clients[slot].moved) bytes (\(result))")
            return true
        }
        guard buffer[0] == Workload.answerByte, buffer[result - 1] == Workload.answerByte else {
            throw LoadError.broken("an answer has wrong bytes")
        }
        clients[slot].moved += result
        return clients[slot].moved >= Workload.answerBytes
    }

    /// Opens connections until there are `count`, 64 at a time, with one exchange on each.
    mutating func hold(_ count: Int) throws {
        guard clients.count < count else { return }
        clients = Array(repeating: Client(), count: count)
        var begun = 0
        var done = 0
        while begun < min(count, Workload.shortConcurrency) {
            try beginPing(begun)
            begun += 1
        }
        while done < count {
            let events = try wait(for: "\(done) of \(count) connections are open")
            for index in 0..<events {
                let slot = Int(epoll.event(index).token)
                guard try advancePing(slot) else { continue }
                done += 1
                if begun < count {
                    try beginPing(begun)
                    begun += 1
                }
            }
        }
        outcome.units = done
    }

    /// Exchanges messages on all connections for a time.
    mutating func runPingpong(nanoseconds: Int64) throws {
        histogram = Histogram()
        outcome.units = 0
        let began = MonotonicInstant.now.nanoseconds
        let deadline = began + nanoseconds
        for slot in clients.indices { try ask(slot, Workload.pingBytes) }
        var waiting = clients.count
        var now = began
        while waiting > 0 {
            let events = try wait(for: "\(waiting) answers")
            for index in 0..<events {
                let slot = Int(epoll.event(index).token)
                guard try advancePing(slot) else { continue }
                now = record(slot)
                if now < deadline { try ask(slot, Workload.pingBytes) } else { waiting -= 1 }
            }
        }
        outcome.nanoseconds = now - began
    }

    private mutating func beginPing(_ slot: Int) throws {
        try open(slot, waitingFor: .readable)
        if clients[slot].isConnected { try ask(slot, Workload.pingBytes) }
    }

    /// Returns whether the answer is complete.
    private mutating func advancePing(_ slot: Int) throws -> Bool {
        if !clients[slot].isConnected {
            try connected(slot, Workload.pingBytes)
            return false
        }
        let result = clinux_recv(clients[slot].number, &buffer, Workload.pingBytes, 0)
        if result == -Int(EAGAIN) { return false }
        // A connection that is meant to stay is not opened again: the run would not be the same.
        guard result > 0 else { throw LoadError.broken("a kept connection ended (\(result))") }
        guard buffer[0] == Workload.requestByte, buffer[result - 1] == Workload.requestByte else {
            throw LoadError.broken("an answer has wrong bytes")
        }
        clients[slot].moved += result
        return clients[slot].moved >= Workload.pingBytes
    }

    /// The connection in `slot` is made, or has failed: the first bytes show which.
    private mutating func connected(_ slot: Int, _ byteCount: Int) throws {
        clients[slot].isConnected = true
        _ = epoll.modify(clients[slot].number, for: .readable, token: UInt64(slot))
        try ask(slot, byteCount)
    }

    private mutating func ask(_ slot: Int, _ byteCount: Int) throws {
        // The time of a connection's first request includes the connecting.
        if clients[slot].moved > 0 { clients[slot].beganAt = MonotonicInstant.now.nanoseconds }
        clients[slot].moved = 0
        let result = clinux_send(clients[slot].number, request, byteCount, noSignal)
        guard result == byteCount else {
            throw LoadError.broken("a request could not be sent (\(result))")
        }
    }

    @discardableResult
    mutating func record(_ slot: Int) -> Int64 {
        let now = MonotonicInstant.now.nanoseconds
        histogram.record(nanoseconds: now - clients[slot].beganAt)
        outcome.units += 1
        return now
    }
}
