import VRRPCore

/// A file of packets, each of them explained.
func feedCapture(_ bytes: [UInt8]) {
    guard let capture = try? Capture(file: bytes) else { return }
    var review = TrafficReview()
    for packet in capture.packets {
        require(packet.bytes.count <= bytes.count, "a packet is longer than its file")
        guard let explanation = PacketExplanation(packet) else { continue }
        _ = explanation.fields
        _ = review.findings(about: explanation, at: packet.nanosecondsSince1970)
    }
}
