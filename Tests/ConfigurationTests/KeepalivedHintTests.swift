import NodeConfiguration
import Testing

/// What is said of words that stand in the wrong place, or that nobody filled in.
@Suite struct `Hints about keepalived's words` {
    @Test(arguments: [
        ("lvs_id LB", "keepalived called 'router_id' so once; write that"),
        ("garp_master_delay 3", "here it is 'vrrp_garp_master_delay'"),
        ("use_vmac", "it belongs into vrrp_instance"),
        ("vmac_xmit_base", "it belongs into vrrp_instance"),
    ])
    func `a word that global_defs does not have`(line: String, hint: String) throws {
        let word = try #require(line.split(separator: " ").first)
        #expect(
            diagnose("global_defs {\n\(line)\n}\n" + instance("")) == [
                "f:2:1: error: unknown keyword '\(word)' in global_defs; \(hint)"
            ])
    }

    @Test(arguments: [
        (
            instance("notify_fifo /run/x"),
            "f:5:1: error: unknown keyword 'notify_fifo' in vrrp_instance; it belongs into global_defs"
        ),
        (
            "vrrp_script s {\nscript /bin/true\nscript_security script\n}",
            "f:3:1: error: unknown keyword 'script_security' in vrrp_script; write 'enable_script_security' in global_defs"
        ),
        (
            "vrrp_track_process p {\nprocess nginx\ninterval 10\n}",
            "f:3:1: error: unknown keyword 'interval' in vrrp_track_process; leave it out: there is none to choose"
        ),
        (
            "vrrp_sync_group G {\ngroup { VI_1 }\nVI_1\n}\n" + instance(""),
            "f:3:1: error: unknown keyword 'VI_1' in vrrp_sync_group; there are 'group { … }' for the names of instances, and what tracks and notifies"
        ),
        (
            instance("virtual_ipaddress {\n192.0.2.6/24 dev eth1:1\n}"),
            "f:6:18: error: dev 'eth1:1': this is a label and no interface; write 'dev eth1 label eth1:1'"
        ),
    ])
    func `a word that another block does not have`(text: String, message: String) {
        #expect(load(text).diagnostics.map(\.description).first { $0.contains("error") } == message)
    }

    @Test func `a part of a template is told once, where it stands`() {
        func message(_ place: String, _ part: String) -> String {
            "f:\(place): error: '\(part)' looks like a part of a template that nothing was filled in for"
        }
        let text = """
            {% if x %}
            vrrp_instance V {
            state {{STATE}}
            interface eth1
            virtual_router_id {{ID}}
            advert_int {{ interval }}
            unicast_peer {
            10.0.0.{{N}}
            }
            virtual_ipaddress { {{VIP}} }
            notify "/bin/x {{a}}"
            }
            """
        #expect(
            diagnose(text, as: .keepalived) == [
                message("1:1", "{% if x %}"), message("3:7", "{{STATE}}"),
                message("5:19", "{{ID}}"), message("6:12", "{{ interval }}"),
                message("8:8", "{{N}}"), message("10:21", "{{VIP}}"),
            ])
    }

    @Test func `a line that is wrong is not missing, too`() {
        #expect(
            diagnose(
                "vrrp_instance V {\ninterface a_name_of_17_bytes\nvirtual_router_id 256\nno_virtual_ipaddress\n}"
            ) == [
                "f:2:11: error: interface 'a_name_of_17_bytes': must be 1 to 15 bytes without '/' and ':'",
                "f:3:19: error: virtual_router_id 256: must be 1 to 255",
            ])
    }
}
