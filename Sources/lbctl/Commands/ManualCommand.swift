#if Program
internal import ArgumentParser
internal import FoundationEssentials

/// Prints the manual page lbctl(8), for whoever makes a package: `lbctl manual`.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual", abstract: "Prints the manual page lbctl(8), in the language of man.",
        shouldDisplay: false)

    func run() throws { print(try ManualPage(LBCtl.self).text, terminator: "") }
}

/// The manual page, of what the commands say of themselves.
struct ManualPage {
    private let root: Command
    private let version: String

    /// - Parameter command: The command that has all others.
    /// - Throws: `DecodingError`: the parser describes commands in a form that is not known.
    init(_ command: any ParsableCommand.Type) throws {
        struct Document: Decodable { let command: Command }
        let document = Data(command._dumpHelp().utf8)
        root = try JSONDecoder().decode(Document.self, from: document).command
        version = command.configuration.version
    }

    /// The page in roff, with the macros of man(7).
    var text: String {
        let leaves = root.leaves(after: [])
        return """
            .TH LBCTL 8 "" "lbctl \(version)" "System Administration"
            .SH NAME
            lbctl \\- virtual addresses and balancing of connections for a pair of hosts
            .SH SYNOPSIS
            .B lbctl
            .I COMMAND
            [\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]
            .SH DESCRIPTION
            \(Self.escaped(root.abstract))
            It reads keepalived's and haproxy's own files, as they are, or both as one file of YAML.
            .SH COMMANDS
            \(leaves.map(\.section).joined(separator: "\n"))
            .SH OPTIONS OF ALL COMMANDS
            \(leaves.commonEntries.joined(separator: "\n"))
            .SH EXIT STATUS
            \(Self.escaped(root.discussion ?? ""))
            \(Self.end)

            """
    }

    private static let end = """
        .SH SIGNALS
        .TP
        SIGHUP
        Has \\fBlbctl run\\fR read its files again; an error changes nothing, and the log says what it is.
        .TP
        SIGTERM, SIGINT
        Has it resign, let connections end and stop; a second one has it stop at once.
        .TP
        SIGUSR1, SIGUSR2
        Have it write its status to \\fI/tmp/keepalived.data\\fR and the counters of virtual routers to
        \\fI/tmp/keepalived.stats\\fR, as keepalived does.
        .SH FILES
        .TP
        .I /etc/default/lbctl
        Names the files that the service reads, and its options.
        .TP
        .I /etc/lbctl/lbctl.yaml
        What is read where no file is named.
        .TP
        .I /run/lbctl.sock
        The control socket of root's program.
        .SH EXAMPLES
        .nf
        lbctl check /etc/keepalived/keepalived.conf /etc/haproxy/haproxy.cfg
        lbctl doctor /etc/keepalived/keepalived.conf /etc/haproxy/haproxy.cfg
        lbctl server drain http/web01
        lbctl session list \\-\\-server http/web01
        lbctl server ready http/web01
        lbctl reload \\-\\-dry\\-run && lbctl reload
        lbctl vrrp release VI_1
        .fi
        .SH SEE ALSO
        .IR /usr/share/doc/lbctl/README.md ,
        .BR keepalived.conf (5),
        .BR haproxy (1)
        """

    /// A text as roff takes it: nothing of it is a request or a special character.
    fileprivate static func escaped(_ text: String) -> String {
        text.split(separator: "\n").map { line in
            let safe = line.unicodeScalars.map { scalar in
                switch scalar {
                case "\\": "\\e"
                case "-": "\\-"
                case "'": "\\(aq"
                case " "..."~": "\(scalar)"
                default: "\\[u\(hexadecimal(scalar.value))]"
                }
            }.joined()
            return safe.hasPrefix(".") ? "\\&\(safe)" : safe
        }.joined(separator: "\n")
    }

    /// At least four digits.
    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

/// What the parser says of a command.
private struct Command: Decodable {
    /// What it says of an option or argument.
    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String

            var text: String { (kind == "long" ? "\\-\\-" : "\\-") + ManualPage.escaped(name) }
        }

        let kind: String
        let shouldDisplay: Bool
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let valueName: String?
        let defaultValue: String?
        let abstract: String?
        let discussion: String?
    }

    let commandName: String
    let superCommands: [String]?
    let shouldDisplay: Bool
    let abstract: String
    let discussion: String?
    let subcommands: [Command]?
    let arguments: [Argument]?
}

/// A command that does something, and what stands before its own name.
private struct Leaf {
    let path: [String]
    let command: Command
}

extension Command {
    /// Those that people are shown, each with the words that lead to it.
    fileprivate func leaves(after path: [String]) -> [Leaf] {
        guard shouldDisplay else { return [] }
        let path = path + [commandName]
        guard let subcommands, !subcommands.isEmpty else {
            return [Leaf(path: path, command: self)]
        }
        return subcommands.flatMap { $0.leaves(after: path) }
    }
}

extension Leaf {
    private static let common: Set<String> = ["control", "help", "version"]

    private var arguments: [Command.Argument] {
        (command.arguments ?? []).filter(\.shouldDisplay)
    }

    private func isCommon(_ argument: Command.Argument) -> Bool {
        argument.names?.contains { Leaf.common.contains($0.name) } ?? false
    }

    /// What holds for many commands.
    fileprivate var commonArguments: [Command.Argument] { arguments.filter(isCommon) }

    /// The command's part of the page.
    fileprivate var section: String {
        let own = arguments.filter { !isCommon($0) }
        let words =
            ["\\fB\(ManualPage.escaped(path.joined(separator: " ")))\\fR"] + own.map(\.usage)
        let texts = [command.abstract, command.discussion].compactMap(\.self)
        return
            ([".SS \(words.joined(separator: " "))"] + texts.map(ManualPage.escaped)
            + own.filter { $0.abstract != nil }.map(\.entry)).joined(separator: "\n")
    }
}

extension [Leaf] {
    /// What holds for many commands, each once.
    fileprivate var commonEntries: [String] {
        var entries: [String] = []
        for entry in flatMap(\.commonArguments).map(\.entry) where !entries.contains(entry) {
            entries.append(entry)
        }
        return entries
    }
}

extension Command.Argument {
    private var value: String { "\\fI\(ManualPage.escaped(valueName ?? ""))\\fR" }

    /// `--deadline DEADLINE`.
    private var heading: String {
        guard let names else { return value }
        let all = names.map { "\\fB\($0.text)\\fR" }.joined(separator: ", ")
        return kind == "option" ? "\(all) \(value)" : all
    }

    /// As it stands behind the command.
    fileprivate var usage: String {
        let text = (names.map { "\\fB\($0.first?.text ?? "")\\fR" } ?? value)
        let whole = (kind == "option" ? "\(text) \(value)" : text) + (isRepeating ? " ..." : "")
        return isOptional ? "[\(whole)]" : whole
    }

    /// What it is, in a paragraph.
    fileprivate var entry: String {
        let standard = defaultValue.map { " (default: \($0))" } ?? ""
        let lines = [".TP", heading, ManualPage.escaped((abstract ?? "") + standard)]
        return (lines + (discussion.map { [ManualPage.escaped($0)] } ?? [])).joined(separator: "\n")
    }
}
#endif
