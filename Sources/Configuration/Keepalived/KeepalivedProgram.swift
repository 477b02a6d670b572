import Glibc

/// A program that a file names, before it is known who it runs as.
struct KeepalivedProgram: Sendable {
    let command: [String]
    /// The user that its line names; `nil`: none.
    let user: ScriptUser?
    /// Where the command stands.
    let word: Word
}

extension KeepalivedGlobals {
    /// Who a program runs as: as its line says, or else `script_user`, or else keepalived_script.
    ///
    /// keepalived.conf(5), "SCRIPTS".
    func user(of program: KeepalivedProgram) -> ScriptUser? {
        var user = program.user ?? scriptUser ?? defaultScriptUser
        user?.hasSupplementaryGroups = hasSupplementaryGroups
        return user
    }

    /// The command that becomes its user first; `nil`, and a warning, if it is not to be run.
    func runnable(
        _ program: KeepalivedProgram, as what: String, _ remarks: inout [Remark]
    ) -> [String]? {
        guard admits(program, as: what, &remarks) else { return nil }
        return user(of: program)?.running(program.command) ?? program.command
    }

    /// Tells of a tracked program that runs as root where keepalived would leave it out.
    ///
    /// keepalived asks for its own user then, and drops a script that has none.
    func remarkOnRoot(
        _ program: KeepalivedProgram, as what: String, _ remarks: inout [Remark]
    ) {
        guard enforcesScriptSecurity, user(of: program) == nil, geteuid() == 0 else { return }
        remarks.append(
            .warning(
                "\(what) runs as root, which alone can change it: there is neither 'script_user' nor,"
                    + " on this host, a user keepalived_script, without which keepalived leaves it out"
                    + " (enable_script_security)", at: program.word.position))
    }

    /// Whether a program may be run: not as root, if others may change it and that matters.
    ///
    /// What is not root's alone now is told either way. What is, only root can change later.
    func admits(
        _ program: KeepalivedProgram, as what: String, _ remarks: inout [Remark]
    ) -> Bool {
        let user = user(of: program)
        guard user?.isRoot ?? (geteuid() == 0), let first = program.command.first,
            !first.isRedirection,
            let weakness = ScriptAudit.weakness(of: first, searchPath: ScriptAudit.searchPath)
        else { return true }
        let consequence =
            enforcesScriptSecurity
            ? "it is not run (enable_script_security)"
            : "name another user, or write enable_script_security, and it is not run"
        remarks.append(
            .warning(
                "\(what) runs as root, and others can change it: \(weakness); \(consequence)",
                at: program.word.position))
        return !enforcesScriptSecurity
    }
}
