import Testing
import VRRPCore

@Suite struct `Values of the protocol` {
    @Test(arguments: [(0, false), (1, true), (255, true), (256, false), (-1, false)])
    func `a VRID is 1 to 255`(number: Int, isValid: Bool) {
        #expect((VRID(number) != nil) == isValid)
    }

    @Test(arguments: [(0, false), (1, true), (255, true), (256, false)])
    func `a configured priority is 1 to 255`(number: Int, isValid: Bool) {
        #expect((Priority(number) != nil) == isValid)
    }

    @Test(arguments: [(0, false), (1, true), (4095, true), (4096, false)] as [(UInt16, Bool)])
    func `a version 3 interval is 1 to 4095 centiseconds`(number: UInt16, isValid: Bool) {
        #expect((Centiseconds(rawValue: number) != nil) == isValid)
    }

    @Test func `a centisecond is ten milliseconds`() {
        #expect(Centiseconds(rawValue: 1)?.duration == .milliseconds(10))
        #expect(Centiseconds.oneSecond.duration == .seconds(1))
    }

    @Test(arguments: [(1, 1), (49, 1), (149, 1), (150, 2), (4095, 41)] as [(UInt16, UInt8)])
    func `version 2 rounds to whole seconds, at least one`(centiseconds: UInt16, seconds: UInt8) {
        let interval = literal(Centiseconds(rawValue: centiseconds))
        #expect(AdvertisementInterval(interval, version: .v2) == version2(seconds))
        #expect(AdvertisementInterval(interval, version: .v3) == version3(centiseconds))
    }

    @Test func `a version 2 interval of 0 seconds does not exist`() {
        #expect(WholeSeconds(rawValue: 0) == nil)
        #expect(WholeSeconds(rawValue: 255)?.duration == .seconds(255))
    }

    @Test(arguments: ["0.0.0.0", "192.0.2.1", "255.255.255.255"])
    func `an address reads back as it was written`(text: String) {
        #expect(IPv4Address(text)?.description == text)
    }

    @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1..2.3", "+1.2.3.4", "1.2.3.0004"])
    func `what is not four numbers is not an address`(text: String) {
        #expect(IPv4Address(text) == nil)
    }

    @Test func `addresses compare as unsigned numbers in network order`() {
        #expect(IPv4Address(127, 255, 255, 255) < IPv4Address(128, 0, 0, 0))
        #expect(IPv4Address(10, 0, 1, 0) > IPv4Address(10, 0, 0, 255))
        #expect(IPv4Address(1, 2, 3, 4).octets == [1, 2, 3, 4])
    }

    @Test(arguments: [(0, false), (1, true), (255, true), (256, false)])
    func `a list holds 1 to 255 addresses`(count: Int, isValid: Bool) {
        let addresses = Array(repeating: IPv4Address(192, 0, 2, 1), count: count)
        #expect((VirtualAddressList(addresses) != nil) == isValid)
    }

    @Test func `the virtual MAC ends in the VRID`() {
        #expect(MACAddress.virtualIPv4(vrid51).description == "00:00:5e:00:01:33")
        #expect(MACAddress(octets: [2, 0, 0, 0, 0, 1])?.octets == [2, 0, 0, 0, 0, 1])
        #expect(MACAddress(octets: [2, 0, 0, 0, 0]) == nil)
    }

    @Test func `instants move by durations and differ by them`() {
        #expect(nanosecond(5) + .seconds(2) == nanosecond(2_000_000_005))
        #expect(nanosecond(2_000_000_005) - nanosecond(5) == .seconds(2))
        #expect(nanosecond(1) + .milliseconds(-1) == nanosecond(-999_999))
    }
}
