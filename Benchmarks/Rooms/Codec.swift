import VRRPCore

/// Writing and reading one advertisement, of one address and of twenty.
struct Codec {
    let plan: Plan
    let report: Report

    func run() {
        let rows = [
            row("v2, 1 address", .v2(.oneSecond), addressCount: 1, .message),
            row("v3, 1 address", .v3(.oneSecond), addressCount: 1, .message),
            row("v3, 1 address, pseudo-header", .v3(.oneSecond), addressCount: 1, .pseudoHeader),
            row("v3, 20 addresses", .v3(.oneSecond), addressCount: 20, .message),
        ]
        report.add("codec: one advertisement", rows)
    }

    private func row(
        _ work: String, _ interval: AdvertisementInterval, addressCount: Int,
        _ coverage: ChecksumCoverage
    ) -> Row {
        let addresses = (0..<addressCount).map { IPv4Address(172, 17, 0, UInt8(5 + $0)) }
        guard let list = VirtualAddressList(addresses), let vrid = VRID(51) else {
            preconditionFailure("the benchmark's own advertisement is wrong")
        }
        let source = IPv4Address(172, 17, 0, 6)
        let priorities = (0..<8).map { Priority(rawValue: UInt8(100 + $0)) }
        let (encoding, encodingCheck) = plan.time { count in
            var sum: UInt64 = 0
            for index in 0..<count {
                let message = Advertisement(
                    vrid: vrid, priority: priorities[index & 7], interval: interval,
                    addresses: list
                ).encoded(coverage: coverage, source: source)
                sum = fold(sum, UInt64(message[7]) << 8 | UInt64(message[6]))
            }
            return sum
        }
        let messages = priorities.map {
            Advertisement(vrid: vrid, priority: $0, interval: interval, addresses: list)
                .encoded(coverage: coverage, source: source)
        }
        let header = IPv4Header(source: source, messageByteCount: messages[0].count)
        let (decoding, decodingCheck) = plan.time { count in
            var sum: UInt64 = 0
            for index in 0..<count {
                let message = messages[index & 7]
                let received = try? ReceivedAdvertisement(
                    decodingMessage: message.span, header: header)
                sum = fold(sum, UInt64(received?.advertisement.priority.rawValue ?? 0))
            }
            return sum
        }
        return Row(
            benchmark: "codec", work: work,
            summaries: [
                Summary("encode", encoding.unit, encoding.samples),
                Summary("decode", decoding.unit, decoding.samples),
            ], check: fold(encodingCheck, decodingCheck))
    }
}

/// Folds a result into a check (FNV-1a over whole words).
@inline(__always) func fold(_ sum: UInt64, _ value: UInt64) -> UInt64 {
    (sum ^ value) &* 0x100_0000_01b3 &+ 1
}

extension WholeSeconds {
    fileprivate static var oneSecond: WholeSeconds { WholeSeconds(rounding: .oneSecond) }
}
