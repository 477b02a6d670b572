import NodeConfiguration
import Testing

/// Words of haproxy's section `global` that do nothing here, and say why.
@Suite struct `haproxy's global section` {
    @Test(arguments: [
        ("chroot /var/lib/haproxy", "'chroot' has no effect: the program keeps its root directory"),
        ("daemon", "'daemon' has no effect: the program stays in the foreground"),
        ("nbproc 1", "'nbproc' has no effect: one process has a reactor per thread ('nbthread')"),
        (
            "pidfile /run/h.pid",
            "'pidfile' has no effect: no file is written, since who starts the program knows its process"
        ),
        (
            "cpu-map auto:1/1-4 0-3",
            "'cpu-map' has no effect: the kernel places the reactors on processors"
        ),
        (
            "no numa-cpu-mapping",
            "'no numa-cpu-mapping' has no effect: the kernel places the reactors on processors"
        ),
        (
            "stats socket /run/h.sock mode 660 level admin",
            "'stats socket' has no effect: there is lbctl's own control socket instead ('--control')"
        ),
        (
            "stats timeout 30s",
            "'stats timeout' has no effect: there is lbctl's own control socket instead ('--control')"
        ),
        (
            "stats maxconn 10",
            "'stats maxconn' has no effect: there is lbctl's own control socket instead ('--control')"
        ),
        (
            "tune.ssl.default-dh-param 2048",
            "'tune.ssl.default-dh-param' has no effect: the parameters of a key exchange fit the certificate's key by themselves"
        ),
        ("tune.http.maxhdr 100", "'tune.http.maxhdr' has no effect: no HTTP is read here"),
        ("no set-dumpable", "'no set-dumpable' is known but not implemented yet; it is ignored"),
        ("node x", "'node' is known but not implemented yet; it is ignored"),
    ])
    func `a word without effect says why, with all of its name`(line: String, message: String) {
        #expect(
            diagnose("global\n\(line)\n" + proxy("")).map { String($0.drop { $0 != "w" }) }
                == ["warning: " + message])
    }

    @Test(arguments: [
        ("no nbthread", "f:2:4: error: unknown keyword 'nbthread' after 'no'"),
        (
            "stats sockt /x",
            "f:2:7: error: unknown stats keyword 'sockt' in a global section; did you mean 'socket'?"
        ),
    ])
    func `a second word that there is not is an error`(line: String, message: String) {
        #expect(diagnose("global\n\(line)\n" + proxy("")) == [message])
    }

    @Test func `no log takes back what was said`() {
        let loaded = load("global\nlog 192.0.2.1 local0\nlog /dev/log local0\nno log\n" + proxy(""))
        #expect(loaded.diagnostics.isEmpty)
        #expect(loaded.model?.global.logTargets == [])
        #expect(loaded.model?.global.logsToSyslog == false)
    }

    @Test func `zero-warning makes warnings as bad as errors, wherever they are`() {
        #expect(diagnose("global\nzero-warning\n" + proxy("")).isEmpty)
        let loaded = load(
            "global\n zero-warning\n"
                + proxy("option http-proxy\nserver b 192.0.2.12:80 tfo"))
        #expect(loaded.model == nil)
        #expect(
            loaded.diagnostics.filter { $0.severity == .error }.map(\.description) == [
                "f:2:2: error: 'zero-warning' is asked for, and there are 2 warnings"
            ])
    }
}
