/// The time between an Active router's advertisements, in the unit of its protocol version.
///
/// The unit decides the version, so that neither a packet nor a configuration can hold an interval
/// that its version cannot carry.
public enum AdvertisementInterval: Hashable, Sendable, Codable {
    /// Version 2: whole seconds, 1 to 255 (RFC 3768 §5.3.7).
    case v2(WholeSeconds)
    /// Version 3: hundredths of a second, 1 to 4095 (RFC 9568 §5.2.7).
    case v3(Centiseconds)

    /// Makes the interval that `version` can carry; version 2 rounds to whole seconds, at least one.
    public init(_ interval: Centiseconds, version: VRRPVersion) {
        switch version {
        case .v2: self = .v2(WholeSeconds(rounding: interval))
        case .v3: self = .v3(interval)
        }
    }

    /// The version of the protocol that carries this interval.
    public var version: VRRPVersion {
        switch self {
        case .v2: .v2
        case .v3: .v3
        }
    }

    /// The same length of time as a `Duration`, exactly.
    public var duration: Duration {
        switch self {
        case .v2(let interval): interval.duration
        case .v3(let interval): interval.duration
        }
    }

    /// The interval that can be carried over `family`: over IPv6, version 2 becomes version 3.
    ///
    /// Version 2 is of IPv4 only. What is longer than version 3 can say becomes 40.95 s.
    public func carried(over family: AddressFamily) -> AdvertisementInterval {
        switch (self, family) {
        case (.v3, _), (.v2, .ipv4): self
        case (.v2(let interval), .ipv6):
            .v3(Centiseconds(rawValue: UInt16(interval.rawValue) * 100) ?? .longest)
        }
    }

    /// Skew_Time: what a Backup of this priority waits longer than one that is ranked higher.
    ///
    /// Version 3: (256 - priority) · interval / 256. Version 2: (256 - priority) / 256 seconds,
    /// whatever the interval. Exact to the attosecond: in whole hundredths of a second an interval
    /// of 0.01 s would give every router the same skew.
    ///
    /// RFC 9568 §6.1, RFC 3768 §6.1.
    public func skewTime(for priority: Priority) -> Duration {
        let unit =
            switch self {
            case .v2: Duration.seconds(1)
            case .v3(let interval): interval.duration
            }
        return unit * (256 - Int(priority.rawValue)) / 256
    }

    /// Active_Down_Interval: how long a Backup hears nothing before it takes over.
    ///
    /// 3 · interval + Skew_Time. RFC 9568 §6.1, RFC 3768 §6.1.
    ///
    /// - Parameters:
    ///   - priority: The Backup's own.
    ///   - lostAdvertisements: How many advertisements in a row have to stay away, 3 in the RFC
    ///     (keepalived's `down_timer_adverts`); below 1 counts as 1.
    /// - Returns: The time, exactly.
    public func activeDownInterval(
        for priority: Priority, lostAdvertisements: Int = 3
    ) -> Duration {
        duration * max(lostAdvertisements, 1) + skewTime(for: priority)
    }
}
