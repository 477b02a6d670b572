/// A block `vrrp_script` of keepalived's language.
struct KeepalivedScript: Sendable {
    let name: Word
    private var command: [String]?
    private var commandWord: Word?
    private var interval: Duration?
    private var timeout: Duration?
    private var weight = KeepalivedWeight()
    private var rise = 1
    private var fall = 1
    private var startsFailed = false
    private var user: ScriptUser?

    init(name: Word) { self.name = name }

    /// keepalived.conf(5), "VRRP script(s)".
    static let table = KeywordTable<KeepalivedScript>(
        "keyword", scope: "in vrrp_script",
        [
            "script": .line { script, arguments throws(Remark) in
                script.commandWord = arguments.upcoming
                script.command = try arguments.command()
                script.command? += arguments.remaining().map(\.text)
            },
            "interval": .seconds(\.interval, .milliseconds(1)...day),
            "timeout": .seconds(\.timeout, .milliseconds(1)...day),
            "weight": .line { script, arguments throws(Remark) in
                script.weight = try arguments.weight(within: 253)
            },
            "rise": .integer(\.rise, .atLeast(1)),
            "fall": .integer(\.fall, .atLeast(1)),
            "init_fail": .set(\.startsFailed, to: true),
            "user": .line { script, arguments throws(Remark) in
                guard let user = try arguments.scriptUser() else {
                    throw .error(
                        "'user' needs a user, and perhaps a group", at: arguments.keyword.position)
                }
                script.user = user
            },
        ],
        hint: { word in
            word == "script_security" ? "write 'enable_script_security' in global_defs" : nil
        })

    private static let day = Duration.seconds(86_400)

    /// The script, or `nil` and a remark where something necessary is missing.
    func finished(_ globals: KeepalivedGlobals, _ remarks: inout [Remark]) -> TrackScript? {
        guard let command else {
            remarks.append(
                .error("vrrp_script \(name.text.quoted) has no 'script'", at: name.position))
            return nil
        }
        let program = KeepalivedProgram(command: command, user: user, word: commandWord ?? name)
        let what = "vrrp_script \(name.text.quoted)"
        guard globals.admits(program, as: what, &remarks) else { return nil }
        globals.remarkOnRoot(program, as: what, &remarks)
        var script = TrackScript(name: name.text, source: .command(command))
        script.interval = interval ?? script.interval
        script.timeout = timeout
        script.weight = weight.value
        script.isReversed = weight.isReversed ?? false
        script.rise = rise
        script.fall = fall
        script.startsFailed = startsFailed
        script.user = globals.user(of: program)
        return script
    }
}

extension Arguments {
    /// The command that is next: one word, or one quoted text that holds its arguments too.
    mutating func command() throws(Remark) -> [String] {
        let word = try next("a command")
        guard word.isQuoted else { return [word.text] }
        guard let words = shellWords(of: word.text) else {
            throw .error("a quote inside the command is not closed", at: word.position)
        }
        guard words.first?.isEmpty == false else {
            throw .error("the command is empty", at: word.position)
        }
        if let program = words.first, program.isRedirection {
            // These paths are bash's own.
            let isOfBash = program.contains("/dev/tcp/") || program.contains("/dev/udp/")
            warn(
                "\(program.quoted) is taken for the name of a program, since no shell runs it;"
                    + " write /bin/\(isOfBash ? "bash" : "sh") -c '…' to have one",
                at: word.position)
        } else if let shellish = words.first(where: \.isShellSyntax) {
            warn(
                "\(shellish.quoted) reaches the program as an argument, since no shell runs it;"
                    + " write /bin/sh -c '…' to have one", at: word.position)
        }
        return words
    }
}

extension String {
    /// Whether a shell would not run it, but open a file.
    var isRedirection: Bool { hasPrefix("<") || hasPrefix(">") }

    /// Whether it means something to a shell alone, as a word of a command.
    fileprivate var isShellSyntax: Bool {
        ["|", "||", "&", "&&", ";", ">", ">>", "<", "2>&1"].contains(self)
            || [">/dev/", "1>/dev/", "2>/dev/", "&>/dev/", "</dev/"].contains(
                where: hasPrefix)
    }
}
