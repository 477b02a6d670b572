import CLinux
import Glibc
import LinuxIO

/// Where one run takes place: loopback addresses, ports, a folder, and who runs on which processor.
struct Stage {
    /// Holds configurations and logs, and is removed at the end.
    let folder: String
    /// Where the proxy listens.
    var port: UInt16
    /// Where the servers listen.
    var serverPort: UInt16
    /// Reactors, threads or workers of the proxy.
    let reactors: Int
    /// Connections that are open at once at most.
    let connectionCount: Int
    /// Where a line for each connection is sent by syslog's protocol; `nil`: none is written.
    var logPort: UInt16?

    /// The file of the certificate and key with which clients' TLS ends at the proxy; `nil`: they speak
    /// without.
    var certificate: String?

    // Two of each, so that one pair of addresses does not run out of ports in TIME_WAIT.
    static let listenAddresses: [UInt32] = [0x7f00_0001, 0x7f00_0004]
    static let serverAddresses: [UInt32] = [0x7f00_0002, 0x7f00_0003]

    var listeners: [SocketAddress] {
        Self.listenAddresses.map { SocketAddress(address: $0, port: port) }
    }
    /// Where a proxy listens that nobody connects to; loopback is a network of 16 million addresses.
    func idleListener(_ number: Int) -> SocketAddress {
        SocketAddress(address: 0x7f01_0000 + UInt32(number) + 1, port: port)
    }
    var servers: [SocketAddress] {
        Self.serverAddresses.map { SocketAddress(address: $0, port: serverPort) }
    }

    /// One thread has processor 0 to itself; several run anywhere, as does the load then.
    var processor: Int? { Self.processor(0, reactors: reactors) }
    static func loadProcessor(reactors: Int) -> Int? { processor(1, reactors: reactors) }

    private static func processor(_ number: Int, reactors: Int) -> Int? {
        reactors == 1 && sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1 ? number : nil
    }

    /// Whether connections to each of the listener's addresses are accepted.
    func isReachable() -> Bool {
        listeners.allSatisfy { listener in
            guard let socket = try? Socket.tcp() else { return false }
            var address = listener.raw
            let result = clinux_connect(socket.rawValue, &address, 16)
            if result == 0 { return true }
            guard result == -Int(EINPROGRESS) else { return false }
            var waited = pollfd(fd: socket.rawValue, events: Int16(POLLOUT), revents: 0)
            var problem: Int32 = -1
            var length: UInt32 = 4
            poll(&waited, 1, 1000)
            _ = clinux_getsockopt(socket.rawValue, SOL_SOCKET, SO_ERROR, &problem, &length)
            return waited.revents != 0 && problem == 0
        }
    }

    /// A port that nobody listens on, below the range that the kernel gives to clients.
    static func freePort(after last: UInt16) throws -> UInt16 {
        for step in 1...2000 {
            let port = UInt16(20_000 + (Int(last) - 20_000 + step) % 10_000)
            let sockets = try? listenAddresses.map { address throws(SystemError) in
                try Socket.listening(on: SocketAddress(address: address, port: port), backlog: 1)
                    .release()
            }
            guard let sockets else { continue }
            sockets.forEach { _ = clinux_close($0) }
            return port
        }
        throw SystemError(call: "bind", errno: .addressInUse, subject: "127.0.0.1:20000-29999")
    }

    func haproxyConfiguration(splices: Bool, pipeBytes: Int?) -> String {
        """
        global
            nbthread \(reactors)
            maxconn \(connectionCount + 100)
        \(logPort.map { "    log 127.0.0.1:\($0) local0\n" } ?? "")\
        \(splices ? "    maxpipes 100\n" : "")\
        \(pipeBytes.map { "    tune.pipesize \($0)\n" } ?? "")\
        defaults
            mode tcp
        \(logPort == nil ? "" : "    log global\n    option tcplog\n")\
            timeout connect 5s
            timeout client 60s
            timeout server 60s
        \(splices ? Self.haproxySplicing(always: pipeBytes != nil) : "")\
        listen relay
        \(listeners.map { "    bind \($0)\(certificate.map { " ssl crt \($0)" } ?? "")\n" }.joined())\
            balance roundrobin
        \(servers.enumerated().map { "    server s\($0) \($1)\n" }.joined())
        """
    }

    // What haproxy's own guess does not find to be a stream, it copies; `always` leaves no guess.
    private static func haproxySplicing(always: Bool) -> String {
        always
            ? "    option splice-request\n    option splice-response\n" : "    option splice-auto\n"
    }

    // Its own words for the fields of haproxy's line.
    private var nginxLogging: String {
        guard let logPort else { return "" }
        return """
                log_format fields '$remote_addr:$remote_port [$time_local] $upstream_addr '
                    '$upstream_connect_time/$session_time $bytes_sent $bytes_received $status';
                access_log syslog:server=127.0.0.1:\(logPort) fields;

            """
    }

    private func nginxListening(_ listener: SocketAddress) -> String {
        "        listen \(listener)\(certificate == nil ? "" : " ssl") backlog=4096;\n"
    }

    private var nginxCertificate: String {
        guard let certificate else { return "" }
        return "        ssl_certificate \(certificate);\n"
            + "        ssl_certificate_key \(certificate);\n"
            + "        ssl_protocols TLSv1.2 TLSv1.3;\n"
    }

    func nginxConfiguration(module: String) -> String {
        // One worker needs no master beside it; several do.
        let processes =
            reactors == 1
            ? "master_process off;" : "worker_processes \(reactors);"
        return """
            load_module \(module);
            daemon off;
            \(processes)
            \(geteuid() == 0 ? "user root;" : "")
            pid \(folder)/nginx.pid;
            error_log \(folder)/nginx-error.log crit;
            worker_rlimit_nofile \(Processes.descriptorLimit());
            events { worker_connections \(2 * connectionCount + 200); }
            stream {
            \(nginxLogging)\
                upstream servers {
            \(servers.map { "        server \($0);\n" }.joined())\
                }
                server {
            \(listeners.map { nginxListening($0) }.joined())\
            \(nginxCertificate)\
                    proxy_pass servers;
                    proxy_half_close on;
                    proxy_connect_timeout 5s;
                    proxy_timeout 60s;
                }
            }

            """
    }
}
