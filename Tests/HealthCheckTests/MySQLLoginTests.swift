#if Program
import Foundation
import NIOCore
import TestServers
import Testing

@testable import HealthCheck

/// Logins at MySQL 8, whose packets are written down here: Debian has no such server.
@Suite struct `Logins at MySQL 8` {
    /// Version 8.0.36, the challenge 1 to 20, the default of that release.
    private static let greeting: [UInt8] =
        [10] + Array("8.0.36".utf8) + [0] + [1, 0, 0, 0] + (1...8) + [0]
        + [0xFF, 0xFF, 255, 2, 0, 0xFF, 0xDF, 21] + [UInt8](repeating: 0, count: 10)
        + (9...20) + [0] + Array("caching_sha2_password".utf8) + [0]
    private static let done: [UInt8] = [0, 0, 0, 2, 0, 0, 0]
    /// By Python: SHA256("secret") XOR SHA256(SHA256(SHA256("secret")) + challenge).
    private static let proof: [UInt8] = [
        0x74, 0x6E, 0xBE, 0x20, 0x5D, 0x56, 0xA0, 0x70, 0x7A, 0xCB, 0x3E, 0x79, 0x6E, 0x83, 0x4E,
        0x0D, 0xD7, 0xB1, 0xD6, 0x17, 0x43, 0xB2, 0x6B, 0xD5, 0x20, 0x2C, 0x7A, 0x62, 0x32, 0x30,
        0xC7, 0xC9,
    ]

    private func login(
        isSecure: Bool = false, user: MySQLProbe.Depth? = nil
    ) -> (MySQLDialogue, answer: [UInt8]) {
        let own = MySQLProbe.Depth.login(SQLLogin(user: "check", password: "secret"), role: nil)
        var dialogue = MySQLDialogue(user ?? own, isSecure: isSecure)
        let answer = sent(by: &dialogue, to: Self.greeting, number: 0)
        return (dialogue, answer)
    }

    private func step(
        _ dialogue: inout MySQLDialogue, to packet: [UInt8], number: UInt8
    ) -> DialogueStep {
        var input = ByteBuffer(bytes: packet.framed(number: number))
        return dialogue.next(.received, &input)
    }

    private func sent(
        by dialogue: inout MySQLDialogue, to packet: [UInt8], number: UInt8
    ) -> [UInt8] {
        guard case .send(let bytes) = step(&dialogue, to: packet, number: number) else { return [] }
        return bytes
    }

    private func outcome(
        of dialogue: inout MySQLDialogue, to packet: [UInt8], number: UInt8
    ) -> String {
        guard case .finish(let outcome, _) = step(&dialogue, to: packet, number: number) else {
            return "no outcome"
        }
        return "\(outcome.code) \(outcome.detail)"
    }

    @Test func `what the server remembers needs no more than a proof`() {
        var (dialogue, answer) = login()
        #expect(
            answer == [0x5D, 0, 0, 1, 1, 0x82, 0x08, 0, 0, 0, 0, 1, 33]
                + [UInt8](repeating: 0, count: 23) + Array("check".utf8) + [0, 32] + Self.proof
                + Array("caching_sha2_password".utf8) + [0])
        guard case .read = step(&dialogue, to: [1, 3], number: 2) else {
            Issue.record("the end of the login is waited for")
            return
        }
        #expect(
            sent(by: &dialogue, to: Self.done, number: 3)
                == [26, 0, 0, 0, 3] + Array("SELECT @@global.read_only".utf8))
    }

    @Test func `over TLS the server is told the password`() {
        var (dialogue, _) = login(isSecure: true)
        #expect(
            sent(by: &dialogue, to: [1, 4], number: 2)
                == [7, 0, 0, 3] + Array("secret".utf8) + [0])
    }

    @Test func `without TLS the password is encrypted for the server's key`() async throws {
        let folder = try TemporaryFolder()
        let (key, sealed, opened) = (
            "\(folder.path)/key", "\(folder.path)/in", "\(folder.path)/out"
        )
        let openssl = "/usr/bin/openssl"
        try await RealServer.run(openssl, ["genrsa", "-out", key, "2048"])
        try await RealServer.run(
            openssl, ["rsa", "-in", key, "-pubout", "-out", "\(folder.path)/public"])
        let pem = try Data(contentsOf: URL(filePath: "\(folder.path)/public"))

        var (dialogue, _) = login()
        #expect(sent(by: &dialogue, to: [1, 4], number: 2) == [1, 0, 0, 3, 2])
        let answer = sent(by: &dialogue, to: [1] + Array(pem), number: 4)
        #expect(answer.prefix(4) == [0, 1, 0, 5])
        try Data(answer.dropFirst(4)).write(to: URL(filePath: sealed))
        try await RealServer.run(
            openssl,
            [
                "pkeyutl", "-decrypt", "-inkey", key, "-in", sealed, "-out", opened, "-pkeyopt",
                "rsa_padding_mode:oaep",
            ])
        let mixed = Array(try Data(contentsOf: URL(filePath: opened)))
        #expect(zip(mixed, 1...20).map { $0 ^ UInt8($1) } == Array("secret".utf8) + [0])
        guard case .send = step(&dialogue, to: Self.done, number: 6) else {
            Issue.record("the query follows")
            return
        }
    }

    @Test func `a password is told once, and no server gets it again and again`() {
        var (dialogue, _) = login(isSecure: true)
        #expect(sent(by: &dialogue, to: [1, 4], number: 2) == Array("\u{7}\0\0\u{3}secret\0".utf8))
        #expect(
            outcome(of: &dialogue, to: [1, 4], number: 4)
                == "L7RSP not an answer of MySQL to a login")
    }

    @Test func `a key that is none, and an answer that makes no sense, say so`() {
        var (dialogue, _) = login()
        _ = sent(by: &dialogue, to: [1, 4], number: 2)
        #expect(
            outcome(of: &dialogue, to: [1] + Array("-----BEGIN".utf8), number: 4)
                == "L7RSP not a key that a password can be sent by")
        var (other, _) = login()
        #expect(
            outcome(of: &other, to: [1, 5], number: 2)
                == "L7RSP not an answer of MySQL to a login")
    }

    @Test func `an account of the older method is asked for that`() {
        var (dialogue, _) = login()
        let request = [0xFE] + Array("mysql_native_password".utf8) + [0] + (1...20) + [0]
        // By Python: SHA1("secret") XOR SHA1(challenge + SHA1(SHA1("secret"))).
        #expect(
            sent(by: &dialogue, to: request, number: 2) == [20, 0, 0, 3] + [
                0xB3, 0x2B, 0xB3, 0xA5, 0x83, 0xE1, 0x34, 0x0C, 0x0A, 0x11, 0x08, 0xD5, 0x8B, 0x1B,
                0xE4,
                0x97, 0x81, 0xAD, 0x8C, 0x2F,
            ])
    }

    @Test func `a user without a password says that there is none`() {
        var (dialogue, answer) = login(user: .user("check"))
        #expect(
            Array(answer.suffix(30))
                == Array("check".utf8) + [0, 1, 0] + Array("caching_sha2_password".utf8) + [0])
        #expect(outcome(of: &dialogue, to: Self.done, number: 2) == "L7OK logged in")
    }
}
#endif
