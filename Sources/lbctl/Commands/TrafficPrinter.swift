#if Program
internal import Glibc
internal import VRRPCore

/// Prints packets as they come, each with what is wrong with it.
struct TrafficPrinter {
    /// JSON, a document per line, instead of text.
    let asJSON: Bool
    /// Every field of each packet, in text.
    let showsFields: Bool
    /// How many packets of VRRP there were.
    private(set) var count = 0
    /// How many of them had something wrong.
    private(set) var faultyCount = 0

    private var review = TrafficReview()
    /// What was last remarked on a sender, so that it is not said again with every packet.
    private var remarked: [String: [String]] = [:]

    init(asJSON: Bool, showsFields: Bool) {
        self.asJSON = asJSON
        self.showsFields = showsFields
    }

    /// Prints a packet, unless it is of another protocol.
    ///
    /// - Parameters:
    ///   - packet: What was captured.
    ///   - number: Its place in the file; `nil`: count those of VRRP.
    mutating func print(_ packet: CapturedPacket, number: Int? = nil) {
        guard let explanation = PacketExplanation(packet) else { return }
        count += 1
        let report = PacketReport(
            number: number ?? count, time: packet.nanosecondsSince1970, explanation: explanation,
            findings: review.findings(about: explanation, at: packet.nanosecondsSince1970))
        if !report.faults.isEmpty { faultyCount += 1 }
        if asJSON {
            Swift.print(report.json)
        } else {
            Swift.print(report.headline)
            if showsFields {
                for field in explanation.fields { Swift.print("    \(field.name): \(field.value)") }
            }
            for fault in report.faults { Swift.print("    wrong: \(fault)") }
            for remark in newRemarks(of: report) { Swift.print("    note: \(remark)") }
        }
        // Whoever reads through a pipe reads now.
        fflush(nil)
    }

    private mutating func newRemarks(of report: PacketReport) -> [String] {
        let packet = report.explanation.packet
        let vrid = packet?.message.map { "\($0.vrid)" } ?? ""
        let sender = packet.map { "\($0.vlans) \($0.header.source) \(vrid)" } ?? ""
        // Bounded, whoever sends.
        if remarked.count >= 4096 { remarked = [:] }
        let last = remarked.updateValue(report.remarks, forKey: sender) ?? []
        return report.remarks.filter { !last.contains($0) }
    }

    /// What it came to; the status says whether anything was wrong.
    func conclude() throws(Failure) {
        let packets = "\(count) VRRP packet\(count == 1 ? "" : "s")"
        guard faultyCount > 0 else {
            if !asJSON { Swift.print("\(packets), nothing wrong") }
            return
        }
        let text = "\(packets), \(faultyCount) with something wrong"
        if !asJSON { Swift.print(text) }
        throw Failure(.notSo, "")
    }
}
#endif
