#if Program
internal import BalancerTLS
internal import Glibc
internal import NodeConfiguration
internal import Reactor

extension Model {
    /// When the certificates end to be good that clients and servers are shown, in seconds since 1970, by
    /// their paths.
    var certificateEnds: [String: Int] {
        var ends: [String: Int] = [:]
        for (path, bytes) in certificates {
            let certificate = TLSListenerSettings.Certificate(name: path, pem: bytes)
            do throws(TLSSettingsError) { ends[path] = try certificate.notAfter() } catch {
                // What none can be made of has its own complaint.
                continue
            }
        }
        return ends
    }

    /// How long they are still good; below 0: for how long they have not been.
    var certificateTimes: [String: Duration] {
        let now = Glibc.time(nil)
        return certificateEnds.mapValues { .seconds($0 - now) }
    }
}

/// How a certificate's end is told of: in whole days.
enum CertificateTime {
    /// From when on it is told of.
    static let notice = Duration.seconds(14 * 86_400)

    /// What there is to say of one; `nil`: nothing yet.
    static func complaint(_ left: Duration) -> String? {
        guard left < notice else { return nil }
        let days = left.components.seconds / 86_400
        if left < .zero {
            return days == 0 ? "has ended" : "ended \(-days) day\(days == -1 ? "" : "s") ago"
        }
        return days == 0 ? "ends within a day" : "ends in \(days) day\(days == 1 ? "" : "s")"
    }
}

/// Warns of certificates that end soon: when they come into use, and then each day.
final class CertificateWatch {
    private let loop: EventLoop
    private let interval: Duration
    private let warn: (String) -> Void
    private var ends: [String: Int] = [:]
    private var next: EventLoop.Deadline?

    /// Makes one that watches nothing.
    ///
    /// - Parameters:
    ///   - loop: Whose thread it lives on.
    ///   - interval: How often it warns.
    ///   - warn: Hears the warnings.
    init(
        _ loop: EventLoop, interval: Duration = .seconds(86_400),
        warn: @escaping (String) -> Void
    ) {
        (self.loop, self.interval, self.warn) = (loop, interval, warn)
    }

    /// Watches these instead of those of before.
    ///
    /// - Parameter ends: When each ends, in seconds since 1970, by its path.
    func watch(_ ends: [String: Int]) {
        self.ends = ends
        tell()
    }

    private func tell() {
        if let next { loop.cancel(next) }
        let now = Glibc.time(nil)
        for (path, end) in ends.sorted(by: { $0.key < $1.key }) {
            guard let complaint = CertificateTime.complaint(.seconds(end - now)) else { continue }
            warn("certificate '\(path)' \(complaint); renew it, and 'lbctl reload'")
        }
        // What is good for long today is told of once it is not.
        next = ends.isEmpty ? nil : loop.schedule(after: interval) { [weak self] in self?.tell() }
    }
}
#endif
