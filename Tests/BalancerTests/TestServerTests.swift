import Testing

extension BalancerTests {
    @Suite struct `Servers of tests` {
        @Test func `end with the test that has begun them, and not before`() throws {
            let keeper = KeepsServers.Keeper()
            let port = try KeepsServers.$keeper.withValue(keeper) {
                try TestServer.named("a").port
            }
            #expect(BlockingSocket(to: port)?.receiveAll().text == "a")
            keeper.letGo()
            #expect(BlockingSocket(to: port) == nil)
        }

        @Test func `are kept by each test`() { #expect(KeepsServers.keeper != nil) }
    }
}
