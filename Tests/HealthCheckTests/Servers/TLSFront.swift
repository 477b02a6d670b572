#if Program
import Foundation
import HealthCheck
import NIOCore
import TestServers
import Testing

/// nginx in front of a server: wants a PROXY header and TLS, and hands on what is inside.
struct TLSFront {
    let server: RealServer

    init(to port: Int) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        try await RealServer.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2", "-subj", "/CN=front", "-keyout", "\(path)/key", "-out",
                "\(path)/certificate",
            ])
        let own = try closedPort()
        let configuration = folder.write(
            "nginx.conf",
            """
            daemon off;
            master_process off;
            load_module /usr/lib/nginx/modules/ngx_stream_module.so;
            pid \(path)/pid;
            error_log \(path)/error.log;
            events { worker_connections 64; }
            stream {
                server {
                    listen 127.0.0.1:\(own) ssl proxy_protocol;
                    ssl_certificate \(path)/certificate;
                    ssl_certificate_key \(path)/key;
                    proxy_pass 127.0.0.1:\(port);
                }
            }
            """)
        server = try await RealServer(
            "/usr/sbin/nginx",
            ["-p", path, "-e", "\(path)/error.log", "-c", configuration], in: folder, port: own)
    }
}

/// Expects that a probe gets through a front with TLS and a PROXY header of either version, and not
/// without the header.
func expectFront<Probe: ConnectingProbe>(_ check: Probe, to port: Int) async throws {
    let front = try await TLSFront(to: port)
    defer { front.server.stop() }
    var check = check
    check.connection.tls = try ProbeTLS(verification: .none)
    for (header, code) in [(ProxyHeader.v1, "L7OK"), (.v2, "L7OK"), (nil, "L6RSP")] {
        check.connection.proxyHeader = header
        let outcome = try await probe(check, port: front.server.port)
        #expect(outcome.code == code, "\(Probe.self) \(String(describing: header)): \(outcome)")
    }
}
#endif
