import VRRPCore

extension KeepalivedGlobals {
    /// What `global_defs` says about processes, dumps and other programs' access.
    static let processRules: [String: Rule<KeepalivedGlobals>] = [
        "vrrp_priority": .integer(\.process.niceness, -20...19),
        "vrrp_rt_priority": .integer(\.process.realTimePriority, 1...99),
        // Its memory is locked wherever that is allowed.
        "vrrp_no_swap": .alwaysSo,
        "vrrp_cpu_affinity": .line { globals, arguments throws(Remark) in
            var processors: [Int] = []
            repeat {
                processors.append(try arguments.integer(in: 0...1023))
            } while arguments.upcoming != nil
            globals.process.processors = processors
        },
        "vrrp_rlimit_rttime": .inVain(
            "the kernel ends who exceeds it, and then nobody resigns"),
        "max_auto_priority": .inVain("the process acts before others from its start on"),
        "min_auto_priority_delay": .inVain("the process acts before others from its start on"),
        "state_dump_file": .path(\.dumps.statePath),
        "stats_dump_file": .path(\.dumps.countersPath),
        "json_dump_file": .path(\.dumps.jsonPath),
        "json_version": .integer(\.dumps.jsonVersion, 1...2),
        "data_use_instance": .inVain(
            "there is no 'instance'; state_dump_file, stats_dump_file and json_dump_file name the"
                + " files"),
        // It is for static addresses, each block of which is told to be ignored.
        "default_interface": .line { _, arguments throws(Remark) in
            _ = try arguments.next("the name of an interface")
        },
        "reload_time_file": .inVain("a timer of the system runs 'lbctl reload' instead"),
        "reload_repeat": .inVain("a timer of the system runs 'lbctl reload' instead"),
        "reload_file": .inVain("'lbctl reload' says when the files have been read"),
        "lvs_notify_fifo": .inVain("the kernel's balancer (IPVS) is left alone"),
        "lvs_notify_fifo_script": .inVain("the kernel's balancer (IPVS) is left alone"),
        "enable_dbus": dbus, "dbus_service_name": dbus,
        "enable_snmp_checker": snmp, "enable_snmp_keepalived": snmp, "enable_snmp_rfc": snmp,
        "enable_snmp_rfcv2": snmp, "enable_snmp_rfcv3": snmp, "enable_snmp_vrrp": snmp,
        "enable_traps": snmp, "snmp_socket": snmp,
    ]

    private static let snmp = Rule<KeepalivedGlobals>.inVain(
        "SNMP is not spoken; 'lbctl status --json', the statistics page and notify_fifo tell the"
            + " same")
    private static let dbus = Rule<KeepalivedGlobals>.inVain(
        "D-Bus is not spoken; 'lbctl status --json', 'lbctl reload' and notify_fifo do the same")
}

extension Rule {
    /// keepalived's optional Boolean whose `on` the program always does: a warning where it is `off`.
    ///
    /// - Parameter reason: What the program does whatever is written.
    /// - Returns: A rule that warns of `off`.
    static func always(_ reason: String) -> Rule {
        .line { _, arguments throws(Remark) in
            guard try !arguments.isOn() else { return }
            arguments.warn("\(arguments.label.quoted) can't be switched off: \(reason)")
        }
    }

    /// A keyword that is understood and has no effect here: always a warning that says why.
    static func inVain(_ reason: String) -> Rule {
        Rule(isRepeatable: true) { _, arguments in
            arguments.warn("\(arguments.label.quoted) has no effect: \(reason)")
            _ = arguments.remaining()
        }
    }

    /// The absolute path of a file.
    fileprivate static func path(_ field: Field<Target, String>) -> Rule {
        .line { target, arguments throws(Remark) in
            target[keyPath: field] = try arguments.absolutePath("the path of a file").text
        }
    }
}

extension Arguments {
    /// The absolute path that is next.
    mutating func absolutePath(_ what: String) throws(Remark) -> Word {
        let path = try next(what)
        guard path.text.hasPrefix("/"), path.text != "/" else {
            throw .error(
                "\(path.text.quoted): must be an absolute path, since the program's directory is"
                    + " nobody's choice", at: path.position)
        }
        return path
    }
}
