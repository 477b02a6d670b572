import NodeConfiguration
import Testing

@Suite struct `What lbctl check says of single failures` {
    private func node(_ priority: Int, _ lines: String, before: String = "") throws -> Model {
        let text =
            "vrrp_script chk {\nscript /bin/true\nweight 2\n}\n" + before
            + instance("state BACKUP\npriority \(priority)\n\(lines)")
        return try #require(load(text).model, "\(load(text).diagnostics)")
    }

    private func simulate(_ model: Model, beside peer: Model? = nil) -> [String] {
        FailureSimulation(of: model, beside: peer).cases.map { failure in
            (failure.isWarning ? "! " : "") + failure.description
        }
    }

    @Test func `the seed's pair`() throws {
        let tracks = "track_script {\nchk\n}"
        #expect(
            simulate(try node(101, tracks), beside: try node(100, tracks)) == [
                "VI_1: if interface eth1 goes down, it stops, and another node takes over",
                "VI_1: if script chk fails, its priority is 101, and the peer's 102 takes over",
            ])
        #expect(
            simulate(try node(100, tracks), beside: try node(101, tracks)).last
                == "VI_1: if script chk fails, no node takes over: its priority is 100, and the peer, with 103, is Active anyway"
        )
    }

    @Test func `a weight that is too small, or ties`() throws {
        let tracks = "track_script {\nchk\n}"
        #expect(
            simulate(try node(110, tracks), beside: try node(100, tracks)).last
                == "! VI_1: if script chk fails, no node takes over: its priority is 110, and the peer's is 102; a greater weight would make a difference, or 0, which stops it"
        )
        #expect(
            simulate(try node(102, tracks), beside: try node(100, tracks)).last?.hasPrefix(
                "! VI_1: if script chk fails, no node takes over: its priority is 102, and so is")
                == true)
    }

    @Test func `nopreempt with weights, from the one file`() throws {
        #expect(
            simulate(try node(100, "nopreempt\ntrack_script {\nchk weight -20\n}")).last
                == "! VI_1: if script chk fails, no node takes over: its priority is 80, and with nopreempt no Backup displaces it; a weight of 0 would stop it instead"
        )
        #expect(
            simulate(try node(100, "nopreempt\ntrack_script {\nchk weight 0\n}")).last
                == "VI_1: if script chk fails, it stops, and another node takes over")
        #expect(
            simulate(try node(100, "track_script {\nchk weight -20\n}")).last
                == "VI_1: if script chk fails, its priority is 80: a node of 81 or more takes over (not compared without --peer FILE)"
        )
    }

    @Test func `weights of an owner, and of members of a group`() throws {
        #expect(
            simulate(try node(255, "track_script {\nchk weight -20\n}")).last?.hasPrefix(
                "! VI_1: if script chk fails, no node takes over: its priority is 255, and the owner"
            )
                == true)
        let grouped = try node(
            100, "track_interface {\neth2 weight -20\n}",
            before: "vrrp_sync_group G {\ngroup {\nVI_1\n}\n}\n")
        #expect(
            simulate(grouped).last?.hasPrefix(
                "! VI_1: if interface eth2 goes down, no node takes over: its priority is 100, and weights of members"
            )
                == true)
    }

    @Test func `a named check, and what is tracked in reverse`() throws {
        let check = """
            defaults
            timeout client 1m
            timeout server 1m
            timeout connect 5s
            check gateway
            target 192.0.2.1:80

            """
        let router =
            "vrrp_script chk {\nscript /bin/true\n}\n"
            + instance(
                "track_check {\ngateway weight -10\n}\ntrack_script {\nchk weight 5 reverse\n}")
        let model = try #require(
            ConfigurationLoader().load([
                InputFile(name: "c", bytes: Array(check.utf8)),
                InputFile(name: "k", bytes: Array(router.utf8)),
            ]).model)
        #expect(
            simulate(model) == [
                "VI_1: if interface eth1 goes down, it stops, and another node takes over",
                "VI_1: if script chk succeeds, its priority is 95: a node of 96 or more takes over (not compared without --peer FILE)",
                "VI_1: if check gateway fails, its priority is 90: a node of 91 or more takes over (not compared without --peer FILE)",
            ])
    }

    @Test func `interfaces of addresses and routes`() throws {
        let router = try node(
            100,
            """
            virtual_ipaddress_excluded {
            10.0.0.1 dev eth2
            10.0.0.2 dev eth3 no_track
            }
            virtual_routes {
            10.1.0.0/16 dev eth4
            }
            """)
        #expect(
            simulate(router) == [
                "VI_1: if interface eth1 goes down, it stops, and another node takes over",
                "VI_1: if interface eth2 goes down, it stops, and another node takes over",
                "VI_1: if interface eth4 goes down, it stops, and another node takes over",
            ])
    }

    @Test(arguments: [
        ("", "", ["holds -253, its priority is 1", "holds -254, it stops"]),
        ("", " weight 1 reverse", ["holds 253, its priority is 1", "holds 254, it stops"]),
        ("weight -100\n", "", ["holds 1, its priority is 20", "holds 3, it stops"]),
        ("weight 0\n", "", ["holds 1, it stops"]),
        ("weight 0 reverse\n", "", ["holds 0, or is missing, it stops"]),
        (
            "weight 2\ninit_file 5\n", "",
            [
                "holds 0, or is missing, its priority is 120", "holds -1, its priority is 118",
                "holds -127, it stops",
            ]
        ),
    ])
    func `the numbers of a file that matter`(
        file: String, reference: String, expected: [String]
    ) throws {
        let model = try node(
            120, "dont_track_primary\ntrack_file {\nf\(reference)\n}",
            before: "track_file f {\nfile /run/f\n\(file)}\n")
        #expect(
            simulate(model).map { line in
                line.split(separator: "track file f ")[1].split(separator: ":")[0]
                    .split(separator: ", and")[0]
            } == expected.map { Substring($0) })
    }

    private func pair(_ first: Int, _ second: Int, _ group: String = "") throws -> Model {
        let text = """
            vrrp_sync_group G {
            group {
            VI_1
            VI_2
            }
            \(group)
            }
            vrrp_instance VI_1 {
            interface eth1
            virtual_router_id 51
            priority \(first)
            virtual_ipaddress { 172.17.0.5 }
            }
            vrrp_instance VI_2 {
            interface eth2
            virtual_router_id 52
            priority \(second)
            virtual_ipaddress { 172.18.0.5 }
            track_interface {
            eth3 weight -20
            }
            }
            """
        return try #require(load(text).model, "\(load(text).diagnostics)")
    }

    @Test func `what one member of a group tracks moves all of them`() throws {
        let weighing = try pair(100, 100, "sync_group_tracking_weight")
        #expect(
            simulate(weighing, beside: try pair(90, 90)) == [
                "VI_1: if interface eth1 goes down, it stops, and another node takes over",
                "VI_1: if interface eth2 goes down, it stops, and another node takes over",
                "VI_1: if interface eth3 goes down, its priority is 80, and the peer's 90 takes over",
                "VI_2: if interface eth2 goes down, it stops, and another node takes over",
                "VI_2: if interface eth3 goes down, its priority is 80, and the peer's 90 takes over",
                "VI_2: if interface eth1 goes down, it stops, and another node takes over",
            ])
        let ignoring = simulate(try pair(100, 100), beside: try pair(90, 90))
        #expect(ignoring.count == 5)
        #expect(
            ignoring[3].hasPrefix(
                "! VI_2: if interface eth3 goes down, no node takes over: its priority is 100, and weights"
            ))
    }

    @Test func `one member that is still ahead holds the group`() throws {
        let weighing = try pair(100, 120, "sync_group_tracking_weight")
        #expect(
            simulate(weighing, beside: try pair(90, 90)).filter { $0.contains("eth3") } == [
                "! VI_1: if interface eth3 goes down, no node takes over: its priority is 80, and VI_2 of the same sync group still outranks the peer's: give both nodes' members the same distance",
                "! VI_2: if interface eth3 goes down, no node takes over: its priority is 100, and the peer's is 90; a greater weight would make a difference, or 0, which stops it",
            ])
    }

    @Test func `a peer that could not take over`() throws {
        let alone = try node(100, "track_interface {\neth2 weight -20\n}")
        let other = try #require(
            load(
                "vrrp_instance VI_1 {\ninterface eth1\nvirtual_router_id 52\nvirtual_ipaddress { 172.17.0.5 }\n}"
            ).model)
        #expect(
            simulate(alone, beside: other) == [
                "! VI_1: if interface eth1 goes down, it stops, and no node takes over: the peer has no virtual router of this VRID",
                "! VI_1: if interface eth2 goes down, no node takes over: its priority is 80, and the peer has no virtual router of this VRID",
            ])
    }
}
