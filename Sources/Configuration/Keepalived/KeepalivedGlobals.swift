import VRRPCore

/// The block `global_defs` of keepalived's language.
struct KeepalivedGlobals: Sendable {
    var routerID: String?
    var version: VRRPVersion?
    var group4: IPAddress?
    var group6: IPAddress?
    var checksUnicastSource: Bool?
    var lostAdvertisements: Int?
    var isStrict: Bool?
    var answersInferiors: Bool?
    var ignoresOthersAsOwner: Bool?
    var logsUnknownVRIDs = false
    var announcements = AnnouncementOverrides()
    /// The names of the files that are being read, by their number in positions.
    var files: [String] = []
    var pipes = KeepalivedPipes()
    var tellsStatesOnReload = false
    var tellsPriorityChanges = false
    /// `smtp_alert`.
    var sendsAnyMail: Bool?
    /// `smtp_alert_vrrp`, which says more exactly what the other one says of all.
    var sendsRouterMail: Bool?
    var sendsMail: Bool { sendsRouterMail ?? sendsAnyMail ?? false }
    var scriptUser: ScriptUser?
    /// Who scripts run as if nobody is named anywhere.
    var defaultScriptUser: ScriptUser?
    var hasSupplementaryGroups = false
    /// Whether programs are not run as root that others may change.
    var enforcesScriptSecurity = false
    var process = ProcessSettings()
    var dumps = DumpSettings()
    var mail = KeepalivedMail()
    var startupDelay: Duration?
    var delayAfterBoot: Duration?
    var arpSpacing: Duration?
    var neighborSpacing: Duration?

    private static let day = Duration.seconds(86_400)

    /// keepalived.conf(5), "GLOBAL CONFIGURATION".
    static let table: KeywordTable<KeepalivedGlobals> = KeywordTable(
        "keyword", scope: "in global_defs",
        [
            "router_id": .line { globals, arguments throws(Remark) in
                globals.routerID = try arguments.next("a name").text
            },
            "vrrp_version": .line { globals, arguments throws(Remark) in
                globals.version = try arguments.protocolVersion()
            },
            "script_user": .line { globals, arguments throws(Remark) in
                guard arguments.upcoming != nil else {
                    throw .error(
                        "'script_user' needs a user, and perhaps a group",
                        at: arguments.keyword.position)
                }
                globals.scriptUser = try arguments.scriptUser()
            },
            "enable_script_security": .set(\.enforcesScriptSecurity, to: true),
            "use_symlink_paths": .always(
                "a program is run by the path that is written, whatever links are on the way"),
            "set_supplementary_groups": .set(\.hasSupplementaryGroups, to: true),
            "vrrp_strict": .strictMode(\.isStrict),
            "vrrp_mcast_group4": .line { globals, arguments throws(Remark) in
                globals.group4 = try arguments.group(of: .ipv4).address
            },
            "vrrp_mcast_group6": .line { globals, arguments throws(Remark) in
                globals.group6 = try arguments.group(of: .ipv6).address
            },
            "vrrp_check_unicast_src": .line { globals, arguments throws(Remark) in
                globals.checksUnicastSource = try arguments.isOn()
            },
            "vrrp_down_timer_adverts": .line { globals, arguments throws(Remark) in
                globals.lostAdvertisements = try arguments.integer(in: 1...100)
            },
            "vrrp_lower_prio_no_advert": .line { globals, arguments throws(Remark) in
                globals.answersInferiors = try !arguments.isOn()
            },
            "vrrp_owner_ignore_adverts": .line { globals, arguments throws(Remark) in
                globals.ignoresOthersAsOwner = try arguments.isOn()
            },
            "log_unknown_vrids": .line { globals, arguments throws(Remark) in
                globals.logsUnknownVRIDs = try arguments.isOn()
            },
            "vrrp_higher_prio_send_advert": .saysLastWord,
            "vrrp_skip_check_adv_addr": .takesOtherLists,
            "vrrp_garp_interval": .seconds(\.arpSpacing, .zero...(.seconds(60))),
            "vrrp_gna_interval": .seconds(\.neighborSpacing, .zero...(.seconds(60))),
            "vrrp_min_garp": .line { globals, arguments throws(Remark) in
                globals.announcements.isMinimal = try arguments.isOn()
            },
            "vrrp_startup_delay": .seconds(\.startupDelay, .zero...day),
            "vrrp_delay_after_boot": .seconds(\.delayAfterBoot, .zero...day),
            "vrrp_notify_priority_changes": .line { globals, arguments throws(Remark) in
                globals.tellsPriorityChanges = try arguments.isOn()
            },
            // Interfaces may come, go and be made anew at any time.
            "dynamic_interfaces": .line { _, arguments throws(Remark) in
                if arguments.upcoming?.text == "allow_if_changes" { arguments.skip(1) }
            },
            // A file with an error changes nothing.
            "reload_check_config": .line { _, arguments throws(Remark) in
                guard let path = arguments.nextIfPresent() else { return }
                arguments.warn(
                    "\(path.text.quoted) has no effect: what is wrong is said in the log and by"
                        + " 'lbctl reload'", at: path.position)
            },
            "smtp_alert": .line { globals, arguments throws(Remark) in
                globals.sendsAnyMail = try arguments.isOn()
            },
            "smtp_alert_vrrp": .line { globals, arguments throws(Remark) in
                globals.sendsRouterMail = try arguments.isOn()
            },
        ].merging(KeepalivedMail.rules(\.mail)) { own, _ in own }
            .merging(KeepalivedPipes.rules(\.pipes)) { own, _ in own }
            .merging(processRules) { own, _ in own }
            .merging(AnnouncementOverrides.rules(prefix: "vrrp_", \.announcements)) { own, _ in own
            },
        notYet: """
            bfd_cpu_affinity bfd_no_swap bfd_priority bfd_process_name bfd_rlimit_rttime
            bfd_rt_priority checker_cpu_affinity checker_log_all_failures checker_no_swap
            checker_priority checker_process_name checker_rlimit_rttime checker_rt_priority
            config_save_dir disable_local_igmp iproute_etc_dir iproute_usr_dir lvs_flush
            lvs_flush_on_stop lvs_flush_onstop lvs_netlink_cmd_rcv_bufs
            lvs_netlink_cmd_rcv_bufs_force lvs_netlink_monitor_rcv_bufs
            lvs_netlink_monitor_rcv_bufs_force lvs_process_name lvs_sync_daemon lvs_timeouts
            net_namespace_ipvs nftables nftables_counters nftables_ifindex nftables_ipvs
            nftables_ipvs_priority nftables_ipvs_start_fwmark nftables_priority
            no_checker_emails process_monitor_rcv_bufs process_monitor_rcv_bufs_force
            process_name process_names random_seed rs_init_notifies shutdown_script
            shutdown_script_timeout smtp_alert_checker startup_script startup_script_timeout
            tmp_config_directory umask vmac_addr_prefix vmac_prefix vrrp_ipsets vrrp_iptables
            vrrp_netlink_cmd_rcv_bufs vrrp_netlink_cmd_rcv_bufs_force
            vrrp_netlink_monitor_rcv_bufs vrrp_netlink_monitor_rcv_bufs_force vrrp_process_name
            vrrp_rx_bufs_multiplier vrrp_rx_bufs_policy
            """,
        hint: { word in
            if word == "lvs_id" { return "keepalived called 'router_id' so once; write that" }
            if table.knows("vrrp_" + word) { return "here it is 'vrrp_\(word)'" }
            return KeepalivedInstance.table.knows(word) ? "it belongs into vrrp_instance" : nil
        })
}
