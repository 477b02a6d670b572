import Glibc
import LinuxIO

/// Who carries the connections of a run from the generator to the sink.
enum Contender: Hashable {
    /// Nobody: the generator connects to the sink.
    case direct
    /// This project's balancer, as a library; as a user other than root it has fewer pipes.
    case own(asNobody: Bool)
    /// The program, `lbctl run`, with haproxy's own file.
    case program
    /// haproxy, with or without `option splice-auto`, and then with pipes of so many bytes.
    case haproxy(splices: Bool, pipeBytes: Int?)
    /// nginx's stream module.
    case nginx

    static let all: [Contender] = [
        .direct, .own(asNobody: false), .own(asNobody: true), .program,
        .haproxy(splices: false, pipeBytes: nil),
        .haproxy(splices: true, pipeBytes: nil), .haproxy(splices: true, pipeBytes: 1 << 20),
        .nginx,
    ]

    var name: String {
        switch self {
        case .direct: "direct"
        case .own(asNobody: false): "lbctl"
        case .own(asNobody: true): "lbctl-nobody"
        case .program: "lbctl-run"
        case .haproxy(splices: false, _): "haproxy"
        case .haproxy(splices: true, pipeBytes: nil): "haproxy-splice"
        case .haproxy(splices: true, _): "haproxy-splice-1M"
        case .nginx: "nginx"
        }
    }

    /// Why it cannot take part here, or `nil`.
    var obstacle: String? {
        switch self {
        case .direct, .own(asNobody: false): return nil
        case .own(asNobody: true):
            return geteuid() == 0 ? nil : "lbctl-nobody: only root can become another user"
        case .program:
            guard Self.programPath == nil else { return nil }
            return "lbctl-run: lbctl is not built (swift build -c release --product lbctl)"
        case .haproxy:
            guard Self.haproxyPath == nil else { return nil }
            return "haproxy is not installed (Debian: apt install haproxy)"
        case .nginx:
            guard Self.nginxPath != nil, Self.nginxModule != nil else {
                return "nginx or its stream module is not installed "
                    + "(Debian: apt install nginx libnginx-mod-stream)"
            }
            return nil
        }
    }

    /// Starts it, and returns when it accepts connections; `nil` for nobody.
    func start(_ stage: Stage) throws -> Companion? {
        guard let command = try command(stage) else { return nil }
        return try stage.launch(name, command)
    }

    /// The configuration file, if it has one.
    func configuration(_ stage: Stage) -> String? {
        switch self {
        case .direct, .own: nil
        case .program: stage.haproxyConfiguration(splices: false, pipeBytes: nil)
        case .haproxy(let splices, let pipeBytes):
            stage.haproxyConfiguration(splices: splices, pipeBytes: pipeBytes)
        case .nginx: stage.nginxConfiguration(module: Self.nginxModule ?? "")
        }
    }

    private func command(_ stage: Stage) throws -> [String]? {
        let file = "\(stage.folder)/\(name).conf"
        if let text = configuration(stage) { try Processes.write(text, to: file) }
        switch self {
        case .direct: return nil
        case .own(let asNobody):
            var server = ProxyServer(stage: stage)
            if asNobody { server.user = Self.nobody }
            return server.arguments
        case .program:
            return [
                Self.programPath ?? "lbctl", "run", "--no-realtime", "--control",
                "\(stage.folder)/control", file,
            ]
        case .haproxy: return [Self.haproxyPath ?? "haproxy", "-db", "-q", "-f", file]
        case .nginx:
            return [
                Self.nginxPath ?? "nginx", "-p", stage.folder, "-c", file, "-e",
                "\(stage.folder)/nginx-error.log",
            ]
        }
    }

    /// What the program says of its version.
    func version(folder: String) throws -> String? {
        let path: String? =
            switch self {
            case .direct, .own, .program: nil
            case .haproxy: Self.haproxyPath
            case .nginx: Self.nginxPath
            }
        guard let path else { return nil }
        let log = "\(folder)/version"
        let companion = try Companion(name, on: nil, command: [path, "-v"], log: log)
        let line = try? companion.line(within: 2)
        return line ?? Processes.contents(of: log)?.split(separator: "\n").first.map(String.init)
    }

    private static let nobody: UInt32 = 65_534
    /// Beside this program, where SwiftPM puts both.
    static let programPath: String? = {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &path, path.count)
        guard count > 0 else { return nil }
        let own = String(decoding: path[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        let program = own.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/lbctl"
        return access(program, X_OK) == 0 ? program : nil
    }()
    private static let haproxyPath = program("haproxy")
    private static let nginxPath = program("nginx")
    private static let nginxModule = [
        "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules",
    ].map { folder -> String in "\(folder)/ngx_stream_module.so" }.first { access($0, R_OK) == 0 }

    // A user's PATH lacks the folders for programs of the system.
    private static func program(_ name: String) -> String? {
        ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"].map { folder -> String in
            "\(folder)/\(name)"
        }
        .first { access($0, X_OK) == 0 }
    }
}

extension Stage {
    /// Starts a proxy, and returns when it accepts connections.
    func launch(_ name: String, _ command: [String]) throws -> Companion {
        let log = "\(folder)/\(name).log"
        let companion = try Companion(name, on: processor, command: command, log: log)
        let deadline = MonotonicInstant.now + .seconds(10)
        while !isReachable() {
            guard !companion.reap(), MonotonicInstant.now < deadline else {
                throw ContenderError(name: name, log: Processes.contents(of: log) ?? "")
            }
            try Interruption.wait(for: -1, milliseconds: 5)
        }
        return companion
    }
}

/// A contender that did not come up, and what it said.
struct ContenderError: Error, CustomStringConvertible {
    let name: String
    let log: String
    var description: String { "\(name) does not accept connections: \(log)" }
}
