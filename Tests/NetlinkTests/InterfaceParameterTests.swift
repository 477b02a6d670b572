import LinuxIO
import Netlink
import Testing

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `Parameters of interfaces` {
    @Test(
        arguments: [
            (.arpIgnore, "ipv4/conf/a/arp_ignore"), (.arpAnnounce, "ipv4/conf/a/arp_announce"),
            (.reversePathFilter, "ipv4/conf/a/rp_filter"),
            (.acceptLocal, "ipv4/conf/a/accept_local"),
            (.promoteSecondaries, "ipv4/conf/a/promote_secondaries"),
            (.disableIPv6, "ipv6/conf/a/disable_ipv6"),
            (.addressGenerationMode, "ipv6/conf/a/addr_gen_mode"),
            (.acceptRouterAdvertisements, "ipv6/conf/a/accept_ra"),
        ] as [(InterfaceParameter, String)])
    func `each has its file`(parameter: InterfaceParameter, path: String) {
        #expect(parameter.parameter(of: "a").path == "net/\(path)")
    }

    @Test func `one is read and set in the namespace of the thread`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let parameter = InterfaceParameter.arpAnnounce.parameter(of: "a")
                let before = try parameter.value()
                #expect(before == 0)
                try parameter.set(2)
                #expect(try Laboratory.setting("net/ipv4/conf/a/arp_announce") == "2")
                #expect(try parameter.value() == 2)
            }
        }
    }

    @Test func `what can't be read or set says which file and why`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let missing = InterfaceParameter.arpIgnore.parameter(of: "nowhere")
                let absent = #expect(throws: SystemError.self) { try missing.value() }
                #expect(
                    absent?.description
                        == "open /proc/sys/net/ipv4/conf/nowhere/arp_ignore: No such file or directory (errno 2)"
                )
                // Two numbers are not one.
                let range = KernelParameter("net/ipv4/ip_local_port_range")
                let several = #expect(throws: SystemError.self) { try range.value() }
                #expect(several?.errno == .invalidArgument)
                let generation = InterfaceParameter.addressGenerationMode.parameter(of: "a")
                let refused = #expect(throws: SystemError.self) { try generation.set(9) }
                #expect(refused?.call == "write")
                #expect(refused?.errno == .invalidArgument)
                try generation.set(1)
            }
        }
    }
}
