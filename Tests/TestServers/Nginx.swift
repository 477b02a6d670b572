#if Program
import Foundation

/// nginx with answers of every kind, plain, with two certificates, and for who shows one of his own.
package struct Nginx: Sendable {
    package let server: RealServer
    package let certificates: Certificates
    package let securePort: Int
    package let expiredPort: Int
    package let guardedPort: Int
    package var port: Int { server.port }

    package init() async throws {
        let folder = try TemporaryFolder()
        certificates = try await Certificates(in: folder)
        let ports = [try closedPort(), try closedPort(), try closedPort(), try closedPort()]
        (securePort, expiredPort, guardedPort) = (ports[1], ports[2], ports[3])
        folder.write("www-large", String(repeating: "0123456789abcdef", count: 655_360))
        let locations = """
            location /ok { return 200 "all is well\\nsecond line"; }
            location /created { return 201; }
            location /moved { return 302 http://127.0.0.1:1/; }
            location /closed { return 401; }
            location /missing { return 404; }
            location /broken { return 503 "database gone"; }
            location /header { add_header X-Role primary; return 204; }
            location /method { return 200 "$request_method $server_protocol $http_host [$http_x_probe]"; }
            location /large { default_type text/plain; alias \(folder.path)/www-large; }
            location /body { return 200 "$content_length"; }
            """
        let configuration = folder.write(
            "nginx.conf",
            """
            daemon off;
            master_process off;
            worker_processes 1;
            pid \(folder.path)/pid;
            error_log \(folder.path)/error.log;
            events { worker_connections 64; }
            http {
                access_log off;
                client_body_temp_path \(folder.path)/a; proxy_temp_path \(folder.path)/b;
                fastcgi_temp_path \(folder.path)/c; uwsgi_temp_path \(folder.path)/d;
                scgi_temp_path \(folder.path)/e;
                server { listen 127.0.0.1:\(ports[0]); \(locations) }
                server {
                    listen 127.0.0.1:\(ports[1]) ssl; \(locations)
                    ssl_certificate \(certificates.good);
                    ssl_certificate_key \(certificates.goodKey);
                }
                server {
                    listen 127.0.0.1:\(ports[2]) ssl; \(locations)
                    ssl_certificate \(certificates.expired);
                    ssl_certificate_key \(certificates.goodKey);
                }
                server {
                    listen 127.0.0.1:\(ports[3]) ssl; \(locations)
                    ssl_certificate \(certificates.good);
                    ssl_certificate_key \(certificates.goodKey);
                    ssl_client_certificate \(certificates.authority);
                    ssl_verify_client on;
                }
            }
            """)
        server = try await RealServer(
            "/usr/sbin/nginx",
            ["-p", folder.path, "-e", "\(folder.path)/error.log", "-c", configuration],
            in: folder, port: ports[0])
    }
}
#endif
