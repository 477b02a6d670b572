import VRRPCore

/// A block `vrrp_instance` of keepalived's language, before defaults and cross-checks.
struct KeepalivedInstance: Sendable {
    let name: Word
    var interface: String?
    var vrid: VRID?
    var vridPosition: Position
    var priority: Priority?
    var startsActive: Bool?
    var version: ProtocolVersion?
    var interval: Word?
    var noPreempt: Word?
    var sendsMessageOnlyChecksum = false
    var addresses: [VirtualAddress] = []
    /// Whether addresses were written, be they wrong ones.
    var listsAddresses = false
    var routes: [VirtualRoute] = []
    var rules: [VirtualRule] = []
    var preemptDelay: (keyword: Word, delay: Duration)?
    var tracked = KeepalivedTracked()
    var announcements = AnnouncementOverrides()
    var notifications = KeepalivedNotifications()

    init(name: Word) {
        self.name = name
        vridPosition = name.position
    }

    /// The virtual router, or `nil` and remarks where something necessary is missing.
    func finished(
        _ globals: KeepalivedGlobals, _ remarks: inout [Remark]
    ) -> VirtualRouterSettings? {
        for (isMissing, keyword) in [
            (interface == nil, "interface"), (vrid == nil, "virtual_router_id"),
        ] where isMissing {
            remarks.append(
                .error("vrrp_instance \(name.text.quoted) has no '\(keyword)'", at: name.position))
        }
        guard let interface, let vrid else { return nil }
        let priority = priority ?? (startsActive == true ? .owner : .default)
        var settings = VirtualRouterSettings(
            name: name.text, interface: interface, vrid: vrid, priority: priority)
        settings.startsActive = startsActive ?? (priority == .owner)
        settings.version = version ?? globals.version ?? .v2
        do throws(Remark) {
            settings.advertisementInterval = try advertisementInterval(settings.version)
        } catch {
            remarks.append(error)
        }
        settings.preempts = preempts(priority, &remarks)
        settings.sendsMessageOnlyChecksum = sendsMessageOnlyChecksum
        settings.addresses = addresses
        settings.routes = routes
        settings.rules = rules
        settings.preemptDelay = preemptDelay(priority, &remarks)
        settings.trackedScripts = tracked.scripts
        settings.trackedFiles = tracked.files
        settings.trackedProcesses = tracked.processes
        settings.trackedBackends = tracked.backends
        settings.trackedInterfaces = tracked.interfaces
        settings.announcements = announcements.settings(over: globals.announcements)
        settings.notifications = notifications.settings(globals)
        settings.tellsPriorityChanges =
            notifications.tellsPriorityChanges ?? globals.tellsPriorityChanges
        settings.sendsMail = notifications.sendsMail ?? globals.sendsMail
        // A message names one address at least (RFC 9568 §5.2.5).
        if addresses.isEmpty, !listsAddresses {
            remarks.append(
                .error(
                    "vrrp_instance \(name.text.quoted) has no address to hold: this is known but"
                        + " not implemented yet; add virtual_ipaddress", at: name.position))
        }
        return settings
    }

    /// The interval that the version can carry.
    ///
    /// RFC 3768 §5.3.7: whole seconds. RFC 9568 §5.2.7: hundredths of a second in 12 bits.
    private func advertisementInterval(_ version: ProtocolVersion) throws(Remark) -> Centiseconds {
        guard let interval else { return .oneSecond }
        let what = "advert_int \(interval.text.quoted)"
        guard let duration = Duration(decimalSeconds: interval.text) else {
            throw .error("\(what): must be a number of seconds", at: interval.position)
        }
        let (seconds, attoseconds) = duration.components
        switch version {
        case .v2:
            guard attoseconds == 0, (1...255).contains(seconds) else {
                throw .error(
                    "\(what): version 2 takes whole seconds, 1 to 255; add 'version 3' for less",
                    at: interval.position)
            }
            guard let value = Centiseconds(rawValue: UInt16(100 * seconds)) else {
                throw .error(
                    "\(what): more than 40 seconds are known but not implemented yet",
                    at: interval.position)
            }
            return value
        case .v3:
            let (hundredths, rest) = attoseconds.quotientAndRemainder(
                dividingBy: 10_000_000_000_000_000)
            guard rest == 0, seconds <= 40,
                let value = Centiseconds(rawValue: UInt16(100 * seconds + hundredths))
            else {
                throw .error(
                    "\(what): version 3 takes 0.01 to 40.95 seconds in steps of 0.01",
                    at: interval.position)
            }
            return value
        }
    }

    /// keepalived drops `nopreempt` where the instance is bound to be the Active router.
    private func preempts(_ priority: Priority, _ remarks: inout [Remark]) -> Bool {
        guard let noPreempt else { return true }
        guard startsActive == true || priority == .owner else { return false }
        let cause = startsActive == true ? "state MASTER" : "priority 255"
        remarks.append(
            .warning(
                "'nopreempt' has no effect with \(cause), as in keepalived; write state BACKUP"
                    + " and a priority below 255 to have it", at: noPreempt.position))
        return true
    }

    /// keepalived refuses `preempt_delay` where the instance is bound to be Active, or never preempts.
    private func preemptDelay(_ priority: Priority, _ remarks: inout [Remark]) -> Duration {
        guard let (keyword, delay) = preemptDelay, delay > .zero else { return .zero }
        let cause: String? =
            if startsActive == true {
                "with state MASTER; write state BACKUP, which changes nothing else"
            } else if priority == .owner {
                "with priority 255: the owner of the addresses takes them at once"
            } else if noPreempt != nil {
                "with nopreempt: there is nothing to delay; take one of the two out"
            } else {
                nil
            }
        guard let cause else { return delay }
        remarks.append(.error("'preempt_delay' can't be used \(cause)", at: keyword.position))
        return .zero
    }
}
