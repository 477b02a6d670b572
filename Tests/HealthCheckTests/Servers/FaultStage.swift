#if Program
import Glibc
import NIOCore
import TestServers

@testable import HealthCheck

/// One fault, acted by peers of every kind.
final class FaultStage: Sendable {
    /// Bytes that belong to no protocol here, with line ends and zeros among them.
    static let garbage: [UInt8] =
        Array("\u{7}garbage\r\n\r\n".utf8) + (0...255).map { UInt8($0) } + Array("\r\n".utf8)

    /// How long a check may take: what never comes is waited for.
    let timeout: TimeAmount
    private let folder: TemporaryFolder
    private let port: Int
    private let datagramPort: Int
    private let peer: FaultyPeer?
    private let hole: LoopbackPeer?
    private let datagrams: UDPPeer?
    private let web: Nginx?
    private let network: OwnNetwork?
    /// The end of a pipe that somebody could write to.
    private let writer: CInt

    /// - Parameters:
    ///   - fault: What is wrong.
    ///   - folder: Gets what is wrong with this host itself.
    ///   - web: nginx, with a certificate that has expired and a page behind a password.
    /// - Throws: What making it throws.
    init(_ fault: Fault, in folder: TemporaryFolder, beside web: Nginx?) async throws {
        self.folder = folder
        self.web = web
        let behaviour: FaultyPeer.Behaviour? =
            switch fault {
            case .silence: .silent
            case .end: .closesAtOnce
            case .garbage: .says(Self.garbage)
            case .flood: .floods(10_000_000)
            case .nothing, .hole, .expired, .password: nil
            }
        peer = if let behaviour { try await FaultyPeer(behaviour) } else { nil }
        let answer: UDPPeer.Behaviour? =
            switch fault {
            // Whether a datagram or its answer is lost cannot be told apart.
            case .hole, .silence: .silent
            case .garbage: .says(Self.garbage)
            case .flood: .floods(count: 170, [UInt8](repeating: UInt8(ascii: "x"), count: 60_000))
            case .nothing, .end, .expired, .password: nil
            }
        datagrams = if let answer { try await UDPPeer(answer) } else { nil }
        datagramPort =
            if let datagrams { datagrams.port } else { try await UDPPeer.closedPort() }
        hole = if fault == .hole { try LoopbackPeer(backlog: 0) } else { nil }
        hole?.fillBacklog()
        network = if fault == .hole, geteuid() == 0 { try await OwnNetwork() } else { nil }
        try await network?.run("ip link set lo up; sysctl -qw net.ipv4.icmp_echo_ignore_all=1")
        port =
            switch fault {
            case .expired: web?.expiredPort ?? 0
            case .password: web?.port ?? 0
            default: try peer?.port ?? hole?.port ?? closedPort()
            }
        timeout =
            switch fault {
            case .hole, .silence: .milliseconds(300)
            case .garbage, .flood: .milliseconds(1_000)
            case .nothing, .end, .expired, .password: .seconds(5)
            }
        writer = try Self.prepare(fault, in: folder)
    }

    /// What a program and a file do that have the fault.
    private static func prepare(_ fault: Fault, in folder: TemporaryFolder) throws -> CInt {
        let program: String? =
            switch fault {
            case .silence: "#!/bin/sh\nexec sleep 60\n"
            case .end: "#!/bin/sh\nkill -9 $$\n"
            case .garbage: String(decoding: garbage, as: UTF8.self)
            case .flood: "#!/bin/sh\nhead -c 10000000 /dev/zero\nexit 4\n"
            case .nothing, .hole, .expired, .password: nil
            }
        if let program { chmod(folder.write("\(fault)", program), 0o755) }
        let file = "\(fault).txt"
        switch fault {
        case .silence:
            mkfifo("\(folder.path)/\(file)", 0o600)
            return open("\(folder.path)/\(file)", O_RDWR | O_CLOEXEC)
        case .end: folder.write(file, "")
        case .garbage: folder.write(file, String(decoding: garbage, as: UTF8.self))
        case .flood: folder.write(file, String(repeating: "x", count: 10_000_000) + "ready")
        case .nothing, .hole, .expired, .password: break
        }
        return -1
    }

    /// What a probe says; `nil` where this user may not act the fault.
    func outcome(of check: any HealthProbe, by reach: FaultRow.Reach) async throws -> String? {
        switch reach {
        case .connection: summary(try await probe(check, port: port, timeout: timeout))
        case .datagram: summary(try await probe(check, port: datagramPort, timeout: timeout))
        case .echo: try await network?.probe(check, "127.0.0.1", timeout: timeout)
        case .host:
            summary(try await probe(check, port: 1, timeout: timeout))
                .replacing(folder.path, with: "FOLDER")
        }
    }

    /// How many connections its peers have not given back.
    func openConnections() async throws -> Int {
        try await peer?.idle()
        return peer?.openConnections ?? 0
    }

    func end() async throws {
        peer?.stop()
        datagrams?.stop()
        try await network?.stop()
        if writer >= 0 { close(writer) }
    }
}
#endif
