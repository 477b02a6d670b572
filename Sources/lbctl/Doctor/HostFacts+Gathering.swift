#if Program
internal import Control
internal import Failover
internal import Foundation
internal import Glibc
internal import LinuxIO
internal import Netlink
internal import NodeConfiguration
internal import VRRPCore

extension HostFacts {
    /// Looks at the host, in the network namespace of the calling thread, and changes nothing.
    ///
    /// - Parameters:
    ///   - model: What is to run.
    ///   - control: Where a program that runs would be asked.
    /// - Throws: `Failure`: a full descriptor table.
    init(for model: Model, control: ControlOptions) throws(Failure) {
        do throws(HostError) { survey = try HostSurvey(for: FailoverConfiguration(model)) } catch {
            throw Failure(.systemRefused, error.description)
        }
        kernel = KernelSettings.version
        restrictsLocalPorts = StreamSocket.canRestrictLocalPorts
        localPortCount = KernelSettings.localPortRange.count
        hardOpenFileLimit = KernelSettings.hardOpenFileLimit
        mostWaiting = try? KernelParameter("net/core/somaxconn").value()
        if !Privileges.isRoot || model.global.userID ?? 0 != 0 {
            let pages = try? KernelParameter("fs/pipe-user-pages-soft").value()
            // 0: as many as anybody wants.
            pipePages = pages == 0 ? nil : pages
        }
        (realTimeRefusal, lockingRefusal) = HostFacts.timelinessRefusals(model.global.process)
        do throws(Failure) { try model.checkPrivileges() } catch { accountRefusal = error.message }
        ask(at: control)
        for name in Set(survey.routers.map(\.interface)) { readParameters(of: name) }
        attempts = HostFacts.attempts(for: model)
        programs = HostFacts.programs(of: model)
        absentLogSockets = HostFacts.logSockets(of: model).filter {
            !FileManager.default.fileExists(atPath: $0)
        }
        certificates = model.certificateTimes
        names = NameLookups.ask(for: model.namesForTheHost, within: .seconds(5))
        if model.virtualRouters.contains(where: { !$0.acceptsTraffic }) {
            hasFilterProgram = HostFacts.isProgram("nft")
        }
        rivals = ProcessTable.processIDs.sorted().compactMap { process in
            guard ProcessTable.name(of: process) == "keepalived",
                ProcessTable.sharesNetwork(with: process) == true
            else { return nil }
            return Process(id: process, name: "keepalived")
        }
    }

    private mutating func readParameters(of name: String) {
        func value(_ parameter: InterfaceParameter, _ interface: String) -> Int {
            (try? parameter.parameter(of: interface).value()) ?? 0
        }
        // The kernel takes the higher one.
        arpIgnore[name] = max(value(.arpIgnore, name), value(.arpIgnore, "all"))
        if value(.disableIPv6, name) != 0 { interfacesWithoutIPv6.insert(name) }
    }

    /// Tries, on a thread of its own, what the failover process asks for at its start.
    private static func timelinessRefusals(
        _ settings: ProcessSettings
    ) -> (realTime: String?, locking: String?) {
        let priority = Int32(settings.realTimePriority ?? 1)
        let refusal = Refusal()
        do throws(SystemError) {
            try LinuxIO.Thread(name: "doctor") {
                do throws(SystemError) { try RealTime.scheduleFirst(at: priority) } catch {
                    refusal.note("\(error)")
                }
            }.join()
        } catch { refusal.note("\(error)") }
        var locking: String?
        do throws(SystemError) {
            try RealTime.lockMemory()
            RealTime.unlockMemory()
        } catch { locking = "\(error)" }
        return (refusal.text, locking)
    }

    private mutating func ask(at control: ControlOptions) {
        let response: ControlResponse
        do throws(Failure) { response = try control.ask(.status) } catch {
            if error.status == .notRunning, !error.message.hasSuffix("does not answer") {
                controlRefusal = HostFacts.refusal(ofMaking: control.path)
            } else {
                program = .unknown(error.message)
            }
            return
        }
        guard case .status(let status) = response else { return }
        program = .answers(processID: Int32(clamping: status.program.processID))
    }

    /// Why a socket could not be made; `nil`: it could, as far as permissions say.
    private static func refusal(ofMaking path: String) -> String? {
        var details = stat()
        if lstat(path, &details) == 0, details.st_mode & S_IFMT != S_IFSOCK {
            return "a file of the name \(path) exists, and is no socket"
        }
        let folder = URL(filePath: path).deletingLastPathComponent().path
        guard access(folder, W_OK | X_OK) != 0 else { return nil }
        return "no socket can be made in \(folder): \(Errno(rawValue: errno))"
    }

    // MARK: Listeners

    private static func attempts(for model: Model) -> [Attempt] {
        let sections =
            model.frontends.filter { !$0.isDisabled }.map { ($0.name, $0.listeners) }
            + model.statisticsPages.map { ($0.name, $0.listeners) }
        return sections.flatMap { name, listeners in
            listeners.map { Attempt(section: name, listener: $0, outcome: outcome(of: $0)) }
        }
    }

    private static func outcome(of listener: Listener) -> Attempt.Outcome {
        switch listener.endpoint {
        case .descriptor: return .untried("whoever starts lbctl hands it over")
        case .path(let path):
            let holders = holders(ofName: path)
            if let holders { return .held(by: holders) }
            return refusal(ofMaking: path).map { .refused(.accessDenied, $0) } ?? .free
        case .abstractName(let name):
            return holders(ofName: "@" + name).map { .held(by: $0) } ?? .free
        case .internet:
            do throws(SystemError) {
                try Socket.tryBinding(
                    to: StreamAddress(listener.endpoint), options: ListeningOptions(listener),
                    isDatagram: listener.isDatagram)
                return .free
            } catch {
                guard error.errno == .addressInUse else { return .refused(error.errno, "\(error)") }
                return .held(by: holders(of: listener))
            }
        }
    }

    private static func holders(of listener: Listener) -> [Process] {
        let wanted = listener.endpoint.address?.octets
        let isEverything = wanted?.allSatisfy { $0 == 0 } ?? true
        let inodes = SocketTable.waiting(isDatagram: listener.isDatagram).filter { entry in
            entry.port == listener.endpoint.port
                && (isEverything || entry.isEverything || entry.octets == wanted)
        }.map(\.inode)
        return processes(SocketTable.holders(of: Set(inodes)))
    }

    /// Who listens at a Unix socket; `nil`: nobody.
    private static func holders(ofName name: String) -> [Process]? {
        let inodes = SocketTable.named.filter {
            // An abstract name is filled up with zeros, which the kernel prints so.
            let shown = name.hasPrefix("@") ? String($0.name.trimmingSuffix("@")) : $0.name
            return $0.isListening && shown == name
        }.map(\.inode)
        return inodes.isEmpty ? nil : processes(SocketTable.holders(of: Set(inodes)))
    }

    private static func processes(_ numbers: [Int32]) -> [Process] {
        numbers.compactMap { number in
            ProcessTable.name(of: number).map { Process(id: number, name: $0) }
        }
    }

    // MARK: Files

    private static func programs(of model: Model) -> [NamedProgram] {
        var found: [NamedProgram] = []
        func add(_ use: String, _ command: [String]?, isTracked: Bool = false) {
            guard let path = command.flatMap({ ScriptUser.unwrapped($0).first }) else { return }
            found.append(
                NamedProgram(
                    use: use, path: path, isTracked: isTracked, isThere: isProgram(path)))
        }
        for script in model.scripts {
            guard case .command(let command) = script.source else { continue }
            add("script \(script.name)", command, isTracked: true)
        }
        let notifications =
            model.virtualRouters.map { ($0.name, $0.notifications) }
            + model.syncGroups.map { ($0.name, $0.notifications) }
        for (name, programs) in notifications {
            let all = [
                programs.active, programs.backup, programs.fault, programs.stop, programs.deleted,
                programs.heardInferior, programs.any,
            ]
            for command in all { add("notification of \(name)", command) }
        }
        for pipe in model.global.notificationFIFOs { add("reader of \(pipe.path)", pipe.reader) }
        return found
    }

    /// Whether there is a program of a name, in `PATH` where it has no slash.
    private static func isProgram(_ name: String) -> Bool {
        if name.contains("/") { return isExecutable(name) }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        return path.split(separator: ":").contains { isExecutable("\($0)/\(name)") }
    }

    private static func isExecutable(_ path: String) -> Bool {
        var details = stat()
        return stat(path, &details) == 0 && details.st_mode & S_IFMT == S_IFREG
            && access(path, X_OK) == 0
    }

    private static func logSockets(of model: Model) -> [String] {
        let targets = model.frontends.flatMap { $0.logTargets(model.global) }
        let paths = targets.compactMap { target -> String? in
            guard case .socket(let path) = target.destination, path.hasPrefix("/") else {
                return nil
            }
            return path
        }
        return Set(paths + (model.global.logsToSyslog ? ["/dev/log"] : [])).sorted()
    }
}

extension Model {
    /// Names of servers that the host's own resolver is asked for.
    fileprivate var namesForTheHost: Set<String> {
        Set(
            backends.flatMap(\.servers).compactMap { server in
                guard case .name(let name) = server.address, server.resolution?.resolvers == nil
                else { return nil }
                return name
            })
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(_ suffix: Character) -> SubSequence {
        var end = self[...]
        while end.last == suffix { end = end.dropLast() }
        return end
    }
}
#endif
