import Testing
import VRRPCore

extension Tag {
    /// Behaviour that RFC 9568 (VRRP version 3) asks for.
    @Tag static var rfc9568: Self
    /// Behaviour that RFC 3768 (VRRP version 2) asks for.
    @Tag static var rfc3768: Self
}

/// The bytes that a row of hexadecimal digits stands for.
func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.compactMap { $0.hexDigitValue.map { UInt8($0) } }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// The row of hexadecimal digits that stands for the bytes.
func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// An IPv4 datagram from 192.0.2.2 to 224.0.0.18 around a message.
func datagram(
    _ message: [UInt8], timeToLive: UInt8 = 255, protocolNumber: UInt8 = 112
) -> [UInt8] {
    let length = 20 + message.count
    return [0x45, 0xC0, UInt8(length >> 8), UInt8(length & 0xFF), 0, 0, 0, 0]
        + [timeToLive, protocolNumber, 0, 0, 192, 0, 2, 2, 224, 0, 0, 18] + message
}

func decode(_ datagram: [UInt8]) throws -> ReceivedAdvertisement {
    try ReceivedAdvertisement(decoding: datagram.span)
}

/// Decodes a message, in hexadecimal, that came from 192.0.2.2 with TTL 255.
func decodeMessage(_ message: String) throws -> ReceivedAdvertisement {
    try decode(datagram(bytes(message)))
}

func second(_ number: Double) -> Instant { Instant(nanoseconds: Int64(number * 1_000_000_000)) }

func nanosecond(_ number: Int64) -> Instant { Instant(nanoseconds: number) }

/// Unwraps what a test spelt out itself.
func literal<Value>(_ value: Value?) -> Value {
    guard let value else { preconditionFailure("a literal of a test is out of its type's range") }
    return value
}

let vrid51 = literal(VRID(51))
let ownAddress = IPAddress.v4(IPv4Address(192, 0, 2, 2))
let lowerAddress = IPAddress.v4(IPv4Address(192, 0, 2, 1))
let higherAddress = IPAddress.v4(IPv4Address(192, 0, 2, 3))
let virtualAddresses = VirtualAddressList(IPv4Address(192, 0, 2, 100))

func version3(_ centiseconds: UInt16) -> AdvertisementInterval {
    .v3(literal(Centiseconds(rawValue: centiseconds)))
}

func version2(_ seconds: UInt8) -> AdvertisementInterval {
    .v2(literal(WholeSeconds(rawValue: seconds)))
}

func priority(_ number: UInt8) -> Priority { Priority(rawValue: number) }

/// A router of VRID 51 at 192.0.2.2 that has not started.
func router(
    priority number: UInt8 = 100, interval: AdvertisementInterval = version3(100),
    preempts: Bool = true,
    _ change: (inout VirtualRouter.Configuration) -> Void = { _ in }
) -> VirtualRouter {
    var configuration = VirtualRouter.Configuration(
        vrid: vrid51, priority: priority(number), interval: interval,
        primaryAddress: ownAddress, addresses: virtualAddresses)
    configuration.preempts = preempts
    change(&configuration)
    return VirtualRouter(configuration: configuration)
}

/// What a peer says, of VRID 51.
func advert(
    _ number: UInt8, interval: AdvertisementInterval = version3(100), vrid: VRID = vrid51,
    addresses: VirtualAddressList = virtualAddresses
) -> Advertisement {
    Advertisement(
        vrid: vrid, priority: priority(number), interval: interval, addresses: addresses)
}

extension VirtualRouter {
    /// Handles an event, and leaves out of the actions what is only told to the operator.
    mutating func effects(of event: Event, at now: Instant) -> [Action] {
        handle(event, at: now).filter { action in
            if case .report = action { false } else { true }
        }
    }

    /// What is told to the operator about an event.
    mutating func observations(of event: Event, at now: Instant) -> [Observation] {
        handle(event, at: now).compactMap { action in
            if case .report(let observation) = action { observation } else { nil }
        }
    }

    /// Wakes whenever it is due, up to and including a time.
    mutating func pass(to end: Instant) {
        while let due = nextWake, due <= end { _ = handle(.wake, at: due) }
    }

    /// A Backup since 0 s.
    func started() -> VirtualRouter {
        var router = self
        _ = router.handle(.startup, at: second(0))
        return router
    }

    /// The same router, Active since 10 s.
    func promoted() -> VirtualRouter {
        var router = self
        _ = router.handle(.startup, at: second(10))
        _ = router.handle(.takeOver, at: second(10))
        return router
    }
}
