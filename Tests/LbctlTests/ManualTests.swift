#if Program
import Foundation
import Testing

@testable import lbctl

@Suite struct `The manual page` {
    private let folder: ProgramFolder
    private let page: String

    init() throws {
        folder = try ProgramFolder()
        page = try folder.run("manual").output
    }

    /// What `--help` shows below SUBCOMMANDS, with all that is below that.
    private func commands(_ path: [String] = []) throws -> [String] {
        let help = try folder.run(command: [ProgramFolder.binary] + path + ["--help"]).output
        guard let list = help.split(separator: "SUBCOMMANDS:\n").dropFirst().first else {
            return [path.joined(separator: " ")]
        }
        let names = list.split(separator: "\n", omittingEmptySubsequences: false)
            .prefix { !$0.isEmpty }.filter { $0.hasPrefix("  ") && !$0.hasPrefix("    ") }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
        return try names.flatMap { try commands(path + [$0]) }
    }

    @Test func `every command that help shows has its place, with its options`() throws {
        let all = try commands()
        #expect(all.contains("server drain") && all.contains("vrrp takeover") && all.count > 20)
        for command in all {
            #expect(page.contains("\n.SS \\fBlbctl \(command)\\fR"), "\(command)")
        }
        #expect(
            page.contains(
                "\n.SS \\fBlbctl server drain\\fR \\fIserver\\fR [\\fB\\-\\-deadline\\fR"
                    + " \\fIdeadline\\fR]\nTake no new connections; those that exist go on.\n.TP\n")
        )
        #expect(page.contains("\n.TP\n\\fB\\-\\-control\\fR \\fIcontrol\\fR\nThe control socket."))
        #expect(page.contains("\nExit status: 0 ok, 1 the thing asked about is not so"))
        // What only the program itself starts is nobody's to read.
        #expect(!page.contains("lbctl guard") && !page.contains("lbctl balancer"))
    }

    @Test func `man reads it without a complaint`() throws {
        try folder.write(page, to: "lbctl.8")
        let shown = try folder.run(command: [
            "/usr/bin/groff", "-man", "-Tutf8", "-ww", "\(folder.path)/lbctl.8",
        ])
        #expect(shown.status == 0 && shown.errors == "", "\(shown.errors)")
        #expect(shown.output.contains("lbctl"))
    }

    @Test func `nothing in a text is taken for a request`() throws {
        // 'lbctl server add' and 'del' begin a line so, or could after a change of their words.
        for line in page.split(separator: "\n") where line.hasPrefix("'") || line.hasPrefix(".") {
            #expect(
                line.wholeMatch(of: /\.(TH|SH|SS|TP|B|I|IR|BR|nf|fi)( .*)?/) != nil, "\(line)")
        }
    }
}
#endif
