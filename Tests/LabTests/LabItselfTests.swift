import Glibc
import Testing

extension InTheLab {
    @Suite struct `The lab itself` {
        let lab: Lab
        init() throws { lab = try Lab() }

        @Test func `the client reaches both web servers, plain and by TLS`() throws {
            for (address, name) in [("10.0.0.6", "web01"), ("10.0.0.7", "web02")] {
                #expect(
                    try lab.require(.client, "curl", "-sS", "http://\(address):8080/")
                        == "blog.ziirish.info through \(name)\n")
                #expect(
                    try lab.require(
                        .client, "curl", "-sS", "--cacert", "/keys/cert.crt",
                        "--connect-to", "lb.domain.tld:443:\(address):4443",
                        "https://lb.domain.tld/")
                        == "blog.ziirish.info through \(name)\n")
            }
        }

        @Test func `a second lab has its own network and programs`() throws {
            let second = try Lab()
            try second.require(.lb1, "nginx", "-s", "stop")
            try second.require(.lb1, "ip", "address", "add", "172.17.0.5/32", "dev", "eth1")
            #expect(try second.holdsVirtualAddress(.lb1))
            #expect(try !lab.holdsVirtualAddress(.lb1))
            #expect(try lab.run(.client, "curl", "-sS", "http://10.0.0.6:8080/").isSuccess)
        }

        @Test func `killall in one node does not see the other`() throws {
            let program = try lab.start(.lb1, ["sleep", "1000"], log: "sleep")
            #expect(try lab.run(.lb1, "killall", "-0", "sleep").isSuccess)
            #expect(try lab.run(.lb2, "killall", "-0", "sleep").exit == .status(1))
            try lab.require(.lb1, "killall", "-TERM", "sleep")
            #expect(try program.awaitExit(within: .seconds(2)) == .signal(SIGTERM))
        }

        @Test func `each node has its own name and its own run directory`() throws {
            try lab.require(.lb1, "touch", "/run/mine")
            #expect(try lab.require(.lb1, "hostname") == "lb1\n")
            #expect(try lab.require(.lb2, "hostname") == "lb2\n")
            #expect(try lab.run(.lb2, "ls", "/run/mine").exit == .status(2))
        }

        @Test func `the exit code and the output of a command come back`() throws {
            let output = try lab.run(.lb2, "sh", "-c", "echo out; echo err >&2; exit 7")
            #expect(output.exit == .status(7))
            #expect(output.lines == ["out", "err"])
        }

        @Test func `an orphan is collected in its node`() throws {
            try lab.require(.lb1, "sh", "-c", "sleep 0.01 & exit 0")
            try eventually(within: .seconds(2), "no zombie in lb1") {
                () throws(LabError) -> Void? in
                try lab.require(.lb1, "ps", "-e", "-o", "stat=").contains("Z") ? nil : ()
            }
        }

        @Test func `the probe sees a stopped server as one gap of its length`() throws {
            let probe = try lab.probe("10.0.0.6:8080")
            let start = ContinuousClock.now
            try lab.require(.lb1, "ip", "link", "set", "eth0", "down")
            try lab.require(.lb1, "ip", "link", "set", "eth1", "down")
            var pause = timespec(tv_sec: 0, tv_nsec: 300_000_000)
            nanosleep(&pause, nil)
            try lab.require(.lb1, "ip", "link", "set", "eth0", "up")
            try lab.require(.lb1, "ip", "link", "set", "eth1", "up")
            let end = ContinuousClock.now
            try eventually(within: .seconds(5), "lb1 answers again") {
                () throws(LabError) -> Void? in
                try lab.run(.client, "curl", "-sS", "-m", "1", "http://10.0.0.6:8080/").isSuccess
                    ? () : nil
            }
            let result = try probe.stop()
            let longest = try #require(result.gapsInMilliseconds.max())
            #expect(longest >= 300)
            #expect(longest <= (end - start) / .milliseconds(1) + 1500)
            #expect(result.answerCount > 0)
            #expect(result.failureCount > 0)
        }

        @Test func `the probe sees no gap while nothing happens`() throws {
            let probe = try lab.probe("10.0.0.7:8080")
            var pause = timespec(tv_sec: 1, tv_nsec: 0)
            nanosleep(&pause, nil)
            let result = try probe.stop()
            #expect(result.answerCount > 150)
            #expect(result.failureCount == 0)
            #expect((result.gapsInMilliseconds.max() ?? 0) < 100)
        }

        @Test func `a lab that is down leaves nothing behind`() throws {
            var second: Lab? = try Lab()
            let folders = [try #require(second?.stateDirectory), try #require(second?.scratch)]
            for folder in folders { #expect(access(folder, F_OK) == 0) }
            second = nil
            for folder in folders { #expect(access(folder, F_OK) != 0) }
        }
    }
}
