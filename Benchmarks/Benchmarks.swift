import Glibc
import LinuxIO

/// `Benchmarks [NAME…] [--quick] [--json] [--runs N]`, and the roles that it starts itself in.
@main
struct Benchmarks {
    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            Glibc.fflush(nil)
            let text = Array("Benchmarks: \(error)\n".utf8)
            _ = write(2, text, text.count)
            exit(error is UsageError ? 2 : 1)
        }
    }

    private static func run(_ arguments: [String]) throws {
        Processes.descriptorLimit()
        let rest = arguments.dropFirst()
        // Started through /proc/self/exe, it would be called "exe" in `top`.
        setThreadName("Benchmarks")
        switch arguments.first {
        case "launch": try Processes.launch(rest)
        case "sink":
            guard let service = rest.first.flatMap(Service.init) else {
                throw UsageError(text: "sink answer|echo|source|drain")
            }
            var sink = try Sink(service: service, addresses: Stage.serverAddresses)
            sink.run()
        case "generate": try generate(rest)
        case "proxy-server": try ProxyServer(arguments: rest).run()
        case "--help", "-h": emit(Selection.usage)
        default: try measure(Selection(arguments))
        }
    }

    /// The role of the generator: a warm-up, `ready`, one byte to wait for, the outcome, a byte.
    private static func generate(_ arguments: ArraySlice<String>) throws {
        let numbers = arguments.dropFirst(3).compactMap { UInt32($0) }
        let targets = stride(from: 0, to: numbers.count - 1, by: 2).map {
            SocketAddress(
                address: numbers[$0], port: UInt16(truncatingIfNeeded: numbers[$0 + 1]))
        }
        guard let workload = Workload(arguments: arguments.prefix(3)), !targets.isEmpty else {
            throw UsageError(
                text: "generate short|tls|pingpong|down|up|idle|kept N N ADDRESS PORT …")
        }
        var byte: UInt8 = 0
        do {
            var generator = try Generator(targets: targets)
            if workload.isTimed { _ = try generator.run(workload, share: 0.05) }
            emit("ready")
            _ = read(0, &byte, 1)
            emit(try generator.run(workload, share: 1).line)
        } catch {
            emit("the generator gave up: \(error)")
        }
        // The connections stay open until what the proxy holds for them has been counted.
        _ = read(0, &byte, 1)
    }

    private static func measure(_ selection: Selection) throws {
        let report = Report(asJSON: selection.asJSON)
        for name in selection.names {
            switch name {
            case .codec: Codec(plan: selection.plan, report: report).run()
            case .election: Election(plan: selection.plan, report: report).run()
            case .simulation:
                try Simulation(report: report, hours: selection.hours, seed: selection.seed).run()
            case .routers: try RouterCost(plan: selection.plan, report: report).run()
            case .configuration:
                try ConfigurationReading(plan: selection.plan, report: report).run()
            case .address: try AddressMoves(plan: selection.plan, report: report).run()
            case .check: try ServerChecks(plan: selection.plan, report: report).run()
            case .growth: try GrowthBenchmark(plan: selection.plan, report: report).run()
            case .proxy:
                let proxy = ProxyBenchmark(
                    plan: selection.plan, report: report, selection: selection.proxy)
                try proxy.run()
            }
        }
        report.finish()
        if report.hasExceeded { exit(1) }
    }
}
