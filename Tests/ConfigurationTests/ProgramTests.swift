import Foundation
import NodeConfiguration
import Testing

/// Who programs run as, and which are not run at all.
@Suite struct `Programs of keepalived's language` {
    private let folder = "/tmp/lbctl-programs-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    private var isRoot: Bool { geteuid() == 0 }

    /// A loader that knows keepalived's user.
    private func loaded(_ text: String, default user: ScriptUser? = nil) -> LoadedConfiguration {
        var loader = ConfigurationLoader()
        loader.defaultScriptUser = user
        return loader.load([InputFile(name: "f", bytes: Array(text.utf8))])
    }

    private func script(_ more: String, _ globals: String = "") -> String {
        "global_defs {\n\(globals)\n}\nvrrp_script s {\nscript /bin/true\n\(more)\n}\n"
            + instance("notify /bin/false\ntrack_script {\ns\n}")
    }

    @Test func `scripts run as keepalived_script, where it is, unless somebody is named`() {
        let ours = ScriptUser(user: "keepalived_script")
        func user(_ more: String, _ globals: String = "", _ user: ScriptUser?) -> ScriptUser? {
            loaded(script(more, globals), default: user).model?.scripts.first?.user
        }
        #expect(user("", "", ours) == ours)
        #expect(user("", "", nil) == nil)
        #expect(user("", "script_user a b", ours) == ScriptUser(user: "a", group: "b"))
        #expect(user("user c", "script_user a b", ours) == ScriptUser(user: "c"))
        let notify = loaded(script(""), default: ours).model?.virtualRouters[0].notifications.any
        #expect(notify == ours.running(["/bin/false"]))
    }

    @Test func `other groups of the user are left unless they are asked for`() {
        let user = ScriptUser(user: "a")
        #expect(user.running(["x"])[2].contains("--clear-groups"))
        let loaded = loaded(script("", "set_supplementary_groups"), default: user)
        #expect(loaded.diagnostics.isEmpty)
        let script = loaded.model?.scripts.first?.user
        #expect(script?.hasSupplementaryGroups == true)
        #expect(script?.running(["x"])[2].contains("--init-groups") == true)
    }

    @Test func `what others can change is told, and not run if that is asked for`() throws {
        try #require(isRoot)
        try FileManager.default.createDirectory(
            atPath: folder + "/open", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        chmod(folder, 0o755)
        chmod(folder + "/open", 0o755)
        func file(_ name: String, _ mode: mode_t) throws -> String {
            let path = "\(folder)/\(name)"
            try "#!/bin/sh\n".write(toFile: path, atomically: false, encoding: .utf8)
            chmod(path, mode)
            return path
        }
        let good = try file("good", 0o755)
        let loose = try file("loose", 0o757)
        let inside = try file("open/inside", 0o755)
        let foreign = try file("foreign", 0o755)
        chown(foreign, 12345, 0)
        let grouped = try file("grouped", 0o775)
        chown(grouped, 0, 12345)
        let link = folder + "/link"
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: "open/../loose")
        func warnings(_ path: String, _ globals: String = "") -> [String] {
            load(
                "global_defs {\n\(globals)\n}\nvrrp_script s {\nscript \(path)\n}\n"
                    + instance("track_script {\ns\n}")
            ).diagnostics.map(\.description)
        }
        #expect(warnings(good).isEmpty)
        #expect(warnings(inside).isEmpty)
        let end = "; name another user, or write enable_script_security, and it is not run"
        let start = "f:5:8: warning: vrrp_script 's' runs as root, and others can change it: "
        #expect(warnings(loose) == [start + "'\(loose)' can be written to by everybody" + end])
        #expect(warnings(link) == [start + "'\(loose)' can be written to by everybody" + end])
        #expect(warnings(foreign) == [start + "'\(foreign)' belongs to user 12345" + end])
        #expect(
            warnings(grouped) == [start + "'\(grouped)' can be written to by group 12345" + end])
        chmod(folder + "/open", 0o777)
        #expect(
            warnings(inside) == [start + "'\(folder)/open' can be written to by everybody" + end])
        chmod(folder + "/open", 0o1777)
        #expect(warnings(inside).isEmpty)
        let missing = folder + "/open/no"
        #expect(
            warnings(missing).first
                == start + "'\(missing)' is not there, and everybody can create it" + end)
        #expect(!warnings(folder + "/missing").contains { $0.contains("can create it") })
        #expect(warnings(loose, "script_user nobody").isEmpty)

        let secured = load(
            "global_defs {\nenable_script_security\n}\nvrrp_script s {\nscript \(loose)\n}\n"
                + instance("notify \(loose)\ntrack_script {\ns\n}"))
        #expect(
            secured.diagnostics.map(\.description) == [
                start
                    + "'\(loose)' can be written to by everybody; it is not run (enable_script_security)",
                "f:11:8: warning: notify runs as root, and others can change it: '\(loose)' can be written to by everybody; it is not run (enable_script_security)",
            ])
        #expect(secured.model?.scripts.isEmpty == true)
        #expect(secured.model?.virtualRouters[0].trackedScripts.isEmpty == true)
        #expect(secured.model?.virtualRouters[0].notifications.any == nil)
    }

    @Test func `a script that keepalived would leave out for want of its user is told`() throws {
        try #require(isRoot)
        func warnings(_ globals: String, _ user: ScriptUser? = nil) -> [String] {
            loaded(script("", globals), default: user).diagnostics.map(\.description)
        }
        let secured = "enable_script_security"
        #expect(
            warnings(secured) == [
                "f:5:8: warning: vrrp_script 's' runs as root, which alone can change it: there is neither 'script_user' nor, on this host, a user keepalived_script, without which keepalived leaves it out (enable_script_security)"
            ])
        #expect(loaded(script("", secured)).model?.scripts.count == 1)
        #expect(warnings("").isEmpty)
        #expect(warnings(secured + "\nscript_user root").isEmpty)
        #expect(warnings(secured, ScriptUser(user: "keepalived_script")).isEmpty)
    }

    @Test func `readers of named pipes`() {
        let loaded = loaded(
            """
            global_defs {
            script_user u
            notify_fifo /run/a
            notify_fifo_script "/bin/true -x"
            vrrp_notify_fifo /run/b v w
            fifo_write_vrrp_states_on_reload
            }

            """ + instance(""))
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        let user = ScriptUser(user: "u")
        var first = NotificationPipe(path: "/run/a")
        first.owner = user
        first.reader = user.running(["/bin/true", "-x"])
        var second = NotificationPipe(path: "/run/b")
        second.owner = ScriptUser(user: "v", group: "w")
        #expect(loaded.model?.global.notificationFIFOs == [first, second])
        #expect(loaded.model?.global.tellsStatesOnReload == true)
        #expect(second.owner?.ownership == "v:w")
        #expect(user.ownership == "u:")
    }

    @Test(arguments: [
        (
            "notify_fifo_script /bin/true",
            "f:2:20: warning: 'notify_fifo_script' without 'notify_fifo': there is nothing to read"
        ),
        (
            "notify_fifo /run/a\nvrrp_notify_fifo /run/a",
            "f:3:18: warning: vrrp_notify_fifo '/run/a' is the pipe of notify_fifo, too: it gets each line once"
        ),
        (
            "notify_fifo a",
            "f:2:13: error: 'a': must be an absolute path, since the program's directory is nobody's choice"
        ),
        (
            "lvs_notify_fifo /run/a",
            "f:2:1: warning: 'lvs_notify_fifo' has no effect: the kernel's balancer (IPVS) is left alone"
        ),
        (
            "enable_snmp_vrrp",
            "f:2:1: warning: 'enable_snmp_vrrp' has no effect: SNMP is not spoken; 'lbctl status --json', the statistics page and notify_fifo tell the same"
        ),
        (
            "vrrp_rlimit_rttime 10000",
            "f:2:1: warning: 'vrrp_rlimit_rttime' has no effect: the kernel ends who exceeds it, and then nobody resigns"
        ),
        (
            "use_symlink_paths off",
            "f:2:1: warning: 'use_symlink_paths' can't be switched off: a program is run by the path that is written, whatever links are on the way"
        ),
        (
            "vrrp_higher_prio_send_advert off",
            "f:2:1: warning: 'vrrp_higher_prio_send_advert' can't be switched off: a router that yields says one last word, so that the other announces again"
        ),
        (
            "vrrp_skip_check_adv_addr no",
            "f:2:1: warning: 'vrrp_skip_check_adv_addr' can't be switched off: an advertisement that lists other addresses counts all the same, and is told of"
        ),
        (
            "reload_check_config /run/x",
            "f:2:21: warning: '/run/x' has no effect: what is wrong is said in the log and by 'lbctl reload'"
        ),
        (
            "dynamic_interfaces sometimes",
            "f:2:20: warning: 'sometimes' is more than 'dynamic_interfaces' takes: it is ignored"
        ),
        ("vrrp_rt_priority 100", "f:2:18: error: vrrp_rt_priority 100: must be 1 to 99"),
        ("json_version 3", "f:2:14: error: json_version 3: must be 1 to 2"),
        (
            "state_dump_file data",
            "f:2:17: error: 'data': must be an absolute path, since the program's directory is nobody's choice"
        ),
    ])
    func `what is in vain or wrong is told`(line: String, message: String) {
        #expect(diagnose("global_defs {\n\(line)\n}\n" + instance("")) == [message])
    }

    @Test func `how the process runs, and where signals leave their files`() {
        let loaded = load(
            """
            global_defs {
            vrrp_priority -5
            vrrp_rt_priority 50
            vrrp_no_swap
            vrrp_cpu_affinity 0 2
            state_dump_file /run/data
            stats_dump_file /run/stats
            json_dump_file /run/json
            json_version 2
            dynamic_interfaces allow_if_changes
            reload_check_config
            use_symlink_paths
            }

            """ + instance(""))
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        var process = ProcessSettings()
        process.niceness = -5
        process.realTimePriority = 50
        process.processors = [0, 2]
        #expect(loaded.model?.global.process == process)
        var dumps = DumpSettings()
        dumps.statePath = "/run/data"
        dumps.countersPath = "/run/stats"
        dumps.jsonPath = "/run/json"
        dumps.jsonVersion = 2
        #expect(loaded.model?.global.dumps == dumps)
    }
}
