import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `The packet that clients of MQTT begin with` {
        /// A packet, as a client of one of the three versions makes it.
        private static func packet(
            _ version: UInt8 = 4, _ identifier: String = "sensor-7", user: String? = nil,
            password: String? = nil, will: (topic: String, message: String)? = nil,
            flags: UInt8? = nil, properties: [UInt8] = []
        ) -> [UInt8] {
            func text(_ text: String) -> [UInt8] {
                let bytes = Array(text.utf8)
                return [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
            }
            let ownFlags: UInt8 =
                2 | (user == nil ? 0 : 0x80) | (password == nil ? 0 : 0x40)
                | (will == nil ? 0 : 0x2C)
            let properties = version == 5 ? [UInt8(properties.count)] + properties : []
            var body = text(version == 3 ? "MQIsdp" : "MQTT") + [version, flags ?? ownFlags, 0, 60]
            body += properties + text(identifier)
            if let will {
                body += (version == 5 ? [0] : []) + text(will.topic) + text(will.message)
            }
            for field in [user, password] { body += field.map(text) ?? [] }
            return framed(body)
        }

        private static func framed(_ body: [UInt8]) -> [UInt8] {
            var length: [UInt8] = []
            var rest = body.count
            repeat {
                length.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
                rest >>= 7
            } while rest > 0
            return [0x10] + length + body
        }

        private func fields(_ bytes: [UInt8]) -> [String]? {
            guard case .complete(let packet) = MQTTConnect.read(bytes.span) else { return nil }
            return MQTTConnect.Field.allCases.map {
                String(decoding: bytes[packet[$0]], as: UTF8.self)
            }
        }

        @Test(arguments: [3, 4, 5] as [UInt8])
        func `has an identifier and perhaps a user's name`(version: UInt8) {
            #expect(fields(Self.packet(version)) == ["sensor-7", ""])
            #expect(fields(Self.packet(version, "")) == ["", ""])
            let long = String(repeating: "x", count: 300)
            #expect(
                fields(Self.packet(version, long, user: "u", password: "p", will: ("t", "gone")))
                    == [long, "u"])
            #expect(fields(Self.packet(version) + [0xC0, 0]) == ["sensor-7", ""])
        }

        @Test func `properties are passed over`() {
            let properties: [UInt8] = [0x11, 0, 0, 0, 9, 0x21, 0, 20]
            #expect(fields(Self.packet(5, "x", properties: properties)) == ["x", ""])
            // A password alone is allowed since 5.0.
            #expect(fields(Self.packet(5, "x", password: "p")) == ["x", ""])
        }

        @Test func `is waited for until it is whole, and no longer than it may be`() {
            let bytes = Self.packet(5, String(repeating: "x", count: 200), user: "u", password: "p")
            for count in 0..<bytes.count {
                let cut = Array(bytes.prefix(count))
                #expect(MQTTConnect.read(cut.span) == .needsMore)
            }
            let most = MQTTConnect.longestByteCount
            // 4 bytes before the body.
            let longest: [UInt8] = [
                0x10, UInt8((most - 4) & 0x7F) | 0x80, UInt8((most - 4) >> 7 & 0x7F) | 0x80,
            ]
            #expect(MQTTConnect.read((longest + [UInt8((most - 4) >> 14)]).span) == .needsMore)
            #expect(MQTTConnect.read([0x10, 0xFF, 0xFF, 0x7F].span) == .malformed)
            #expect(MQTTConnect.read([0x10, 0x80, 0x80, 0x80, 0x80].span) == .malformed)
        }

        /// What a server must refuse by the standard, and haproxy takes: a quality of 3, one without a
        /// will, one that is retained without one (§3.1.2.5 to 7), a password without a name (§3.1.2.9).
        private static let unsound: [[UInt8]] = [
            packet(will: ("t", "m"), flags: 0x1E), packet(flags: 0x0A), packet(flags: 0x22),
            packet(password: "p"),
        ]

        private static let malformed: [[UInt8]] = [
            Array("GET / HTTP/1.1\r\n\r\n".utf8), [0x16, 3, 1, 0, 5],
            // A reserved bit.
            packet(flags: 3),
            // Versions that there are not, and another protocol.
            packet(6), packet(2), framed(Array("\0\u{4}MQTX\u{4}\u{2}\0\u{3C}\0\u{1}x".utf8)),
            // A field that is longer than the packet, and bytes behind the last one.
            framed(Array("\0\u{4}MQTT\u{4}\u{2}\0\u{3C}\0\u{2}x".utf8)),
            framed(Array("\0\u{4}MQTT\u{4}\u{2}\0\u{3C}\0\u{1}xy".utf8)),
            framed([]),
        ]

        @Test(arguments: malformed + unsound)
        func `is none if a part of it is wrong`(bytes: [UInt8]) {
            #expect(MQTTConnect.read(bytes.span) == .malformed)
        }

        private static let valid: [[UInt8]] = [
            packet(3), packet(4), packet(5),
            packet(4, "x", user: "u", password: "p", will: ("t", "m")),
            packet(5, "x", user: "u", password: "p", will: ("t", "m"), properties: [0x21, 0, 20]),
        ]

        /// What a client is answered that sends bytes.
        private func answer(at port: UInt16, _ bytes: [UInt8]) throws -> String {
            let client = try #require(BlockingSocket(to: port))
            for piece in [bytes.prefix(9), bytes.dropFirst(9)] where !piece.isEmpty {
                guard client.sendAll(piece) else { break }
                Thread.sleep(for: .milliseconds(20))
            }
            return client.receive(exactly: 1)
        }

        @Test func `clients are let in and led as haproxy does it`() throws {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.holding($0)) }
            let sample = "req.payload(0,0),mqtt_field_value(connect,client_identifier)"
            let proxy = try HAProxy(sections: [
                ProxySettings().section(
                    servers: named.map(\.1.address),
                    more: """
                        stick-table type string len 64 size 100
                            tcp-request inspect-delay 300ms
                            tcp-request content reject unless { req.payload(0,0),mqtt_is_valid }
                            stick on \(sample)
                        """)
            ])
            let running = try RunningBalancer(servers: servers(named)) {
                var table = StickTablePlan(name: "pool", size: 100)
                table.keys = .text(64)
                $0.tables = [table]
                $0.pools[0].stickRules = [
                    StickRule(in: 0, by: .mqttField(.clientIdentifier))
                ]
                $0.frontends[0].rules.inspectDelay = .milliseconds(300)
                $0.frontends[0].rules.content = [
                    Rule(.reject, if: Condition([[.init([.mqttValidity])]], isNegated: true))
                ]
            }
            for port in [proxy.port, running.port] {
                for bytes in Self.malformed + (port == running.port ? Self.unsound : []) {
                    #expect(try answer(at: port, bytes) == "", "\(port == proxy.port) \(bytes)")
                }
                let isTheirs = port == proxy.port
                for bytes in Self.valid + (isTheirs ? Self.unsound : []) {
                    #expect(try answer(at: port, bytes) != "", "\(isTheirs) \(bytes)")
                }
            }
            let clients = ["p", "q", "r", "s", "q", "p", "s", "r", "r"].map { Self.packet(4, $0) }
            let theirs = try clients.map { try answer(at: proxy.port, $0) }
            let ours = try clients.map { try answer(at: running.port, $0) }
            #expect(theirs == ours)
            #expect(ours[0] == ours[5] && ours[1] == ours[4] && ours[2] == ours[8])
            #expect(Set(ours) == ["a", "b", "c"])
        }
    }
}
