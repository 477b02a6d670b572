import Balancer
import LinuxIO
import Testing

@Suite struct `Table of prefixes` {
    @Test func `the longest prefix that covers an address counts`() {
        let table = PrefixTable([
            .init(IPEndpoint(ipv4: 0x0a00_0000, port: 0), length: 8),
            .init(IPEndpoint(ipv4: 0x0a01_0000, port: 0), length: 16),
            .init(IPEndpoint(ipv4: 0x0a01_0200, port: 0), length: 24),
            .init(IPEndpoint(high: 0x2001_0db8_0000_0000, low: 0, port: 0), length: 32),
        ])
        #expect(table.value(for: IPEndpoint(ipv4: 0x0a09_0909, port: 80)) == 0)
        #expect(table.value(for: IPEndpoint(ipv4: 0x0a01_0909, port: 80)) == 1)
        #expect(table.value(for: IPEndpoint(ipv4: 0x0a01_02ff, port: 80)) == 2)
        #expect(table.value(for: IPEndpoint(ipv4: 0x0a01_0300, port: 80)) == 1)
        #expect(table.value(for: IPEndpoint(ipv4: 0x0b00_0000, port: 80)) == nil)
        #expect(table.value(for: IPEndpoint(ipv4: 0x09ff_ffff, port: 80)) == nil)
        #expect(
            table.value(for: IPEndpoint(high: 0x2001_0db8_ffff_ffff, low: ~0, port: 0)) == 3)
        #expect(table.value(for: IPEndpoint(high: 0x2001_0db9_0000_0000, low: 0, port: 0)) == nil)
    }

    @Test func `without prefixes nothing is covered, with those of length 0 everything is`() {
        #expect(PrefixTable([]).value(for: IPEndpoint(ipv4: 1, port: 0)) == nil)
        let all = PrefixTable([.init(IPEndpoint(ipv4: 7, port: 0), length: 0)])
        #expect(all.value(for: IPEndpoint(ipv4: 0, port: 0)) == 0)
        #expect(all.value(for: IPEndpoint(ipv4: ~0, port: 0)) == 0)
        #expect(all.value(for: IPEndpoint(high: 1, low: 0, port: 0)) == nil)
        let six = PrefixTable([.init(IPEndpoint(high: 1, low: 0, port: 0), length: 0)])
        #expect(six.value(for: IPEndpoint(high: ~0, low: ~0, port: 0)) == 0)
        #expect(six.value(for: IPEndpoint(high: 0, low: 0, port: 0)) == 0)
    }

    /// Against a look at every prefix, with few distinct bits so that prefixes nest and touch.
    @Test(arguments: 0..<60)
    func `random prefixes give what a look at each of them gives`(seed: Int) {
        var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        func address() -> IPEndpoint {
            let isIPv4 = random(2) == 0
            let low = UInt32(truncatingIfNeeded: random(8) << 29 | random(4) << 8 | random(4))
            return isIPv4
                ? IPEndpoint(ipv4: low, port: 0)
                : IPEndpoint(
                    high: UInt64(random(4)) << 62 | UInt64(random(2)), low: UInt64(low), port: 0)
        }
        var networks: [(address: IPEndpoint, length: Int)] = []
        for _ in 0..<(1 + random(40)) {
            let address = address()
            networks.append((address, random(address.isIPv4 ? 33 : 129)))
        }
        let table = PrefixTable(networks.map { .init($0.address, length: $0.length) })
        for _ in 0..<400 {
            let wanted = address()
            var best: (length: Int, number: Int)?
            for (number, network) in networks.enumerated() {
                let length = network.length + (network.address.isIPv4 ? 96 : 0)
                let differing = wanted.bits ^ network.address.bits
                guard differing.leadingZeroBitCount >= length else { continue }
                if length >= best?.length ?? 0 { best = (length, number) }
            }
            #expect(table.value(for: wanted) == best?.number, "\(wanted) in \(networks)")
        }
    }
}
