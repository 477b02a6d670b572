#if Program
import Glibc
import LinuxIO
import Testing

@ProgramThread @Suite(.serialized, .tags(.needsRoot)) struct `What status says of a tracked script`
{
    @Test func `one that fails is shown with its lines, one that succeeds without`() throws {
        let folder = try ProgramFolder()
        try folder.write("1", to: "result")
        let script = try folder.write(
            "#!/bin/sh\necho looked\necho 'far away'\nexit $(cat \(folder.path)/result)\n",
            to: "look")
        chmod(script, 0o755)
        let file = try folder.write(
            """
            vrrp_script look {
                script "\(script)"
                interval 0.1
                weight 5
            }
            vrrp_instance VI_1 {
                interface lan
                virtual_router_id 51
                advert_int 0.1
                version 3
                virtual_ipaddress { 10.77.0.9 }
                track_script { look }
            }

            """, to: "election.conf")
        _ = try folder.startElecting(file)
        func awaitLine(_ end: String) throws {
            try eventually(within: .seconds(10), "a line that ends so: \(end)") {
                try folder.run("status", "--control", folder.control).output
                    .split(separator: "\n").contains {
                        $0.hasPrefix("  VI_1 tracks look: ") && $0.hasSuffix(end)
                    }
            }
        }
        try awaitLine(", weight 5: exited with status 1: looked; far away")
        try folder.write("0", to: "result")
        try awaitLine(", weight 5: exited with status 0, +5")
    }
}
#endif
