#if Program
internal import ArgumentParser
internal import VRRPCore

/// Explains the VRRP packets of a capture file: `lbctl decode FILE`.
struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Explain the VRRP packets of a capture file, and what is wrong with them.",
        discussion: """
            Reads pcap and pcapng, as tcpdump, dumpcap and wireshark write them. Packets of other \
            protocols are passed over. Exit status 1 if anything is wrong with a packet, or if the \
            file has none of VRRP.
            """)

    @Argument(help: "The capture file; '-' is standard input.", completion: .file())
    var file: String

    @Flag(help: "Print one JSON document per packet and line.")
    var json = false

    @Flag(help: "Print every field of each packet.")
    var fields = false

    func run() throws {
        let name = file == "-" ? "standard input" : file
        let bytes = try CaptureFile.read(file)
        let capture: Capture
        do throws(CaptureError) { capture = try Capture(file: bytes) } catch {
            throw Failure(.badInput, "\(name): \(error)")
        }
        var printer = TrafficPrinter(asJSON: json, showsFields: fields)
        for (index, packet) in capture.packets.enumerated() {
            printer.print(packet, number: index + 1)
        }
        if capture.isCutOff {
            throw Failure(
                .badInput,
                "\(name): ends within a packet, after \(capture.packets.count) whole ones")
        }
        guard printer.count > 0 else {
            let count = capture.packets.count
            throw Failure(
                .notSo, "\(name): no VRRP packet among \(count) packet\(count == 1 ? "" : "s")")
        }
        try printer.conclude()
    }
}
#endif
