import VRRPCore

/// A block `vrrp_instance` of keepalived's language, before defaults and cross-checks.
struct KeepalivedInstance: Sendable {
    let name: Word
    var interface: String?
    /// Whether an interface was written, be it a wrong one.
    var namesInterface = false
    var vrid: VRID?
    /// Whether an identifier was written, be it a wrong one.
    var namesVRID = false
    var vridPosition: Position
    var priority: Priority?
    var startsActive: Bool?
    var version: VRRPVersion?
    var versionPosition: Position?
    var interval: Word?
    var noPreempt: Word?
    var sendsMessageOnlyChecksum = false
    var lostAdvertisements: Int?
    var isStrict: Bool?
    var answersInferiors: Bool?
    var ignoresOthersAsOwner: Bool?
    var transport = KeepalivedTransport()
    var authentication = KeepalivedAuthentication()
    var excludedAddresses: [VirtualAddress] = []
    var addresses: [VirtualAddress] = []
    /// Whether it is meant to hold no address (`no_virtual_ipaddress`).
    var isWithoutAddresses = false
    /// Whether it speaks over IPv6 though no address says so (`native_ipv6`).
    var isNativeIPv6 = false
    /// Whether addresses were written, be they wrong ones.
    var listsAddresses = false
    /// Whether it was said that an advertisement has no room for more addresses.
    var isFull = false
    var virtualMAC: KeepalivedVirtualMAC?
    var advertisesFromBase = false
    var acceptsTraffic = true
    var tracksOwnInterface = true
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
        let interface = interface ?? interfaceOfSource
        for (isMissing, keyword) in [
            (interface == nil && !namesInterface, "interface"),
            (vrid == nil && !namesVRID, "virtual_router_id"),
        ] where isMissing {
            remarks.append(
                .error("vrrp_instance \(name.text.quoted) has no '\(keyword)'", at: name.position))
        }
        guard let interface, let vrid else { return nil }
        let priority = priority ?? (startsActive == true ? .owner : .default)
        var settings = VirtualRouterSettings(
            name: name.text, interface: interface, vrid: vrid, priority: priority)
        settings.followsSource = self.interface == nil
        settings.startsActive = startsActive ?? (priority == .owner)
        settings.addresses = addresses
        settings.familyWithoutAddresses = familyWithoutAddresses
        settings.excludedAddresses = excludedAddresses
        let version = spokenVersion(settings.family, globals, &remarks)
        do throws(Remark) {
            settings.advertisementInterval = try advertisementInterval(version, &remarks)
        } catch { remarks.append(error) }
        do throws(Remark) {
            try transport.apply(to: &settings, globals: globals, remarks: &remarks)
        } catch { remarks.append(error) }
        do throws(Remark) {
            try authentication.apply(to: &settings, remarks: &remarks)
        } catch { remarks.append(error) }
        settings.preempts = preempts(priority, &remarks)
        settings.sendsMessageOnlyChecksum = sendsMessageOnlyChecksum
        settings.lostAdvertisements = lostAdvertisements ?? globals.lostAdvertisements ?? 3
        settings.waitsFullSkew = isStrict ?? globals.isStrict ?? false
        settings.answersInferiors = answersInferiors ?? globals.answersInferiors ?? true
        settings.ignoresOthersAsOwner =
            ignoresOthersAsOwner ?? globals.ignoresOthersAsOwner ?? false
        applyMoves(to: &settings, globals, &remarks)
        remarkOnAddresses(&remarks)
        return settings
    }

    /// The family that the rest of the block speaks, where no address does.
    private var familyWithoutAddresses: AddressFamily {
        isNativeIPv6 ? .ipv6 : transport.family ?? excludedAddresses.first?.address.family ?? .ipv4
    }

    /// What stands for the interface where it is the one that has the source address.
    ///
    /// No interface can have this name, and it tells one such instance from another.
    private var interfaceOfSource: String? {
        guard transport.peers?.isEmpty == false, let source = transport.unicastSource else {
            return nil
        }
        return "that has \(source.address)"
    }

    /// keepalived runs an instance without addresses, too.
    private func remarkOnAddresses(_ remarks: inout [Remark]) {
        if addresses.isEmpty, !listsAddresses, !isWithoutAddresses {
            let consequence =
                if !excludedAddresses.isEmpty {
                    "advertises no address: it holds those of virtual_ipaddress_excluded, and names"
                        + " them to nobody; write one at least into virtual_ipaddress, or"
                } else if !routes.isEmpty || !rules.isEmpty {
                    "has no address to hold, only routes or rules; write"
                } else {
                    "has no address to hold: it only elects and notifies; write"
                }
            remarks.append(
                .warning(
                    "vrrp_instance \(name.text.quoted) \(consequence) 'no_virtual_ipaddress' if that"
                        + " is meant", at: name.position))
        }
        if isWithoutAddresses, !addresses.isEmpty {
            remarks.append(
                .warning(
                    "'no_virtual_ipaddress' has no effect beside the addresses of"
                        + " virtual_ipaddress", at: name.position))
        }
    }

    /// What it moves, watches and tells.
    private func applyMoves(
        to settings: inout VirtualRouterSettings, _ globals: KeepalivedGlobals,
        _ remarks: inout [Remark]
    ) {
        settings.virtualMAC = virtualMAC?.settings(
            settings.vrid, settings.family,
            advertisesFromBase: advertisesFromBase)
        settings.acceptsTraffic = acceptsTraffic
        settings.tracksOwnInterface = tracksOwnInterface
        settings.routes = routes
        settings.rules = rules
        settings.preemptDelay = preemptDelay(settings.priority, &remarks)
        settings.trackedScripts = tracked.scripts
        settings.trackedFiles = tracked.files
        settings.trackedProcesses = tracked.processes
        settings.trackedBackends = tracked.backends
        settings.trackedChecks = tracked.checks
        settings.trackedInterfaces = tracked.interfaces
        settings.announcements = announcements.settings(over: globals.announcements)
        settings.notifications = notifications.settings(globals, &remarks)
        settings.tellsPriorityChanges =
            notifications.tellsPriorityChanges ?? globals.tellsPriorityChanges
        settings.sendsMail = notifications.sendsMail ?? globals.sendsMail
        if settings.sendsMail, globals.mail.settings == nil {
            remarks.append(
                .warning(
                    "vrrp_instance \(name.text.quoted) asks for mail (smtp_alert), and global_defs"
                        + " names nobody in 'notification_email': no mail is sent",
                    at: name.position))
        }
    }

    /// Version 2 is of IPv4 only.
    private func spokenVersion(
        _ family: AddressFamily, _ globals: KeepalivedGlobals, _ remarks: inout [Remark]
    ) -> VRRPVersion {
        guard family == .ipv6 else {
            return version ?? globals.version ?? .v2
        }
        if version == .v2, let versionPosition {
            remarks.append(
                .warning(
                    "'version 2' has no effect with IPv6 addresses, which have version 3 alone",
                    at: versionPosition))
        }
        return .v3
    }

    /// The interval that the version can carry, rounded to it as keepalived does.
    ///
    /// RFC 3768 §5.3.7: whole seconds. RFC 9568 §5.2.7: hundredths of a second in 12 bits.
    private func advertisementInterval(
        _ version: VRRPVersion, _ remarks: inout [Remark]
    ) throws(Remark) -> AdvertisementInterval {
        guard let interval else { return AdvertisementInterval(.oneSecond, version: version) }
        let what = "advert_int \(interval.text.quoted)"
        guard let duration = Duration(decimalSeconds: interval.text) else {
            throw .error("\(what): must be a number of seconds", at: interval.position)
        }
        let hundredths = Int((duration / .milliseconds(10)).rounded())
        let rounded: AdvertisementInterval
        switch version {
        case .v2:
            guard duration >= .milliseconds(10), duration <= .seconds(255),
                let seconds = WholeSeconds(rawValue: UInt8(max(1, (hundredths + 50) / 100)))
            else {
                throw .error(
                    "\(what): version 2 takes whole seconds, 1 to 255; add 'version 3' for less",
                    at: interval.position)
            }
            rounded = .v2(seconds)
        case .v3:
            guard duration >= .milliseconds(10), duration <= .milliseconds(40_950),
                let centiseconds = Centiseconds(rawValue: UInt16(max(1, hundredths)))
            else {
                throw .error(
                    "\(what): version 3 takes 0.01 to 40.95 seconds in steps of 0.01",
                    at: interval.position)
            }
            rounded = .v3(centiseconds)
        }
        if rounded.duration != duration {
            remarks.append(
                .warning(
                    "\(what): rounded to \(rounded.duration.inSeconds) s, since version"
                        + " \(version.rawValue) counts in steps of"
                        + " \(version == .v2 ? "1 s" : "0.01 s")", at: interval.position))
        }
        return rounded
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

    /// keepalived drops `preempt_delay` where the instance is bound to be Active, or never preempts.
    private func preemptDelay(_ priority: Priority, _ remarks: inout [Remark]) -> Duration {
        guard let (keyword, delay) = preemptDelay, delay > .zero else { return .zero }
        let cause: String? =
            if startsActive == true {
                "with state MASTER (write state BACKUP, which changes nothing else)"
            } else if priority == .owner {
                "with priority 255, since the owner takes its addresses at once"
            } else if noPreempt != nil {
                "with nopreempt, since there is nothing to delay"
            } else {
                nil
            }
        guard let cause else { return delay }
        remarks.append(
            .warning(
                "'preempt_delay' has no effect \(cause), as in keepalived", at: keyword.position))
        return .zero
    }
}
