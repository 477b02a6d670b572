#if Program
import Balancer
import Glibc
import LinuxIO
import NodeConfiguration
import Testing

@testable import lbctl

/// A balancer by a text, with a listening socket and a syslog daemon of its own.
private final class LoggedProxy {
    private let balancer: Balancer
    private let log: ConnectionLog
    private let listener: Int32
    private let daemon: Int32

    /// - Parameters:
    ///   - lines: Further lines of the section.
    ///   - global: Lines before it.
    ///   - format: Words after the daemon's address.
    ///   - address: Where the daemon is.
    /// - Throws: `SystemError` where sockets are lacking.
    init(
        _ lines: String, global: String = "", format: String = "local0",
        daemonAt address: StreamAddress = .ipv4(SocketAddress(address: 0x7f00_0001, port: 0))
    ) throws {
        daemon = try DatagramSocket.bound(
            to: address, options: ListeningOptions(backlog: 0)
        ).release()
        _ = fcntl(daemon, F_SETFL, 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(daemon, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        listener = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 16
        ).release()
        let text = """
            \(global)
            listen web 192.0.2.1:80
            log \(StreamSocket.localEndpoint(of: daemon)) \(format)
            \(lines)
            """
        let loaded = ConfigurationLoader(format: .haproxy).load([
            InputFile(name: "f", bytes: Array(text.utf8))
        ])
        let model = try #require(loaded.model)
        balancer = try Balancer(plan: BalancerPlan(model), listeners: [[listener]])
        log = try #require(
            try ConnectionLog(
                balancer, model: model, log: Log(destination: .standardError, threshold: .error)))
        try balancer.start()
    }

    /// The line about a connection that says nothing.
    func line() -> String {
        let client = StreamSocket.open()
        let port = StreamSocket.localEndpoint(of: listener).port
        _ = StreamSocket.connect(
            Int32(client), to: SocketAddress(address: 0x7f00_0001, port: port).raw)
        defer { StreamSocket.close(Int32(client)) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(daemon, &buffer, 4096, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    deinit {
        balancer.stop()
        log.stop()
        close(listener)
        close(daemon)
    }
}

@Suite struct `The log of connections as the file asks for it` {
    // Without a server each connection ends at once, by `SC`. local0 is 16, info 6, err 3.
    @Test func `failed connections are errors where that is asked for`() throws {
        let plain = try LoggedProxy("option tcplog")
        let line = plain.line()
        #expect(line.hasPrefix("<134>"))
        #expect(line.contains(" web web/<NOSRV> -1/-1/"))
        #expect(line.contains(" SC "))
        let separate = try LoggedProxy("option tcplog\noption log-separate-errors")
        #expect(separate.line().hasPrefix("<131>"))
    }

    @Test func `a daemon of IPv6 is told as well`() throws {
        let loopback = IPEndpoint(high: 0, low: 1, port: 0)
        let proxy = try LoggedProxy("option tcplog", daemonAt: .ipv6(loopback))
        let line = proxy.line()
        #expect(line.hasPrefix("<134>") && line.contains(" web web/<NOSRV> "), "\(line)")
    }

    @Test func `a line is JSON where that is asked for`() throws {
        let proxy = try LoggedProxy("option jsonlog", format: "format raw local0")
        let line = proxy.line()
        #expect(line.hasPrefix(#"{"event":"ended","#))
        #expect(line.contains(#""frontend":"web""#) && line.contains(#""state":"SC""#))
    }

    @Test func `JSON tells the identifier and what was captured`() throws {
        let proxy = try LoggedProxy(
            """
            option jsonlog
            unique-id-format a-%ci
            tcp-request content capture src len 6
            declare capture request len 2
            """, format: "format raw local0")
        let line = proxy.line()
        #expect(
            line.hasSuffix(#","unique_id":"a-127.0.0.1","captures":["127.0.",null]}"#), "\(line)")
    }

    @Test(arguments: [
        ("format short local1", "<142>127.0.0.1:"), ("format raw local1", "127.0.0.1:"),
        ("format rfc5424 local1", "<142>1 "),
    ])
    func `facility, severity and format are the target's`(format: String, beginning: String) throws
    {
        #expect(try LoggedProxy("option tcplog", format: format).line().hasPrefix(beginning))
    }

    @Test(arguments: [
        ("", "", "rfc3164", "lbctl["), ("log-tag lb1", "", "rfc3164", "lb1["),
        ("log-tag lb1\nlog-send-hostname gate", "log-tag web", "rfc3164", "gate web["),
        ("log-send-hostname gate", "log-tag web", "iso", "gate web["),
        ("log-send-hostname gate", "", "rfc5424", "gate lbctl \(getpid()) - - 127.0.0.1:"),
    ])
    func `who a line is from is what the file says`(
        global: String, section: String, format: String, sender: String
    ) throws {
        let proxy = try LoggedProxy(
            "option tcplog\n\(section)", global: "global\n\(global)",
            format: "format \(format) local1")
        let words = proxy.line().split(separator: " ", omittingEmptySubsequences: true)
        // A date has three words, or one behind the version.
        let head = format == "rfc3164" ? 3 : format == "iso" ? 1 : 2
        #expect(words.dropFirst(head).joined(separator: " ").hasPrefix(sender))
    }
}
#endif
