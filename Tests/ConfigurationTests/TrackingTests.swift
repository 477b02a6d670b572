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
            try #require(loaded.model).global.notificationFIFOs.map(\.path) == [
                "/run/a.fifo", "/run/b.fifo",
            ])
    }

    @Test func `a relative path is refused`() {
        #expect(
            diagnose("global_defs {\nnotify_fifo run/a\n}\n" + instance("")).first
                == "f:2:13: error: 'run/a': must be an absolute path, since the program's directory is nobody's choice"
        )
    }
}

@Suite struct `What virtual routers track` {
    private let definitions = """
        track_file load {
            file /run/load
            weight -2 reverse
            init_file 3 overwrite
        }
        vrrp_track_process web {
            process /usr/sbin/nginx
            weight 10
            quorum 2
            quorum_max 8
            fork_delay 0.5
            terminate_delay 2
        }
        vrrp_script chk {
            script x
            weight -20 reverse
        }

        """

    @Test func `files, programs and reversed weights`() throws {
        let text =
            definitions
            + instance(
                """
                track_file {
                    load weight 5
                }
                track_process {
                    web weight -254 reverse
                }
                track_script {
                    chk
                }
                track_interface {
                    eth7 weight 5 reverse
                }
                """)
        let model = try #require(load(text).model)
        var file = TrackFile(name: "load", path: "/run/load")
        file.weight = -2
        file.isReversed = true
        file.initialNumber = 3
        file.overwrites = true
        #expect(model.trackFiles == [file])
        var process = TrackProcess(name: "web", command: ["/usr/sbin/nginx"])
        process.weight = 10
        process.quorum = 2
        process.quorumLimit = 8
        process.gainDelay = .milliseconds(500)
        process.lossDelay = .seconds(2)
        #expect(model.trackProcesses == [process])
        #expect(model.scripts.first?.isReversed == true)
        let router = try #require(model.virtualRouters.first)
        #expect(router.trackedFiles.first?.weight == 5)
        // Neither word stands there: the file's own direction holds.
        #expect(router.trackedFiles.first?.isReversed == nil)
        #expect(router.trackedProcesses.first?.weight == -254)
        #expect(router.trackedProcesses.first?.isReversed == true)
        #expect(router.trackedInterfaces.first?.isReversed == true)
    }

    @Test(arguments: [
        ("track_file", "laod", "track_file", "load"),
        ("track_process", "wbe", "vrrp_track_process", "web"),
    ])
    func `a name that is nowhere gets the nearest one`(
        keyword: String, name: String, block: String, nearest: String
    ) {
        let messages = diagnose(definitions + instance("\(keyword) {\n\(name)\n}"))
        #expect(
            messages.contains {
                $0.hasSuffix(
                    "error: \(keyword) '\(name)': no \(block) has this name; did you mean '\(nearest)'?"
                )
            })
    }

    @Test func `a pool that is nowhere is an error`() {
        let messages = diagnose(instance("track_backend {\nhttp weight 10\n}"))
        #expect(
            messages == [
                "f:6:1: error: track_backend 'http': no listen or backend section has this name"
            ])
    }

    @Test(arguments: [
        ("track_file t {\n}", "f:1:12: error: track_file 't' has no 'file'"),
        ("track_file t {\nfile x\n}", "f:2:6: error: 'x': must be an absolute path"),
        (
            "track_file t {\nfile /x\ninit_file 1 owerwrite\n}",
            "f:3:13: error: 'owerwrite': must be overwrite, or nothing"
        ),
        ("vrrp_track_process p {\n}", "f:1:20: error: vrrp_track_process 'p' has no 'process'"),
        (
            "vrrp_track_process p {\nprocess x\nquorum 3\nquorum_max 2\n}",
            "f:1:20: error: vrrp_track_process 'p': quorum_max 2 is below quorum 3"
        ),
    ])
    func `an error says where and what`(text: String, message: String) {
        #expect(diagnose(text + "\n" + instance("")).contains(message))
    }
}
