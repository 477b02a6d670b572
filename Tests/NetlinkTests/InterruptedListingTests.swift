import LinuxIO
import Testing

@testable import Netlink

/// So many that the kernel lists them in several parts.
private let addressCount = 2000

/// `struct ifaddrmsg` for AF_INET, to RTM_GETADDR (22).
private struct ListingHeader: BitwiseCopyable {
    var family: UInt8 = 2
    var prefixLength: UInt8 = 0
    var flags: UInt8 = 0
    var scope: UInt8 = 0
    var index: UInt32 = 0
}

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `Tables that change while they are listed` {
    /// 10.1.0.0/32 and those after it.
    private static func addresses(_ numbers: Range<Int>) -> [InterfaceAddress] {
        numbers.map {
            InterfaceAddress(
                .v4(0x0a01_0000 + UInt32($0)), prefixLength: 32,
                interfaceIndex: Laboratory.interfaceIndex("a"))
        }
    }

    /// Lists addresses, with something done after the first part of each attempt.
    ///
    /// - Returns: The addresses, and how many attempts it took.
    private static func list(
        _ meanwhile: (_ attempt: Int) throws -> Void
    ) throws -> (addresses: [InterfaceAddress], attemptCount: Int) {
        let socket = try NetlinkSocket()
        var attemptCount = 0
        var isFirstMessage = false
        var failure: (any Error)?
        let addresses = try socket.list("list") { () throws(NetlinkError) in
            attemptCount += 1
            isFirstMessage = true
            return try RequestMessage(type: 22, flags: dumpFlags, header: ListingHeader())
        } read: { message in
            if isFirstMessage {
                isFirstMessage = false
                do { try meanwhile(attemptCount) } catch { failure = error }
            }
            return InterfaceAddress(message)
        }
        if let failure { throw failure }
        return (addresses, attemptCount)
    }

    @Test func `a listing that was interrupted is done again`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                for result in try manager.add(Self.addresses(0..<addressCount)) {
                    _ = try result.get()
                }
                let quiet = try Self.list { _ in }
                #expect(quiet.attemptCount == 1)
                #expect(quiet.addresses.count == addressCount + 1)
                let disturbed = try Self.list { attempt in
                    guard attempt < 3 else { return }
                    _ = try manager.remove(Self.addresses(attempt..<attempt + 1)[0])
                }
                #expect(disturbed.attemptCount == 3)
                // With 127.0.0.1, without the two.
                #expect(disturbed.addresses.count == addressCount - 1)
            }
        }
    }

    @Test func `a listing whose rest vanished is done again, though only its end tells of it`()
        async
    {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                for result in try manager.add(Self.addresses(0..<addressCount)) {
                    _ = try result.get()
                }
                // The kernel goes on behind as many as it has listed: more than are left.
                let listed = try Self.list { attempt in
                    guard attempt == 1 else { return }
                    for result in try manager.remove(Self.addresses(0..<(addressCount - 20))) {
                        _ = try result.get()
                    }
                }
                #expect(listed.attemptCount == 2)
                #expect(
                    listed.addresses.map(\.address)
                        == [InternetAddress(127, 0, 0, 1)]
                        + Self.addresses((addressCount - 20)..<addressCount).map(\.address))
            }
        }
    }

    @Test func `a table that never rests is an error, not a wrong answer`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let manager = try AddressManager()
                for result in try manager.add(Self.addresses(0..<addressCount)) {
                    _ = try result.get()
                }
                var attemptCount = 0
                let error = #expect(throws: NetlinkError.self) {
                    _ = try Self.list { attempt in
                        attemptCount = attempt
                        _ = try manager.remove(Self.addresses(attempt..<attempt + 1)[0])
                    }
                }
                #expect(error?.reason == .inconsistent)
                #expect(error?.description == "list: it changed each time while it was listed")
                #expect(attemptCount == 16)
            }
        }
    }
}
