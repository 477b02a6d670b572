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
                == "VI_1: if script chk fails, its priority is 80: a node of a higher one takes over (--peer FILE compares)"
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
}
