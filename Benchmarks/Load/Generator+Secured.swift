import Balancer
import BalancerTLS
import Glibc
import LinuxIO
import Reactor

// Short connections by TLS, whose client's side is that of the balancer towards its servers.
extension Generator {
    /// A connection's session, and how far it is.
    private struct Secured {
        var session: any SecureSession
        var isEstablished = false
    }

    /// Runs `count` short connections, 64 at a time.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - resumes: Whether each goes on with the session of one before it, but the first.
    /// - Throws: `LoadError`, where a connection or an answer is not what it should be.
    mutating func runSecured(count: Int, resuming resumes: Bool) throws {
        // OpenSSL writes to what has been reset.
        Thread.blockBrokenPipeSignal()
        var settings = TLSSettings()
        settings.verifies = false
        settings.resumesSessions = resumes
        let server = try TLSServer(TLSContext(settings), serverName: "relay.test")
        let width = min(Workload.shortConcurrency, count)
        clients = Array(repeating: Client(), count: width)
        var sessions: [Secured?] = Array(repeating: nil, count: width)
        var begun = 0
        for slot in 0..<width {
            try open(slot, waitingFor: .readable)
            begun += 1
            if clients[slot].isConnected { _ = try advance(slot, &sessions, server) }
        }
        while outcome.units + outcome.failures < count {
            let events = try wait(for: "short connections by TLS")
            for index in 0..<events {
                let slot = Int(epoll.event(index).token)
                guard try advance(slot, &sessions, server) else { continue }
                sessions[slot] = nil
                if clients[slot].moved >= Workload.answerBytes {
                    close(slot)
                    record(slot)
                }
                guard begun < count else { continue }
                try open(slot, waitingFor: .readable)
                begun += 1
                if clients[slot].isConnected { _ = try advance(slot, &sessions, server) }
            }
        }
    }

    /// Returns whether the answer is complete, or will never be.
    private mutating func advance(
        _ slot: Int, _ sessions: inout [Secured?], _ server: TLSServer
    ) throws -> Bool {
        let number = clients[slot].number
        if sessions[slot] == nil {
            guard let session = server.makeSession(on: number, asking: nil) else {
                throw LoadError.broken("no memory for a session")
            }
            clients[slot].isConnected = true
            _ = epoll.modify(number, for: .readable, token: UInt64(slot))
            sessions[slot] = Secured(session: session)
        }
        guard let secured = sessions[slot] else { return false }
        if !secured.isEstablished {
            switch secured.session.handshake() {
            case .waits: return false
            case .ended, .failed:
                try fail(slot, "a handshake failed")
                return true
            case .done: sessions[slot]?.isEstablished = true
            }
            let sent = request.withUnsafeBytes { bytes in
                bytes.baseAddress.map { secured.session.send($0, count: Workload.requestBytes) }
            }
            guard sent == .moved(Workload.requestBytes) else {
                throw LoadError.broken("a request could not be sent")
            }
        }
        let taken = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map {
                secured.session.receive(into: $0, upTo: Workload.answerBytes)
            }
        }
        switch taken {
        case .wouldBlock: return false
        case .moved(let count) where count > 0:
            guard buffer[0] == Workload.answerByte, buffer[count - 1] == Workload.answerByte else {
                throw LoadError.broken("an answer has wrong bytes")
            }
            clients[slot].moved += count
            return clients[slot].moved >= Workload.answerBytes
        case .moved, .failed, nil:
            try fail(slot, "ended after \(clients[slot].moved) bytes")
            return true
        }
    }
}
