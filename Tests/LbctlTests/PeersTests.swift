#if Program
import Foundation
import LinuxIO
import Testing

/// The same file, the same clients and servers: what the program and haproxy make of them.
@ProgramThread
@Suite struct `Beside haproxy and before nginx` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    private static let routes = """
            tcp-request inspect-delay 500ms
            acl shop req.ssl_sni -i -m end .example.org
            tcp-request session reject if { src 192.0.2.66 }
            tcp-request content accept if { req.ssl_hello_type 1 } !shop
            use_backend shop if shop
            use_backend one if { dst_port 1 }
            use_backend two if { dst_port 2 }
            use_backend three if { dst_port 3 }
            use_backend closed if { src 2001:db8:6::/48 } !{ src_port 7:9 }
            default_backend plain
        backend plain
            server s 127.0.0.1:ECHO
        backend shop
            server s 127.0.0.1:ECHO send-proxy
        backend one
            server s 127.0.0.1:ECHO send-proxy
        backend two
            server s 127.0.0.1:ECHO send-proxy-v2
        backend three
            server s 127.0.0.1:ECHO send-proxy-v2 proxy-v2-options crc32c
        backend closed
            server s 127.0.0.1:1
        """

    private func file(port: UInt16, echo: UInt16) throws -> String {
        try folder.write(
            """
            defaults
                mode tcp
                retries 0
                timeout client 2s
                timeout server 2s
                timeout connect 1s
            frontend in
                bind 127.0.0.1:\(port) accept-proxy

            """ + Self.routes.replacing("ECHO", with: "\(echo)") + "\n", to: "\(port).cfg")
    }

    /// What comes back to a client that sends bytes and then ends its stream.
    private func answer(_ port: UInt16, to bytes: [UInt8]) throws -> [UInt8] {
        let file = folder.path + "/sent"
        try Data(bytes).write(to: URL(filePath: file))
        let output = "answer-\(UInt32.random(in: 0 ... .max))"
        let program = try RunningProgram(
            ["/bin/sh", "-c", "exec socat -t 5 STDIO TCP4:127.0.0.1:\(port) <\(file)"],
            in: folder, output: output, errors: "socat")
        _ = try program.awaitEnd(within: .seconds(20))
        return [UInt8](FileManager.default.contents(atPath: folder.path + "/" + output) ?? Data())
    }

    private func listens(_ port: UInt16) -> Bool { (try? ReadingClient(port: port)) != nil }

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    /// What clients send, most of it with `hello` after the header.
    private static let inputs: [[UInt8]] = {
        let lines = [
            "TCP4 192.0.2.1 198.51.100.2 56324 1\r\n", "TCP4 192.0.2.1 198.51.100.2 56324 2\r\n",
            "TCP4 192.0.2.1 198.51.100.2 56324 3\r\n", "TCP4 192.0.2.1 198.51.100.2 56324 4\r\n",
            "TCP6 2001:db8::1 2001:db8:0:1::ff 4124 1\r\n", "TCP6 2001:db8::1 ::1 4124 2\r\n",
            "TCP6 2001:db8::1:0:0:1 1:2:3:4:5:6:7:8 4124 3\r\n",
            "TCP6 2001:db8:6::1 2001:db8::2 4124 4\r\n", "TCP6 2001:db8:6::1 2001:db8::2 8 4\r\n",
            "TCP4 192.0.2.66 198.51.100.2 56324 1\r\n", "UNKNOWN\r\n",
            "TCP5 192.0.2.1 198.51.100.2 56324 1\r\n", "TCP4 192.0.2.1 198.51.100.2 56324\r\n",
            "TCP4 192.0.2.1 198.51.100.2 56324 1",
        ]
        let addresses: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 2, 0xDC, 4, 0]
        var headers: [[UInt8]] = [[0x21, 0x11, 0, 12] + addresses + [2]]
        headers.append([0x21, 0x11, 0, 16] + addresses + [3, 0x04, 0, 1, 0])
        headers.append([0x20, 0x00, 0, 0])
        headers.append([0x21, 0x11, 0, 14] + addresses + [2, 5, 0])
        headers.append([0x21, 0x11, 0, 19] + addresses + [2, 3, 0, 4, 1, 2, 3, 4])
        headers.append([0x31, 0x11, 0, 12] + addresses + [2])
        let word = Array("hello".utf8)
        var inputs = lines.map { Array("PROXY ".utf8) + Array($0.utf8) + word }
        inputs += headers.map { signature + $0 + word }
        inputs.append(Array("GET / HTTP/1.0\r\n\r\n".utf8))
        let line = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 "
        for (port, name) in [
            ("9", "www.example.org"), ("9", "WWW.EXAMPLE.ORG"), ("2", "www.example.com"),
        ] {
            inputs.append(Array("\(line)\(port)\r\n".utf8) + tlsHello(asking: name))
        }
        return inputs
    }()

    @Test func `headers, refusals and routes are haproxy's, byte for byte`() throws {
        let echo = try freePort()
        let server = try RunningProgram(
            ["/usr/bin/socat", "TCP4-LISTEN:\(echo),bind=127.0.0.1,fork,reuseaddr", "EXEC:cat"],
            in: folder, output: "echo", errors: "echo")
        defer { server.kill() }
        let (own, other) = (try freePort(), try freePort())
        let haproxy = try RunningProgram(
            ["/usr/sbin/haproxy", "-db", "-f", try file(port: other, echo: echo)], in: folder,
            output: "haproxy", errors: "haproxy")
        defer { haproxy.kill() }
        _ = try folder.start(try file(port: own, echo: echo))
        try folder.awaitLog("serves")
        try eventually(within: .seconds(10), "all listen: \(folder.text(of: "haproxy"))") {
            listens(other) && listens(echo)
        }
        var answered = 0
        for input in Self.inputs {
            let expected = try answer(other, to: input)
            let answer = try answer(own, to: input)
            #expect(answer == expected, "to \(String(decoding: input, as: UTF8.self))")
            if !answer.isEmpty { answered += 1 }
        }
        // What is compared is not a row of refusals.
        #expect(answered == 15)
    }

    @Test(arguments: ["send-proxy", "send-proxy-v2 proxy-v2-options crc32c,unique-id"])
    func `nginx learns the client's address`(option: String) throws {
        let (port, web) = (try freePort(), try freePort())
        let configuration = try folder.write(
            """
            daemon off;
            master_process off;
            pid \(folder.path)/nginx.pid;
            error_log \(folder.path)/nginx.log;
            events {}
            http {
                access_log off;
                server {
                    listen 127.0.0.1:\(web) proxy_protocol;
                    location / { return 200 "$proxy_protocol_addr $proxy_protocol_port"; }
                }
            }
            """, to: "nginx.conf")
        let nginx = try RunningProgram(
            ["/usr/sbin/nginx", "-p", folder.path, "-c", configuration], in: folder,
            output: "nginx", errors: "nginx")
        defer { nginx.signal(SIGTERM) }
        let file = try folder.write(
            """
            listen in
                bind 127.0.0.1:\(port) accept-proxy
                timeout client 2s
                timeout server 2s
                timeout connect 1s
                server s 127.0.0.1:\(web) \(option)
            """, to: "\(port).cfg")
        _ = try folder.start(file)
        try folder.awaitLog("serves")
        try eventually(within: .seconds(10), "nginx listens: \(folder.text(of: "nginx"))") {
            listens(web)
        }
        for (header, shown) in [
            ("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n", "192.0.2.1 56324"),
            ("PROXY TCP6 2001:db8::1 2001:db8::2 4124 443\r\n", "2001:db8::1 4124"),
        ] {
            let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            let text = String(
                decoding: try answer(port, to: Array((header + request).utf8)), as: UTF8.self)
            #expect(text.hasSuffix("\r\n\r\n" + shown))
        }
    }
}
#endif
