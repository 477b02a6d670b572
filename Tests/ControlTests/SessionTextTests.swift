import Testing

@testable import Control

@Suite struct `Connections as text` {
    @Test func `a line has what there is, in the words of haproxy`() {
        #expect(
            SessionText.lines(sampleSessions()) == """
                41-1-7-3: src=192.0.2.9:1234 dst=192.0.2.1:80 fe=web/sock-1 be=shop srv=s1 addr=[2001:db8::1]:8080 from=[2001:db8::9]:4321 phase=relaying age=1d2h idle=9.9s in=10 out=20
                41-0-0-1: src=unix dst=unix fe=web/sock-1 be=shop phase=waiting age=1m0s idle=999ms in=0 out=0 queue=4

                """)
    }

    @Test func `a name cannot move the cursor`() {
        var part = sampleSessions()
        part.sessions[0].frontend = "web\u{1B}[2J\n"
        #expect(SessionText.lines(part).contains(" fe=web�[2J�/sock-1 "))
    }
}
