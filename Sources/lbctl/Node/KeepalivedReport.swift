#if Program
internal import Failover
internal import FoundationEssentials
internal import Glibc
internal import LinuxIO
internal import NodeConfiguration
internal import VRRPCore

/// What keepalived tells of its instances, in its own words, for programs that read it.
///
/// The names are those of keepalived 2.2; what has no counterpart here has the value of a keepalived
/// that does not use it.
struct KeepalivedReport {
    private struct Instance: Encodable {
        let data: Settings
        let stats: Counters
    }

    private struct Document: Encodable {
        let vrrp: [Instance]
    }

    private let instances: [Instance]
    private let names: [String]

    /// Reports a node.
    ///
    /// - Parameters:
    ///   - model: What it is configured to do.
    ///   - snapshot: Where its election stands; `nil`: it has none.
    init(_ model: Model, _ snapshot: FailoverSnapshot?) {
        let routers = snapshot?.routers ?? []
        names = routers.map(\.settings.name)
        instances = routers.map { router in
            let settings = model.virtualRouters.first { $0.name == router.settings.name }
            return Instance(
                data: Settings(router, settings, scripts: model.scripts),
                stats: Counters(router.counters))
        }
    }

    /// The JSON document: a list of instances, in version 2 inside an object.
    func json(version: Int) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        let data =
            version == 2
            ? try? encoder.encode(Document(vrrp: instances)) : try? encoder.encode(instances)
        // Encoding fails only for numbers that are not finite, and there is none.
        return Array(data ?? Data()) + [0x0A]
    }

    /// The text that keepalived writes on SIGUSR2.
    var countersText: String {
        zip(names, instances).map { name, instance in
            let stats = instance.stats
            return """
                VRRP Instance: \(name)
                  Advertisements:
                    Received: \(stats.advert_rcvd)
                    Sent: \(stats.advert_sent)
                  Became master: \(stats.become_master)
                  Released master: \(stats.release_master)
                  Packet Errors:
                    Length: \(stats.packet_len_err)
                    TTL: \(stats.ip_ttl_err)
                    Invalid Type: \(stats.invalid_type_rcvd)
                    Advertisement Interval: \(stats.advert_interval_err)
                    Address List: \(stats.addr_list_err)
                  Authentication Errors:
                    Invalid Type: \(stats.invalid_authtype)
                    Type Mismatch: \(stats.authtype_mismatch)
                    Failure: \(stats.auth_failure)
                  Priority Zero:
                    Received: \(stats.pri_zero_rcvd)
                    Sent: \(stats.pri_zero_sent)

                """
        }.joined()
    }
}

extension KeepalivedReport {
    /// keepalived's names of its counters.
    fileprivate struct Counters: Encodable {
        let advert_rcvd: Int
        let advert_sent: Int
        let become_master: Int
        let release_master: Int
        let packet_len_err: Int
        let advert_interval_err: Int
        let ip_ttl_err: Int
        let invalid_type_rcvd: Int
        let addr_list_err: Int
        let invalid_authtype = 0
        let authtype_mismatch: Int
        let auth_failure: Int
        let pri_zero_rcvd: Int
        let pri_zero_sent: Int

        init(_ counters: RouterCounters) {
            let refused = counters.refused
            advert_rcvd = counters.received
            advert_sent = counters.sent
            become_master = counters.becameActive
            release_master = counters.releasedActive
            packet_len_err = refused[.truncated] + refused[.ipHeader]
            advert_interval_err = refused[.interval]
            ip_ttl_err = refused[.hopLimit]
            invalid_type_rcvd = refused[.type]
            addr_list_err = refused[.noAddresses]
            authtype_mismatch = refused[.authenticationType] + refused[.authenticationHeader]
            auth_failure = refused[.password]
            pri_zero_rcvd = counters.releasesReceived
            pri_zero_sent = counters.releasesSent
        }
    }

    /// keepalived's names of what an instance is and does.
    fileprivate struct Settings: Encodable {
        let iname: String
        let dont_track_primary: Int
        let skip_check_adv_addr = 1
        let strict_mode = 0
        let vmac_ifname: String
        let ifp_ifname: String
        let master_priority: Int
        let last_transition: Double
        let garp_delay: Int
        let garp_refresh: Int
        let garp_rep: Int
        let garp_refresh_rep: Int
        let garp_lower_prio_delay: Int
        let garp_lower_prio_rep: Int
        let lower_prio_no_advert: Int
        let higher_prio_send_advert = 1
        let vrid: Int
        let base_priority: Int
        let effective_priority: Int
        let vipset: Bool
        let promote_secondaries = false
        let adver_int: Double
        let master_adver_int: Double
        let accept: Int
        let nopreempt: Bool
        let preempt_delay: Int
        let state: Int
        let wantstate: Int
        let version: Int
        let smtp_alert: Bool
        let notify_deleted: Bool
        let vips: [String]
        let evips: [String]
        let vroutes: [String]
        let vrules: [String]
        let track_ifp: [String]
        let track_script: [String]
        let auth_type: Int

        init(
            _ router: RouterSnapshot, _ configured: VirtualRouterSettings?, scripts: [TrackScript]
        ) {
            let settings = router.settings
            let announced = settings.announcements
            iname = settings.name
            dont_track_primary = settings.tracksOwnInterface ? 0 : 1
            vmac_ifname = settings.virtualMAC?.linkName ?? ""
            ifp_ifname = settings.interface
            let heard = router.state == .backup ? router.lastHeard : nil
            master_priority = heard.map { Int($0.priority.rawValue) } ?? 0
            last_transition =
                router.since.map { since in
                    (Duration.microseconds(RealTimeClock.microseconds)
                        - (MonotonicInstant.now - since)) / .seconds(1)
                } ?? 0
            garp_delay = announced.secondBurstDelay.wholeSeconds
            garp_refresh = announced.refreshInterval.wholeSeconds
            garp_rep = announced.repetitions
            garp_refresh_rep = announced.refreshRepetitions
            garp_lower_prio_delay =
                (announced.contestBurstDelay ?? announced.secondBurstDelay).wholeSeconds
            garp_lower_prio_rep = announced.contestRepetitions ?? announced.repetitions
            lower_prio_no_advert = settings.answersInferiors ? 0 : 1
            vrid = Int(settings.vrid.rawValue)
            base_priority = Int(settings.priority.rawValue)
            effective_priority = Int(router.effectivePriority.rawValue)
            vipset = router.state == .active
            adver_int = settings.interval.duration / .seconds(1)
            master_adver_int = (heard?.interval ?? settings.interval).duration / .seconds(1)
            accept = settings.acceptsTraffic ? 1 : 0
            nopreempt = !settings.preempts
            preempt_delay = settings.preemptDelay.wholeSeconds
            state = router.state.keepalivedNumber
            wantstate = configured?.startsActive == true ? 2 : 1
            version = settings.interval.version.rawValue
            smtp_alert = settings.sendsMail
            notify_deleted = settings.notifications.deleted != nil
            vips = settings.addresses.map { $0.keepalivedText(router) }
            evips = settings.excludedAddresses.map { $0.keepalivedText(router) }
            vroutes = settings.routes.map { "\($0)" }
            vrules = settings.rules.map { "\($0)" }
            track_ifp = settings.trackedInterfaces.map(\.name)
            track_script = (configured?.trackedScripts ?? []).compactMap { tracked in
                guard let script = scripts.first(where: { $0.name == tracked.name }),
                    case .command(let command) = script.source
                else { return nil }
                return "'\(command.joined(separator: " "))'"
            }
            auth_type = settings.password == nil ? 0 : 1
        }
    }
}

extension Duration {
    fileprivate var wholeSeconds: Int { Int(components.seconds) }
}

extension RouterState {
    /// keepalived's number.
    fileprivate var keepalivedNumber: Int {
        switch self {
        case .stopped: 0
        case .backup: 1
        case .active: 2
        case .fault: 3
        }
    }
}

extension HeldAddress {
    /// `ADDRESS[/LENGTH] dev INTERFACE [label LABEL] [set]`.
    fileprivate func keepalivedText(_ router: RouterSnapshot) -> String {
        let isHost = prefixLength == 8 * address.family.addressByteCount
        let device = interface ?? router.settings.virtualMAC?.linkName ?? router.settings.interface
        return "\(address)\(isHost ? "" : "/\(prefixLength)") dev \(device) scope global"
            + (label.map { " label \($0)" } ?? "")
            + (router.heldAddresses.contains(where: { $0.address == address }) ? " set" : "")
    }
}
#endif
