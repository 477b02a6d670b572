import NodeConfiguration
import Testing
import VRRPCore

@Suite struct `Notification pipes` {
    @Test func `both keywords name a pipe, one that is named twice counts once`() throws {
        let text = """
            global_defs {
                notify_fifo /run/a.fifo
                vrrp_notify_fifo /run/b.fifo
                vrrp_notify_fifo /run/b.fifo
            }

            """
        let loaded = load(text + instance(""))
        #expect(
            try #require(loaded.model).global.notificationFIFOs == ["/run/a.fifo", "/run/b.fifo"])
    }

    @Test func `a relative path is refused`() {
        #expect(
            diagnose("global_defs {\nnotify_fifo run/a\n}\n" + instance("")).first
                == "f:2:13: error: 'run/a': must be an absolute path, since the program's directory is nobody's choice"
        )
    }
}
