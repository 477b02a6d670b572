import VRRPCore

/// Reads a file in keepalived's language into a draft.
///
/// keepalived.conf(5). Its own parser turns most mistakes into a log line and a default; here
/// each is an error with its place.
struct KeepalivedReader {
    /// The names of the files, by their number in positions.
    let files: [String]
    private var globals = KeepalivedGlobals()
    private var instances: [KeepalivedInstance] = []
    private var groups: [KeepalivedSyncGroup] = []
    private var scripts: [KeepalivedScript] = []
    private var trackFiles: [KeepalivedFile] = []
    private var processes: [KeepalivedProcess] = []
    private var delays: [(delays: InterfaceDelays, word: Word)] = []

    /// Reads the lines of a file and of those that it includes; what they say counts once
    /// ``finish(_:into:)`` is called.
    ///
    /// - Parameters:
    ///   - directives: The lines.
    ///   - files: The names of the files, by their number in positions.
    ///   - globals: What the files before it say in `global_defs`; with its own afterwards.
    /// - Returns: What there is to say about it, in no particular order.
    static func read(
        _ directives: [Directive], files: [String], globals: inout KeepalivedGlobals
    ) -> (reader: KeepalivedReader, remarks: [Remark]) {
        var reader = KeepalivedReader(files: files)
        reader.globals = globals
        reader.globals.files = files
        var remarks: [Remark] = []
        table.read(directives, into: &reader, remarks: &remarks)
        globals = reader.globals
        return (reader, remarks)
    }

    private func location(of position: Position) -> Location {
        Location(file: files[position.source], position: position)
    }

    /// Gives what was read to the draft.
    ///
    /// - Parameters:
    ///   - globals: What all files together say in `global_defs`.
    ///   - draft: Where it goes to.
    /// - Returns: What there is to say about it, in no particular order.
    func finish(_ globals: KeepalivedGlobals, into draft: inout Draft) -> [Remark] {
        var remarks: [Remark] = []
        var reader = self
        reader.globals = globals
        reader.finish(into: &draft, &remarks)
        return remarks
    }

    /// keepalived.conf(5), "TOP HIERARCHY".
    static let table = KeywordTable<KeepalivedReader>(
        "keyword", scope: "of keepalived's language, outside of blocks",
        [
            "global_defs": .block { reader, arguments throws(Remark) in
                arguments.readBlock(with: KeepalivedGlobals.table, into: &reader.globals)
            },
            "vrrp_script": .block { reader, arguments throws(Remark) in
                var script = KeepalivedScript(name: try arguments.next("a name"))
                arguments.readBlock(with: KeepalivedScript.table, into: &script)
                reader.scripts.append(script)
            },
            "vrrp_instance": .block { reader, arguments throws(Remark) in
                var instance = KeepalivedInstance(name: try arguments.next("a name"))
                arguments.readBlock(with: KeepalivedInstance.table, into: &instance)
                reader.instances.append(instance)
            },
            "track_file": trackFile, "vrrp_track_file": trackFile,
            "vrrp_track_process": .block { reader, arguments throws(Remark) in
                var process = KeepalivedProcess(name: try arguments.next("a name"))
                arguments.readBlock(with: KeepalivedProcess.table, into: &process)
                reader.processes.append(process)
            },
            "vrrp_sync_group": .block { reader, arguments throws(Remark) in
                var group = KeepalivedSyncGroup(name: try arguments.next("a name"))
                arguments.readBlock(with: KeepalivedSyncGroup.table, into: &group)
                reader.groups.append(group)
            },
            "interface_up_down_delays": .block { reader, arguments throws(Remark) in
                reader.delays += KeepalivedDelays.read(&arguments)
            },
            "virtual_server": .notYet("the kernel's balancer (IPVS) is left alone"),
            "virtual_server_group": .notYet("the kernel's balancer (IPVS) is left alone"),
            "net_namespace": .notYet("everything happens in the namespace it is started in"),
        ],
        notYet: """
            bfd_instance child_wait_time config_save_dir garp_group instance
            linkbeat_interfaces linkbeat_use_polling namespace_with_ipsets
            net_namespace_ipvs static_ipaddress static_routes static_rules tmp_config_directory
            track_group umask use_pid_dir
            """)

    private static let trackFile = Rule<KeepalivedReader>.block {
        reader, arguments throws(Remark) in
        var file = KeepalivedFile(name: try arguments.next("a name"))
        arguments.readBlock(with: KeepalivedFile.table, into: &file)
        reader.trackFiles.append(file)
    }

    private func finish(into draft: inout Draft, _ remarks: inout [Remark]) {
        finishGlobals(into: &draft)
        finishTrackers(into: &draft, &remarks)
        for instance in instances {
            guard let settings = instance.finished(globals, &remarks) else { continue }
            let vrid = location(of: instance.vridPosition)
            draft.routers.append(
                Placed(
                    value: Draft.Router(settings: settings, vridLocation: vrid),
                    location: location(of: instance.name.position)))
        }
        for group in groups {
            draft.groupMembers += group.members.map {
                Placed(value: $0.text, location: location(of: $0.position))
            }
            guard let settings = group.finished(globals, &remarks) else { continue }
            draft.syncGroups.append(
                Placed(value: settings, location: location(of: group.name.position)))
        }
        draft.instanceNames.formUnion(instances.map(\.name.text))
        let references =
            instances.flatMap(\.tracked.references) + groups.flatMap(\.tracked.references)
        for reference in references {
            draft.trackReferences.append(
                Placed(
                    value: Draft.TrackReference(kind: reference.kind, name: reference.name.text),
                    location: location(of: reference.name.position)))
        }
    }

    private func finishGlobals(into draft: inout Draft) {
        if let routerID = globals.routerID { draft.global.routerID = routerID }
        draft.global.process = globals.process
        draft.global.dumps = globals.dumps
        draft.global.logsUnknownVRIDs = draft.global.logsUnknownVRIDs || globals.logsUnknownVRIDs
        draft.global.mail = globals.mail.settings
        draft.global.startupDelay = globals.startupDelay ?? draft.global.startupDelay
        draft.global.arpSpacing = globals.arpSpacing ?? draft.global.arpSpacing
        draft.global.neighborSpacing = globals.neighborSpacing ?? draft.global.neighborSpacing
        draft.global.delayAfterBoot = globals.delayAfterBoot ?? draft.global.delayAfterBoot
        draft.interfaceDelays += delays.map {
            Placed(value: $0.delays, location: location(of: $0.word.position))
        }
    }

    private func finishTrackers(into draft: inout Draft, _ remarks: inout [Remark]) {
        for script in scripts {
            draft.scriptNames.insert(script.name.text)
            let location = location(of: script.name.position)
            guard let value = script.finished(globals, &remarks) else {
                draft.refusedScripts.insert(script.name.text)
                continue
            }
            draft.scripts.append(Placed(value: value, location: location))
        }
        for file in trackFiles {
            draft.trackFileNames.insert(file.name.text)
            guard let value = file.finished(&remarks) else { continue }
            draft.trackFiles.append(
                Placed(value: value, location: location(of: file.name.position)))
        }
        for process in processes {
            draft.trackProcessNames.insert(process.name.text)
            guard let value = process.finished(&remarks) else { continue }
            draft.trackProcesses.append(
                Placed(value: value, location: location(of: process.name.position)))
        }
    }
}
