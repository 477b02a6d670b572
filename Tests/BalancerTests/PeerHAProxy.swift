import Glibc
import LinuxIO

@testable import Balancer

/// haproxy from Debian with peers and tables, and its stats socket.
final class PeerHAProxy {
    private let process: ChildProcess
    private let path: String
    private let socket: String

    /// - Parameters:
    ///   - name: Its own name among the peers.
    ///   - peers: The names and ports of all.
    ///   - defaults: What the section says for all peers.
    ///   - sections: What further sections say; the tables' `peers` is `p`.
    /// - Throws: `Errno` where it does not begin to answer.
    init(
        name: String, peers: [(String, UInt16)], defaults: String = "", sections: String
    ) throws {
        path = "/tmp/haproxy-peers-\(getpid())-\(peers[0].1).cfg"
        socket = path + ".sock"
        var text = """
            global
                nbthread 1
                localpeer \(name)
                stats socket \(socket) level admin
            defaults
                mode tcp
            peers p
            \(defaults)

            """
        for (name, port) in peers { text += "    peer \(name) 127.0.0.1:\(port)\n" }
        text += sections + "\n"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        _ = text.withCString { write(file, $0, strlen($0)) }
        close(file)
        let null = try Descriptor.nullDevice()
        process = try ChildProcess(
            path: "/usr/sbin/haproxy", arguments: ["haproxy", "-db", "-q", "-f", path],
            descriptors: [(0, null.rawValue), (1, null.rawValue), (2, null.rawValue)])
        guard eventually({ !ask("show info").isEmpty }) else { throw Errno.connectionRefused }
    }

    deinit {
        process.end()
        unlink(path)
        unlink(socket)
    }

    /// What the stats socket answers.
    func ask(_ command: String) -> String {
        let number = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let peer = BlockingSocket(adopting: number)
        defer { peer.close() }
        let address = RawStreamAddress(.path(socket))
        guard StreamSocket.connect(number, to: address) == 0 else { return "" }
        peer.send(command + "\n")
        return peer.receiveAll().text
    }
}
