#if Program
import Foundation
import LinuxIO
import Testing

@testable import lbctl

/// `lbctl top` on a terminal.
@ProgramThread @Suite(.serialized) struct `The live view` {
    /// A terminal of 100 columns and 20 lines, and what was written to it.
    private final class Screen {
        let own: Int32
        let programs: Int32
        private(set) var text = ""

        init() throws {
            own = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
            var (number, isLocked): (Int32, Int32) = (0, 0)
            // TIOCGPTN, TIOCSPTLCK: ioctl_tty(2).
            guard ioctl(own, 0x8004_5430, &number) == 0, ioctl(own, 0x4004_5431, &isLocked) == 0
            else { throw ProgramError("no terminal") }
            programs = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
            resize(100, 20)
        }

        deinit {
            close(own)
            close(programs)
        }

        func resize(_ columns: UInt16, _ rows: UInt16) {
            var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
            _ = ioctl(own, UInt(TIOCSWINSZ), &size)
        }

        func type(_ keys: String) { _ = write(own, keys, keys.utf8.count) }

        /// What is drawn last, once it has `part` in it.
        @discardableResult func await(_ part: String) throws -> String {
            try eventually(within: .seconds(9), "'\(part)' in \(text.debugDescription)") {
                var bytes = [UInt8](repeating: 0, count: 65_536)
                while case let count = read(own, &bytes, bytes.count), count > 0 {
                    text += String(decoding: bytes[..<count], as: UTF8.self)
                }
                return text.contains(part)
            }
            defer { text = "" }
            return text
        }

        /// Whether lines are edited and what is typed is shown.
        var isPlain: Bool {
            var mode = termios()
            tcgetattr(programs, &mode)
            return mode.c_lflag & tcflag_t(ICANON | ECHO) == tcflag_t(ICANON | ECHO)
        }
    }

    @Test func `NO_COLOR takes the colours away`() throws {
        let folder = try ProgramFolder()
        let file = try folder.write(balancerFile(port: freePort(), server: 9), to: "a.cfg")
        _ = try folder.start(file)
        try folder.awaitLog(" serves, ")
        let screen = try Screen()
        func state(_ setting: String...) throws -> String {
            let program = try RunningProgram(
                ["/usr/bin/env"] + setting + [
                    ProgramFolder.binary, "status", "--control", folder.control,
                ],
                in: folder, output: "unused", errors: "errors", inheriting: [(1, screen.programs)])
            #expect(try program.awaitEnd(within: .seconds(9)) == .exited(status: 0))
            return try screen.await("BACKEND")
        }
        #expect(try state("-u", "NO_COLOR").contains("\u{1B}[32mOPEN"))
        #expect(try state("NO_COLOR=").contains("\u{1B}[32mOPEN"))
        let plain = try state("NO_COLOR=1")
        #expect(plain.contains("OPEN"))
        #expect(!plain.contains("\u{1B}"))
    }

    @Test func `it draws, sorts, follows the window, and gives the terminal back`() throws {
        let folder = try ProgramFolder()
        let port = try freePort()
        let echo = try EchoServer()
        let file = try folder.write(balancerFile(port: port, server: echo.port), to: "a.cfg")
        let program = try folder.start(file)
        try folder.awaitLog(" serves, ")
        let screen = try Screen()
        func start(interval: String) throws -> RunningProgram {
            try RunningProgram(
                [
                    ProgramFolder.binary, "top", "--interval", interval, "--control",
                    folder.control,
                ],
                in: folder, output: "unused", errors: "errors",
                inheriting: [(0, screen.programs), (1, screen.programs)])
        }
        var top = try start(interval: "0.1")
        try screen.await(" new/s, in ")
        #expect(!screen.isPlain)
        screen.type("s")
        try screen.await("s sort (rate)")
        screen.resize(30, 6)
        top.signal(SIGWINCH)
        try screen.await("q quit  s sort (rate)  up down\u{1B}[K\u{1B}[J")
        program.kill()
        try screen.await("no running program answers")
        screen.type("\u{1B}[Bq")
        #expect(try top.awaitEnd(within: .seconds(9)) == .exited(status: 0))
        try screen.await("\u{1B}[?1049l")
        #expect(screen.isPlain)
        let again = try folder.start(file, log: "again")
        try folder.awaitLog(" serves, ", in: "again")
        for signal in [SIGINT, SIGTERM] {
            screen.resize(80, 20)
            top = try start(interval: "3600")
            try screen.await("s sort (traffic)  up")
            screen.resize(24, 5)
            top.signal(SIGWINCH)
            try screen.await("s sort (traffic)\u{1B}[K")
            top.signal(signal)
            #expect(try top.awaitEnd(within: .seconds(9)) == .exited(status: 128 + signal))
            try screen.await("\u{1B}[?1049l")
            #expect(screen.isPlain)
        }
        let piped = try folder.run("top", "--control", folder.control)
        #expect(piped.status == 2)
        #expect(
            piped.errors
                == "lbctl: input and output must be a terminal; 'lbctl status' prints once\n")
        again.kill()
        #expect(try folder.run("top", "--control", folder.control).status == 4)
        #expect(try folder.run("top", "--interval", "0").status == 2)
    }

    @Test func `keys come in any pieces, and what means nothing is passed over`() {
        var keys = TerminalKeys()
        func all() -> [Terminal.Event] {
            var events: [Terminal.Event] = []
            while let event = keys.next() { events.append(event) }
            return events
        }
        keys.append(
            Array("xjk\u{1B}[A\u{1B}OB\u{1B}[5~\u{1B}[6~\u{1B}[H\u{1B}[4~ü\u{1B}[1;5Cs".utf8)[...])
        #expect(
            all() == [
                .lineDown, .lineUp, .lineUp, .lineDown, .pageUp, .pageDown, .first, .last, .sort,
            ])
        keys.append(Array("\u{1B}[6".utf8)[...])
        #expect(all() == [])
        keys.append(Array("~q".utf8)[...])
        #expect(all() == [.pageDown, .quit])
        // The key Esc alone, and a sequence without end.
        keys.append([0x1b])
        #expect(all() == [])
        keys.append(Array("\u{1B}[\(String(repeating: "1", count: 40))".utf8)[...])
        #expect(all() == [])
        keys.append(Array("q".utf8)[...])
        #expect(all() == [.quit])
    }
}
#endif
