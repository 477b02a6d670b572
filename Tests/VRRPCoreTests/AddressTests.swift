import Testing
import VRRPCore

private func v6(_ text: String) -> IPv6Address { literal(IPv6Address(text)) }

@Suite struct `Text of IPv6 addresses` {
    /// RFC 5952 §4 and §5, each rule with an address that breaks when the rule is left out.
    @Test(
        arguments: [
            ("2001:DB8::1", "2001:db8::1"),
            ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("1:0:0:0:0:0:0:0", "1::"), ("0:0:0:0:0:0:0:0", "::"), ("::1", "::1"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
            ("ff02::12", "ff02::12"), ("fe80::aBcD", "fe80::abcd"),
        ])
    func `an address is printed as RFC 5952 wants it`(text: String, canonical: String) {
        #expect(IPv6Address(text)?.description == canonical)
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(
        arguments: [
            "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::",
            "g::", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "::1%eth0",
            "::1/64", "1.2.3.4::", "::1.2.3", "::1.2.3.4:5", ":1::2", "1::2:", "+1::",
            "::1.2.3.256",
            " ::1", "1:2:3:4:5:6:7:1.2.3.4",
        ])
    func `what is not an address is none`(text: String) {
        #expect(IPv6Address(text) == nil)
        #expect(IPAddress(text) == nil)
    }

    @Test func `an IPv4 address stays one`() {
        #expect(IPAddress("192.0.2.1") == .v4(IPv4Address(192, 0, 2, 1)))
        #expect(IPAddress("192.0.2.1")?.family == .ipv4)
        #expect(IPAddress("::1")?.family == .ipv6)
    }
}

@Suite struct `Kinds of addresses` {
    @Test(
        arguments: [
            ("fe80::1", true), ("febf:ffff::", true), ("fec0::", false), ("fe7f::", false),
            ("2001:db8::1", false),
        ])
    func `fe80 with ten bits is link-local`(text: String, isLinkLocal: Bool) {
        #expect(v6(text).isLinkLocal == isLinkLocal)
    }

    @Test(
        arguments: [
            ("224.0.0.18", true), ("239.255.255.255", true), ("223.255.255.255", false),
            ("240.0.0.0", false), ("ff02::12", true), ("feff::", false),
        ])
    func `groups are known`(text: String, isMulticast: Bool) {
        #expect(IPAddress(text)?.isMulticast == isMulticast)
    }

    @Test func `the solicited-node group has the last three octets`() {
        #expect(
            v6("2001:db8::1234:5678:9abc").solicitedNodeGroup.description == "ff02::1:ff78:9abc")
        #expect(
            MACAddress.multicast(for: v6("ff02::1:ff78:9abc")).description == "33:33:ff:78:9a:bc")
    }

    @Test func `octets are in the order of the wire`() throws {
        let octets = bytes("20010db8000000000000000000000102")
        let address = try #require(IPv6Address(octets: octets))
        #expect(address.octets == octets)
        #expect(address.description == "2001:db8::102")
        #expect(IPv6Address(octets: octets.dropLast()) == nil)
    }

    @Test func `addresses compare as unsigned numbers, IPv4 first`() {
        #expect(v6("fe80::1") < v6("fe80::2"))
        #expect(v6("7fff::ffff") < v6("8000::"))
        #expect(v6("::ffff:ffff:ffff:ffff") < v6("0:0:0:1::"))
        #expect(IPAddress.v4(IPv4Address(255, 255, 255, 255)) < .v6(.unspecified))
        #expect(!(IPAddress.v6(.unspecified) < .v4(IPv4Address(255, 255, 255, 255))))
    }

    @Test func `the virtual MAC tells the family`() {
        #expect(MACAddress.virtual(vrid51, family: .ipv4).description == "00:00:5e:00:01:33")
        #expect(MACAddress.virtual(vrid51, family: .ipv6).description == "00:00:5e:00:02:33")
    }

    @Test func `a list is of one family`() {
        let (four, six) = (IPAddress.v4(IPv4Address(192, 0, 2, 1)), IPAddress.v6(v6("fe80::1")))
        #expect(VirtualAddressList([four, six]) == nil)
        #expect(VirtualAddressList([six, six])?.family == .ipv6)
        #expect(VirtualAddressList([four])?.family == .ipv4)
    }

    @Test(arguments: [("fe80::1", true), ("2001:db8::1", false), ("192.0.2.1", true)])
    func `an IPv6 list begins with a link-local address`(text: String, isRight: Bool) {
        #expect(VirtualAddressList(literal(IPAddress(text))).beginsAsRequired == isRight)
    }
}
