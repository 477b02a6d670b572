#if Program
import Glibc
import Synchronization
import TestServers
import Testing

@testable import lbctl

@Suite struct `Programs that are told of servers` {
    @Test func `calls beyond those that can wait are left out, and the log says so once`()
        async throws
    {
        let folder = try TemporaryFolder()
        let lines = Mutex<[String]>([])
        let log = Log(
            destination: .receiver { _, line in lines.withLock { $0.append(line) } },
            threshold: .error)
        let commands = HealthCommands(log: log)
        let program = folder.write("tell", "#!/bin/sh\nexec sleep 5\n")
        chmod(program, 0o755)
        // The first is not waiting any more once it runs, be that before or after the others came.
        for number in 0..<1_003 {
            commands.run([program], for: "web", "s\(number)", isUp: false, reason: "")
        }
        let said = lines.withLock { $0 }.filter { $0.contains("left out") }
        #expect(said.count == 1)
        #expect(
            said.first?.hasSuffix(
                " DOWN: 1000 calls wait for their turn; more are left out until half of them have had it"
            )
                == true)
    }
}
#endif
