#if Program
import Foundation
import LinuxIO
import Testing

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures").path

/// What Debian's tshark reads in the VRRP packets of a capture, by the names of its fields.
private struct TsharkReading {
    static let fields = [
        "frame.number", "frame.time_epoch", "eth.src", "eth.dst", "ip.src", "ipv6.src", "ip.dst",
        "ipv6.dst", "ip.ttl", "ipv6.hlim", "vrrp.version", "vrrp.type", "vrrp.virt_rtr_id",
        "vrrp.prio", "vrrp.addr_count", "vrrp.reserved_mbz", "vrrp.auth_type", "vrrp.auth_string",
        "vrrp.adver_int", "vrrp.short_adver_int", "vrrp.checksum", "vrrp.checksum.status",
        "vrrp.ip_addr", "vrrp.ipv6_addr",
    ]
    private let values: [String: String]

    subscript(_ names: String...) -> String? {
        names.compactMap { values[$0] }.first { !$0.isEmpty }
    }
    func number(_ names: String...) -> Int? {
        names.compactMap { values[$0] }.first { !$0.isEmpty }.flatMap { Int($0) }
    }

    static func read(_ path: String, in folder: ProgramFolder) throws -> [TsharkReading] {
        let result = try folder.run(
            command: [
                "/usr/bin/tshark", "-r", path, "-Y", "vrrp", "-T", "fields", "-o",
                "vrrp.v3_checksum_as_in_v2:FALSE",
            ]
                + fields.flatMap { ["-e", $0] })
        try #require(result.status == 0, "\(result.errors)")
        return result.output.split(separator: "\n").map { line in
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
            return TsharkReading(
                values: Dictionary(uniqueKeysWithValues: zip(fields, cells.map(String.init))))
        }
    }
}

@ProgramThread @Suite struct `lbctl decode` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    private func decode(_ arguments: String...) throws -> CommandResult {
        try folder.run(command: [ProgramFolder.binary, "decode"] + arguments)
    }

    private func documents(_ path: String) throws -> [[String: Any]] {
        try decode("--json", path).output.split(separator: "\n").map {
            try #require(
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test(arguments: [
        "keepalived-v2.pcap", "keepalived-v2-password.pcap", "keepalived-v2-two-addresses.pcap",
        "keepalived-v3.pcap", "keepalived-v3-two-addresses.pcap", "keepalived-ipv6.pcapng",
        "lbctl-v2.pcap", "lbctl-v3.pcap", "lbctl-v3-message-only.pcapng", "vectors-ipv6.pcap",
        "vectors-hmac.pcap", "lbctl-ipv6.pcapng", "lbctl-v2-password.pcap", "lbctl-unicast.pcap",
        "lbctl-hmac-ipv6.pcap",
    ])
    func `every field is as tshark reads it`(name: String) throws {
        try compare("\(fixtures)/\(name)")
    }

    @Test func `of a trailer over IPv4, tshark takes one thing otherwise: the checksum`() throws {
        // It sums the trailer, which is none of the message (keepalived 2.4.3).
        try compare("\(fixtures)/lbctl-hmac.pcap", checksumStatus: "0")
    }

    @Test
    func `behind a tag of a virtual LAN and before Ethernet's padding the fields are the same`()
        throws
    {
        let file = try #require(FileManager.default.contents(atPath: "\(fixtures)/lbctl-v2.pcap"))
        var tagged = Array(file[..<24])
        var rest = file.dropFirst(24)
        while rest.count > 16 {
            let header = Array(rest.prefix(16))
            let count = Int(header[8]) | Int(header[9]) << 8
            let frame = Array(rest.dropFirst(16).prefix(count))
            let longer = UInt8(truncatingIfNeeded: count + 4 + 6)
            tagged += header[..<8] + [longer, header[9], 0, 0, longer, header[13], 0, 0]
            // 802.1Q: the tag of virtual LAN 7 before the type.
            tagged += frame[..<12] + [0x81, 0x00, 0x00, 0x07] + frame[12...]
            tagged += [0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5]
            rest = rest.dropFirst(16 + count)
        }
        let path = "\(folder.path)/tagged.pcap"
        try Data(tagged).write(to: URL(filePath: path))
        try compare(path)
    }

    private func compare(_ path: String, checksumStatus: String? = nil) throws {
        let readings = try TsharkReading.read(path, in: folder)
        let documents = try documents(path)
        try #require(!readings.isEmpty)
        try #require(documents.count == readings.count)
        for (ours, theirs) in zip(documents, readings) {
            try compare(ours, theirs, checksumStatus: checksumStatus)
        }
    }

    private func compare(
        _ ours: [String: Any], _ theirs: TsharkReading, checksumStatus: String?
    ) throws {
        let message = try #require(ours["vrrp"] as? [String: Any])
        #expect(ours["number"] as? Int == theirs.number("frame.number"))
        #expect(try seconds(#require(ours["time"] as? String)) == theirs["frame.time_epoch"])
        #expect(ours["ethernet_source"] as? String == theirs["eth.src"])
        #expect(ours["ethernet_destination"] as? String == theirs["eth.dst"])
        #expect(ours["source"] as? String == theirs["ip.src", "ipv6.src"])
        #expect(ours["destination"] as? String == theirs["ip.dst", "ipv6.dst"])
        #expect(ours["hop_limit"] as? Int == theirs.number("ip.ttl", "ipv6.hlim"))
        #expect(message["version"] as? Int == theirs.number("vrrp.version"))
        #expect(message["type"] as? Int == theirs.number("vrrp.type"))
        #expect(message["vrid"] as? Int == theirs.number("vrrp.virt_rtr_id"))
        #expect(message["priority"] as? Int == theirs.number("vrrp.prio"))
        #expect(message["address_count"] as? Int == theirs.number("vrrp.addr_count"))
        #expect(message["reserved"] as? Int == theirs.number("vrrp.reserved_mbz"))
        #expect(message["authentication_type"] as? Int == theirs.number("vrrp.auth_type"))
        let hasPassword = message["authentication_data"] as? String == "8 bytes"
        #expect(hasPassword == (theirs["vrrp.auth_string"] != nil))
        #expect(message["interval_seconds"] as? Int == theirs.number("vrrp.adver_int"))
        #expect(message["interval_centiseconds"] as? Int == theirs.number("vrrp.short_adver_int"))
        #expect(message["checksum"] as? String == theirs["vrrp.checksum"])
        let addresses = theirs["vrrp.ip_addr", "vrrp.ipv6_addr"]?.split(separator: ",")
        #expect(message["addresses"] as? [String] == addresses?.map(String.init))
        // tshark knows one form for each version, 1 is good: version 3 with a pseudo-header.
        let form = try #require(message["checksum_form"] as? String)
        let known = message["version"] as? Int == 3 ? "pseudo-header" : "message"
        let status = theirs["vrrp.checksum.status"]
        if let checksumStatus {
            #expect(status == checksumStatus)
        } else {
            #expect((form == known) == (status == "1"))
        }
        #expect((ours["faults"] as? [Any])?.isEmpty == true)
    }

    /// The time as tshark prints it: seconds since 1970, with nine places.
    private func seconds(_ moment: String) throws -> String {
        let format = Date.ISO8601FormatStyle()
        let start = try Date(moment.prefix(19) + "Z", strategy: format)
        return "\(Int(start.timeIntervalSince1970)).\(moment.dropFirst(20).prefix(9))"
    }

    @Test(arguments: ["lbctl-hmac.pcap", "lbctl-hmac-ipv6.pcap"])
    func `lbctl's own trailers are explained, each with its time`(name: String) throws {
        let documents = try documents("\(fixtures)/\(name)")
        #expect(documents.count == 4)
        for document in documents {
            let trailer = try #require(document["trailer"] as? [String: Any])
            let moment = try seconds(#require(document["time"] as? String)).prefix { $0 != "." }
            #expect(trailer["key_id"] as? Int == 1)
            let told = try #require(trailer["seconds"] as? Int)
            // Rounded down, and a packet may be captured in the second after it was made.
            #expect([0, 1].contains(try #require(Int(moment)) - told))
            #expect((trailer["code"] as? String)?.count == 32)
            #expect(document["trailing_bytes"] as? Int == 28)
        }
    }

    @Test func `the trailer's fields are there`() throws {
        let documents = try documents("\(fixtures)/vectors-hmac.pcap")
        let trailer = try #require(documents[0]["trailer"] as? [String: Any])
        #expect(trailer["key_id"] as? Int == 1)
        #expect(trailer["seconds"] as? Int == 1_780_000_000)
        #expect(trailer["code"] as? String == "3a32a4d73b5cf8a42b99b1ac758680bd")
        #expect(documents[0]["trailing_bytes"] as? Int == 28)
    }

    @Test func `a line for each packet, and below it what is wrong`() throws {
        let file = try #require(
            FileManager.default.contents(atPath: "\(fixtures)/keepalived-v2.pcap"))
        var bytes = Array(file)
        // The priority of the first packet: the checksum is wrong then.
        bytes[24 + 16 + 14 + 20 + 2] = 101
        let path = "\(folder.path)/wrong.pcap"
        try Data(bytes).write(to: URL(filePath: path))
        let result = try decode(path)
        #expect(result.status == 1)
        #expect(result.errors == "")
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(
            lines[0].hasSuffix(
                " 192.0.2.2 > 224.0.0.18 VRRPv2 vrid 51 priority 101 interval 1 s 192.0.2.1"))
        #expect(lines[1] == "    wrong: VRRP checksum 0xb8c8, must be 0xb7c8")
        #expect(lines.filter { $0.hasPrefix("    wrong: ") }.count == 1)
        #expect(lines.last == "3 VRRP packets, 1 with something wrong")
        let document = try documents(path)[0]
        let faults = try #require(document["faults"] as? [[String: String]])
        #expect(
            faults == [["name": "checksum", "text": "VRRP checksum 0xb8c8, must be 0xb7c8"]])
    }

    @Test func `what is no capture, and what is not there`() throws {
        let text = try folder.write("frontend web\n", to: "haproxy.cfg")
        let other = try decode(text)
        #expect(other.status == 2)
        #expect(other.errors == "lbctl: \(text): not a capture file, must be pcap or pcapng\n")
        let missing = try decode("/nonexistent/a.pcap")
        #expect(missing.status == 2)
        #expect(
            missing.errors
                == "lbctl: open /nonexistent/a.pcap: No such file or directory (errno 2)\n")
    }

    @Test func `a file that is cut off gives what is whole, and says so`() throws {
        let file = try #require(
            FileManager.default.contents(atPath: "\(fixtures)/keepalived-v2.pcap"))
        let path = "\(folder.path)/cut.pcap"
        try file.dropLast().write(to: URL(filePath: path))
        let result = try decode(path)
        #expect(result.status == 2)
        #expect(result.output.contains("priority 100"))
        #expect(
            result.errors == "lbctl: \(path): ends within a packet, after 7 whole ones\n")
    }

    @Test func `a capture without VRRP is told from one that is right`() throws {
        let file = try #require(
            FileManager.default.contents(atPath: "\(fixtures)/keepalived-v2.pcap"))
        let path = "\(folder.path)/empty.pcap"
        try file.prefix(24).write(to: URL(filePath: path))
        let result = try decode(path)
        #expect(result.status == 1)
        #expect(result.errors == "lbctl: \(path): no VRRP packet among 0 packets\n")
    }
}

@ProgramThread @Suite(.tags(.needsRoot)) struct `lbctl monitor` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    /// Runs a script in a network namespace of its own, with a link from va to vb.
    private func inNamespace(_ script: String) throws -> CommandResult {
        let start = """
            set -eu
            ip link add va address 02:00:00:00:00:02 type veth peer name vb
            for i in va vb; do
                ip link set $i addrgenmode none; ip link set $i up
            done
            ip address add 192.0.2.2/24 dev va
            ip address add fe80::2/64 dev va nodad
            monitor() { '\(ProgramFolder.binary)' monitor "$@"; }
            """
        return try folder.run(
            command: [
                "/usr/bin/unshare", "--net", "--pid", "--fork", "--kill-child", "--mount",
                "--mount-proc", "/bin/bash", "-c", start + "\n" + script,
            ])
    }

    private func keepalived(_ extra: String, _ address: String) -> String {
        """
        vrrp_instance VI_1 {
            interface va
            virtual_router_id 51
            priority 100
            advert_int 1
            \(extra)
            virtual_ipaddress {
                \(address)
            }
        }
        """
    }

    @Test(arguments: [
        ("version 2", "192.0.2.1/24", "192.0.2.2 > 224.0.0.18 VRRPv2", "1 s 192.0.2.1", "va"),
        ("version 3", "192.0.2.1/24", "192.0.2.2 > 224.0.0.18 VRRPv3", "1000 ms 192.0.2.1", "vb"),
        ("version 3", "fe80::1/64", "fe80::2 > ff02::12 VRRPv3", "1000 ms fe80::1", "vb"),
    ])
    func `what keepalived sends is shown as it passes, where it leaves and where it arrives`(
        extra: String, address: String, start: String, end: String, interface: String
    ) throws {
        let file = try folder.write(keepalived(extra, address), to: "keepalived.conf")
        let result = try inNamespace(
            """
            keepalived -n -l -f \(file) -p \(folder.path)/p -r \(folder.path)/r >/dev/null 2>&1 &
            monitor \(interface) --count 2
            """)
        #expect(result.status == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n").filter { !$0.hasPrefix("    ") }
        try #require(lines.count == 3, "\(result.output)")
        for line in lines.dropLast() {
            #expect(
                line.hasSuffix(" \(start) vrid 51 priority 100 interval \(end)"), "\(line)")
        }
        #expect(lines.last == "2 VRRP packets, nothing wrong")
    }

    @Test func `an interface that is not there, and one that goes away`() throws {
        let missing = try inNamespace("monitor eth7")
        #expect(missing.status == 5)
        #expect(missing.errors == "lbctl: no interface 'eth7'; this host has lo, vb, va\n")
        let gone = try inNamespace("(sleep 0.5; ip link del va) & monitor vb")
        #expect(gone.status == 5)
        #expect(gone.errors == "lbctl: vb: the interface is gone\n")
    }

    @Test func `an end by the user is an ordinary one`() throws {
        let result = try inNamespace(
            "timeout --preserve-status -s INT 1 \(ProgramFolder.binary) monitor vb")
        #expect(result.status == 0)
        #expect(result.output == "0 VRRP packets, nothing wrong\n")
    }

    @Test func `without the right to capture it says what is needed`() throws {
        let result = try folder.run(
            command: [
                "/usr/bin/setpriv", "--reuid", "65534", "--clear-groups",
                ProgramFolder.binary, "monitor", "lo",
            ])
        #expect(result.status == 3)
        #expect(result.errors.hasSuffix("; capturing needs root or CAP_NET_RAW\n"))
    }
}
#endif
