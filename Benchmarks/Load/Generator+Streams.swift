import CLinux
import Glibc
import LinuxIO
import Reactor

// Bulk streams.
extension Generator {
    /// Receives `bytesEach` over each of `streams` connections.
    mutating func runDown(streams: Int, bytesEach: Int) throws {
        clients = Array(repeating: Client(), count: streams)
        for slot in 0..<streams { try open(slot, waitingFor: .writable) }
        var ended = 0
        while ended < streams {
            let events = try wait(for: "\(streams - ended) streams have not ended")
            for index in 0..<events {
                let slot = Int(epoll.event(index).token)
                if clients[slot].goal == 0 {
                    clients[slot].goal = bytesEach
                    var goal = Int64(bytesEach)
                    _ = clinux_send(clients[slot].number, &goal, 8, noSignal)
                    _ = epoll.modify(clients[slot].number, for: .readable, token: UInt64(slot))
                } else if try take(slot) {
                    ended += 1
                }
            }
        }
    }

    /// Returns whether the stream has ended.
    private mutating func take(_ slot: Int) throws -> Bool {
        let result = clinux_recv(clients[slot].number, &buffer, buffer.count, 0)
        if result == -Int(EAGAIN) { return false }
        let moved = clients[slot].moved
        guard result > 0 else {
            outcome.units += moved
            if result < 0 || moved != clients[slot].goal {
                try fail(slot, "ended after \(moved) of \(clients[slot].goal) bytes (\(result))")
            } else {
                close(slot)
            }
            return true
        }
        clients[slot].moved += result
        guard StreamPattern.matches(buffer, count: result, at: moved) else {
            throw LoadError.broken("wrong bytes after \(moved)")
        }
        return false
    }

    /// Sends `bytesEach` over each of `streams` connections, and has their count confirmed.
    mutating func runUp(streams: Int, bytesEach: Int) throws {
        clients = Array(repeating: Client(), count: streams)
        for slot in 0..<streams {
            try open(slot, waitingFor: .writable)
            // Until all is sent, only room to send matters.
            _ = epoll.modify(clients[slot].number, for: .writable, token: UInt64(slot))
            clients[slot].goal = bytesEach
        }
        var ended = 0
        while ended < streams {
            let events = try wait(for: "\(streams - ended) streams have not ended")
            for index in 0..<events {
                let slot = Int(epoll.event(index).token)
                if clients[slot].moved < clients[slot].goal {
                    try give(slot)
                } else if try confirm(slot) {
                    ended += 1
                }
            }
        }
    }

    private mutating func give(_ slot: Int) throws {
        let (number, moved) = (clients[slot].number, clients[slot].moved)
        let left = clients[slot].goal - moved
        let result = pattern.send(to: number, from: moved, limit: left)
        if result == -Int(EAGAIN) { return }
        guard result > 0 else {
            throw LoadError.broken("could not send after \(moved) bytes (\(result))")
        }
        clients[slot].moved += result
        if result == left {
            _ = clinux_shutdown(number, Int32(SHUT_WR))
            _ = epoll.modify(number, for: .readable, token: UInt64(slot))
        }
    }

    /// Returns whether the stream is settled.
    private mutating func confirm(_ slot: Int) throws -> Bool {
        var count: Int64 = -1
        let result = clinux_recv(clients[slot].number, &count, 8, 0)
        if result == -Int(EAGAIN) { return false }
        outcome.units += clients[slot].moved
        if result == 8, Int(count) == clients[slot].goal {
            close(slot)
        } else {
            try fail(slot, "\(count) of \(clients[slot].goal) bytes arrived (\(result))")
        }
        return true
    }
}
