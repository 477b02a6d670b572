import Testing

@testable import LinuxIO

@Suite struct `Addresses in text` {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("2001:DB8::7", "2001:db8::7"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::", "::"),
    ])
    func `an endpoint is made of an address, and told as RFC 5952 has it`(
        text: String, told: String
    ) throws {
        #expect(try #require(IPEndpoint(text, port: 80)).host == told)
    }

    @Test(arguments: [
        "", "1.2.3", "01.2.3.4", "256.0.0.1", "1.2.3.4\0", "1.2.3.4 ", "[::1]", "::1%lo",
        "::1/128", "localhost",
    ])
    func `what is no address makes none`(text: String) {
        #expect(IPEndpoint(text) == nil)
    }

    @Test(
        arguments: [
            ("127.0.0.1:80", .ipv4(SocketAddress(address: 0x7f00_0001, port: 80))),
            (
                "[2001:db8::7]:65535",
                .ipv6(IPEndpoint(high: 0x2001_0db8 << 32, low: 7, port: 65_535))
            ),
            ("[::]:0", .ipv6(IPEndpoint(high: 0, low: 0, port: 0))),
            ("/run/a b", .path("/run/a b")), ("@name", .abstractName("name")),
        ] as [(String, StreamAddress)])
    func `where to connect to is read as it is told`(text: String, address: StreamAddress) {
        #expect(StreamAddress(text) == address)
        #expect(address.description == text)
    }

    @Test(arguments: [
        "", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "::1:80",
        "[127.0.0.1]:80", "[::1]", "[::1:80", "name:80", "run/a", "@",
        "/" + String(repeating: "a", count: 107),
    ])
    func `nothing else is`(text: String) { #expect(StreamAddress(text) == nil) }
}
