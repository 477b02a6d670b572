import Foundation
import Glibc
import Testing

/// What lbctl leaves when it gets the signals that keepalived's operators and exporters send.
struct KeepalivedDumps {
    private let speaker: Speaker
    private let lab: Lab

    init(of speaker: Speaker, in lab: Lab) {
        self.speaker = speaker
        self.lab = lab
    }

    private func dump(_ signal: Int32, _ name: String) throws(LabError) -> String {
        let path = "\(lab.scratch)/\(name)"
        unlink(path)
        speaker.program.signal(signal)
        return try eventually(within: .seconds(2), "\(path) is written") {
            let text = Lab.text(of: path)
            return text.isEmpty ? nil : text
        }
    }

    /// Looks at all of them; the instance V3 is Active or Backup.
    func check(isActive: Bool) throws {
        #expect(try dump(SIGUSR1, "data").contains("V3"))
        let counters = try dump(SIGUSR2, "stats")
        #expect(counters.hasPrefix("VRRP Instance: V3\n  Advertisements:\n    Received: "))
        let bytes = Data(try dump(36, "json").utf8)
        let instances = try JSONSerialization.jsonObject(with: bytes) as? [[String: Any]]
        let first = try #require(instances?.first)
        let data = try #require(first["data"] as? [String: Any])
        let stats = try #require(first["stats"] as? [String: Any])
        #expect(instances?.count == 5)
        #expect(Set(data.keys) == Self.dataKeys)
        #expect(Set(stats.keys) == Self.counterKeys)
        #expect(data["iname"] as? String == "V3")
        #expect(data["state"] as? Int == (isActive ? 2 : 1))
        #expect(data["adver_int"] as? Double == 0.1)
        #expect(
            data["vips"] as? [String] == [
                "172.17.0.51 dev eth1 scope global" + (isActive ? " set" : "")
            ])
        let count = stats[isActive ? "advert_sent" : "advert_rcvd"] as? Int
        #expect(count ?? 0 > 10)
        speaker.program.signal(63)
        // Of two signals that wait together the kernel hands over SIGUSR2 first.
        try eventually(within: .seconds(2), "the counters are cleared") {
            () throws(LabError) -> Void? in
            let numbers = try dump(SIGUSR2, "stats").split(separator: "\n").compactMap {
                Int($0.split(separator: " ").last ?? "")
            }
            return !numbers.isEmpty && numbers.allSatisfy { $0 < 10 } ? () : nil
        }
        #expect(speaker.program.exit == nil)
    }

    /// Those of keepalived 2.2.7.
    private static let dataKeys: Set<String> = [
        "iname", "dont_track_primary", "skip_check_adv_addr", "strict_mode", "vmac_ifname",
        "ifp_ifname", "master_priority", "last_transition", "garp_delay", "garp_refresh",
        "garp_rep", "garp_refresh_rep", "garp_lower_prio_delay", "garp_lower_prio_rep",
        "lower_prio_no_advert", "higher_prio_send_advert", "vrid", "base_priority",
        "effective_priority", "vipset", "promote_secondaries", "adver_int", "master_adver_int",
        "accept", "nopreempt", "preempt_delay", "state", "wantstate", "version", "smtp_alert",
        "notify_deleted", "vips", "evips", "vroutes", "vrules", "track_ifp", "track_script",
        "auth_type",
    ]
    private static let counterKeys: Set<String> = [
        "advert_rcvd", "advert_sent", "become_master", "release_master", "packet_len_err",
        "advert_interval_err", "ip_ttl_err", "invalid_type_rcvd", "addr_list_err",
        "invalid_authtype", "authtype_mismatch", "auth_failure", "pri_zero_rcvd",
        "pri_zero_sent",
    ]
}
