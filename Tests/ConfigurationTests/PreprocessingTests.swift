import Foundation
import NodeConfiguration
import Testing
import VRRPCore

@Suite struct `What lines of keepalived's language say about other lines` {
    private func load(_ text: String, on node: String = "lb1") -> LoadedConfiguration {
        var loader = ConfigurationLoader()
        loader.identity = node
        return loader.load([InputFile(name: "f", bytes: Array(text.utf8))])
    }

    @Test(arguments: [("lb1", UInt8(101)), ("lb2", 100), ("lb3", 100)])
    func `a line after @NAME counts on that node alone`(node: String, priority: UInt8) {
        let loaded = load(instance("@lb1 priority 101\n@^lb1 priority 100"), on: node)
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        #expect(loaded.model?.virtualRouters.first?.priority.rawValue == priority)
    }

    @Test func `a node that no line is for is told its name`() {
        func warnings(_ lines: String, on node: String) -> [String] {
            load(instance(lines), on: node).diagnostics.map(\.description)
        }
        let lines = "@lb1 priority 101\n@lb2 priority 99"
        #expect(
            warnings(lines, on: "lb3") == [
                "f:5:1: warning: this and all other lines with '@' are for other nodes and left out: this node is called 'lb3'; -i NAME (--config-id) gives it another name"
            ])
        #expect(warnings(lines, on: "lb2").isEmpty)
        #expect(warnings("@lb1 priority 101\n@^lb3 nopreempt", on: "lb3").isEmpty)
    }

    @Test func `the files of one set name nodes together`() {
        var loader = ConfigurationLoader()
        loader.identity = "lb2"
        func files(_ names: [String]) -> [InputFile] {
            names.enumerated().map { index, name in
                InputFile(
                    name: "f\(index)",
                    bytes: Array("global_defs {\n@\(name) router_id x\n}\n\n".utf8))
            }
        }
        #expect(loader.load(files(["lb1", "lb2"])).diagnostics.isEmpty)
        #expect(
            loader.load(files(["lb1", "lb3"])).diagnostics.map { "\($0.file):\($0.line)" }
                == ["f0:2"])
    }

    @Test func `a name stands for what was defined, one word or several`() throws {
        let text = """
            $IF=eth0   # the LAN
            $NET=192.0.2
            @lb1 $PRIO=101
            @lb2 $PRIO=100
            $VIP=${NET}.5/24 dev ${IF}
            vrrp_instance VI_1 {
            interface ${IF}
            virtual_router_id 51
            priority ${PRIO}
            virtual_ipaddress {
            ${VIP} label "${IF}:vip"
            }
            }
            """
        let loaded = load(text)
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        let router = try #require(loaded.model?.virtualRouters.first)
        #expect(router.interface == "eth0")
        #expect(router.priority.rawValue == 101)
        let address = try #require(router.addresses.first)
        #expect("\(address.address)/\(address.prefixLength)" == "192.0.2.5/24")
        #expect(address.interface == "eth0")
        #expect(address.label == "eth0:vip")
    }

    @Test func `a mistake in a definition is told where it is used`() {
        let loaded = load("$P=300\n" + instance("priority ${P}"))
        #expect(
            loaded.diagnostics.map(\.description) == [
                "f:6:10: error: priority 300: must be 1 to 255"
            ])
        #expect(
            load(instance("priority ${Q}")).diagnostics.map(\.description) == [
                "f:5:10: error: priority '${Q}': must be a number, 1 to 255",
                "f:5:10: warning: nothing above defines this name ($NAME=…); it is taken as written",
            ])
    }

    @Test func `a name without braces that stands for nothing is told, too`() {
        func warnings(_ lines: String) -> [String] {
            load("$D=192.0.2.1\n" + instance(lines)).diagnostics.map(\.description)
                .filter { $0.contains("warning") }
        }
        #expect(
            warnings("priority $P") == [
                "f:6:10: warning: nothing above defines this name ($NAME=…); it is taken as written"
            ])
        #expect(
            warnings("virtual_ipaddress_excluded {\n$D/24\n}") == [
                "f:7:1: warning: a name that more follows is written in braces, as ${NAME}; this is taken as written"
            ])
        // A shell's own names, and signs that are no names.
        #expect(warnings("virtual_ipaddress_excluded {\n$D\n}").isEmpty)
        #expect(warnings("notify \"/bin/sh -c 'echo $HOME'\"").isEmpty)
        #expect(warnings("authentication {\nauth_type PASS\nauth_pass $1$a\n}").isEmpty)
    }

    @Test func `included files count with the globals of all`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "lbctl-include-\(UUID())").path
        try FileManager.default.createDirectory(
            atPath: folder + "/d", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "include d/*.conf\n\(instance(""))"
            .write(toFile: folder + "/main.conf", atomically: true, encoding: .utf8)
        try "global_defs {\nvrrp_version 3\n}\n"
            .write(toFile: folder + "/d/1.conf", atomically: true, encoding: .utf8)
        try "vrrp_script s {\nscript /bin/true\nintervall 2\n}\n"
            .write(toFile: folder + "/d/2.conf", atomically: true, encoding: .utf8)
        let loaded = ConfigurationLoader().load(paths: [folder + "/main.conf"])
        #expect(
            loaded.diagnostics.map(\.description) == [
                "\(folder)/d/2.conf:3:1: error: unknown keyword 'intervall' in vrrp_script; did you mean 'interval'?"
            ])
        try "vrrp_script s {\nscript /bin/true\n}\ninclude ../main.conf\n"
            .write(toFile: folder + "/d/2.conf", atomically: true, encoding: .utf8)
        let circle = ConfigurationLoader().load(paths: [folder + "/main.conf"])
        #expect(circle.hasErrors)
        try "vrrp_script s {\nscript /bin/true\n}\n"
            .write(toFile: folder + "/d/2.conf", atomically: true, encoding: .utf8)
        let fine = ConfigurationLoader().load(paths: [folder + "/main.conf"])
        #expect(fine.diagnostics.isEmpty, "\(fine.diagnostics)")
        #expect(fine.model?.virtualRouters.first?.version.rawValue == 3)
        #expect(fine.model?.scripts.count == 1)
    }

    @Test func `one file may stand in several places, and not inside itself`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "lbctl-include-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func write(_ text: String, to name: String) throws {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        try write("priority 77\n", to: "common.conf")
        let second = instance("include common.conf").replacing("VI_1", with: "VI_2")
            .replacing("virtual_router_id 51", with: "virtual_router_id 52")
            .replacing("172.17.0.5", with: "172.17.0.6")
        try write(instance("include common.conf") + second, to: "main.conf")
        let loaded = ConfigurationLoader().load(paths: [folder + "/main.conf"])
        #expect(
            loaded.diagnostics.filter { $0.severity == .error }.isEmpty, "\(loaded.diagnostics)")
        #expect(loaded.model?.virtualRouters.map(\.priority.rawValue) == [77, 77])
        try write("include other.conf\n", to: "common.conf")
        try write("include common.conf\n", to: "other.conf")
        let circle = ConfigurationLoader().load(paths: [folder + "/main.conf"])
        #expect(circle.diagnostics.contains { $0.description.contains("is being read already") })
        // What can't be read is told of wherever it stands.
        try write("include gone.conf\ninclude gone.conf\n", to: "other.conf")
        let missing = ConfigurationLoader().load(paths: [folder + "/main.conf"])
        #expect(!missing.diagnostics.contains { $0.description.contains("is being read already") })
    }

    @Test func `mail`() throws {
        let loaded = load(
            """
            global_defs {
            notification_email { a@example.test b@example.test }
            notification_email_from lb@example.test
            smtp_server mail.example.test 587
            smtp_helo_name lb1.example.test
            smtp_connect_timeout 10
            smtp_alert
            no_email_faults
            }
            \(instance("smtp_alert off"))
            """)
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        var wanted = MailConfiguration(
            server: "mail.example.test", recipients: ["a@example.test", "b@example.test"])
        wanted.port = 587
        wanted.sender = "lb@example.test"
        wanted.heloName = "lb1.example.test"
        wanted.timeout = .seconds(10)
        wanted.omitsFaults = true
        #expect(loaded.model?.global.mail == wanted)
        #expect(loaded.model?.virtualRouters.first?.sendsMail == false)
        for lines in ["smtp_alert off\nsmtp_alert_vrrp", "smtp_alert_vrrp\nsmtp_alert off"] {
            let head = "global_defs {\nnotification_email { a@example.test }\n\(lines)\n}\n"
            #expect(load(head + instance("")).model?.virtualRouters.first?.sendsMail == true)
        }
        #expect(
            diagnose(instance("smtp_alert")) == [
                "f:1:15: warning: vrrp_instance 'VI_1' asks for mail (smtp_alert), and global_defs names nobody in 'notification_email': no mail is sent"
            ])
    }
}
