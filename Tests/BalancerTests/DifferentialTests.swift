import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// The same conversations through haproxy 2.6 and through us: who hears what, how it ends, and when.
    @Suite struct `Beside haproxy` {
        /// All at once: most of them wait for something.
        @Test func `both sides hear the same, at the same time`() throws {
            var scripts =
                Script.endings + Script.resets + Script.timeouts + Script.failures + Script.queues
                + Script.paces
            // Times are as coarse as a busy machine: who differs in nothing else gets two more tries.
            for attempt in 1...3 where !scripts.isEmpty {
                let results = try run(scripts)
                scripts = zip(scripts, results).filter { script, result in
                    let found = differences(script, result.ours, result.theirs)
                    let times = timeDifferences(script, result.ours, result.theirs)
                    for difference in attempt == 3 ? found + times : found {
                        Issue.record("\(script.name): \(difference)")
                    }
                    return found.isEmpty && !times.isEmpty
                }.map(\.0)
            }
        }

        /// 1 GB one way and 100 MB the other.
        @Test func `great amounts arrive whole`() throws {
            let script = Script(
                name: "1 GB", settings: .patient,
                server: { socket in
                    let heard = Heard.pattern(from: socket)
                    _ = Pattern.send(1 << 30, to: socket)
                    return heard
                }
            ) { connect in
                let socket = connect()
                _ = Pattern.send(100 << 20, to: socket)
                socket.endSending()
                return .pattern(from: socket)
            }
            let results = try run([script])
            for outcome in [results[0].ours, results[0].theirs] {
                #expect(outcome.client == Heard(byteCount: 1 << 30, ending: .finish))
                #expect(outcome.servers == [Heard(byteCount: 100 << 20, ending: .finish)])
            }
        }

        @Test func `an attempt that its client gave up reaches no server later`() throws {
            var silent: [SilentAddress] = []
            for _ in 0..<2 { silent.append(try SilentAddress()) }
            let settings = ProxySettings(client: 20_000, connect: 20_000)
            let proxy = try HAProxy(sections: [settings.section(servers: [silent[0].address])])
            let running = try RunningBalancer(
                servers: ProxySettings.plans([silent[1].address]), adjusting: settings.apply)
            /// Connects, and waits until the proxy tries to reach its server.
            func attempt(by port: UInt16, at server: SilentAddress) throws -> BlockingSocket {
                let before = TCPTable().attempts(to: server.address.port)
                let client = try #require(BlockingSocket(to: port))
                #expect(eventually { TCPTable().attempts(to: server.address.port) == before + 1 })
                return client
            }
            var staying: [BlockingSocket] = []
            for (port, server) in zip([proxy.port, running.port], silent) {
                staying.append(try attempt(by: port, at: server))
                // Not at one moment: where nobody accepts there is room for one.
                Thread.sleep(for: .milliseconds(50))
                let before = TCPTable().attempts(to: server.address.port)
                try attempt(by: port, at: server).reset()
                #expect(eventually { TCPTable().attempts(to: server.address.port) == before })
            }
            for address in silent { address.makeRoom() }
            // The first packet is repeated a second after it was sent.
            var arrived = [0, 0]
            let end = MonotonicInstant.now + .seconds(2)
            while .now < end {
                for (index, address) in silent.enumerated() { arrived[index] += address.newcomers }
                Thread.sleep(for: .milliseconds(5))
            }
            #expect(arrived == [1, 1])
            withExtendedLifetime(staying) {}
        }

        private func run(
            _ scripts: [Script]
        ) throws -> [(ours: Conversation.Outcome, theirs: Conversation.Outcome)] {
            let theirs = try scripts.map(Conversation.init)
            let ours = try scripts.map(Conversation.init)
            let proxy = try HAProxy(
                sections: zip(scripts, theirs).map { $0.settings.section(servers: $1.addresses) })
            let balancers = try zip(scripts, ours).map { script, conversation in
                try RunningBalancer(
                    servers: ProxySettings.plans(conversation.addresses),
                    adjusting: script.settings.apply)
            }
            for (index, _) in scripts.enumerated() {
                try theirs[index].begin(at: proxy.ports[index])
                try ours[index].begin(at: balancers[index].port)
            }
            return zip(ours, theirs).map { ($0.end(), $1.end()) }
        }

        /// What is not the same, but for times and for what we do differently on purpose.
        private func differences(
            _ script: Script, _ ours: Conversation.Outcome, _ theirs: Conversation.Outcome
        ) -> [String] {
            var found: [String] = []
            var own = ours
            func forgive(_ heard: inout Heard, _ ending: Heard.Ending?, _ theirs: Heard) {
                guard let ending else { return }
                if heard.ending != ending || theirs.ending != .finish {
                    found.append("no longer differs because \(script.deviation?.reason ?? "")")
                }
                heard.ending = .finish
            }
            forgive(&own.client, script.deviation?.client, theirs.client)
            if let ending = script.deviation?.server, let first = theirs.servers.first {
                if own.servers.isEmpty { own.servers.append(Heard()) }
                forgive(&own.servers[0], ending, first)
            }
            if !script.comparesBytes {
                (own.client.byteCount, own.client.digest) =
                    (theirs.client.byteCount, theirs.client.digest)
            }
            if own.client != theirs.client {
                found.append("our client heard \(own.client), theirs \(theirs.client)")
            }
            if own.servers != theirs.servers {
                found.append("our server heard \(own.servers), theirs \(theirs.servers)")
            }
            if own.acceptedCount != theirs.acceptedCount {
                found.append("\(own.acceptedCount) connections, theirs \(theirs.acceptedCount)")
            }
            return found
        }

        private func timeDifferences(
            _ script: Script, _ ours: Conversation.Outcome, _ theirs: Conversation.Outcome
        ) -> [String] {
            guard script.comparesTime else { return [] }
            return zip(ours.times, theirs.times)
                .filter { abs($0 / .milliseconds(1) - $1 / .milliseconds(1)) > 150 }
                .map { "it took \($0), theirs \($1)" }
        }
    }
}
