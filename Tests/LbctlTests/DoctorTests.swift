#if Program
import Foundation
import LinuxIO
import Testing

/// `lbctl doctor` on hosts of its own: network namespaces.
@ProgramThread @Suite(.tags(.needsRoot)) struct `The doctor` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    /// Runs the doctor in the namespace of a program.
    private func examine(
        beside program: RunningProgram, as prefix: [String] = [], control: String? = nil,
        _ files: String...
    ) throws -> (status: Int32, lines: [String]) {
        let result = try folder.run(
            command: ["nsenter", "--net=/proc/\(program.pid)/ns/net"] + prefix
                + [ProgramFolder.binary, "doctor", "--control", control ?? folder.control] + files)
        return (result.status, result.output.split(separator: "\n").map(String.init))
    }

    @Test func `a program that runs, from its own view, another one's, and a plain user's`() throws
    {
        let election = try folder.electionFile(tracking: "")
        let named = "    bind \(folder.path)/path\n    bind abns@doctor"
        let balancer = try folder.write(
            balancerFile(port: 8080, server: 1, more: named), to: "b.cfg")
        let program = try folder.startElecting(election, balancer)
        try folder.awaitLog(" serves, ")

        let own = try examine(beside: program, election, balancer)
        #expect(own.status == 0, "\(own.lines)")
        for line in [
            "ok: lbctl: runs here (pid \(program.pid)), with what it holds",
            "ok: web 127.0.0.1:8080: lbctl (pid \(program.pid)) listens there itself",
            "ok: web unix@\(folder.path)/path: lbctl (pid \(program.pid)) listens there itself",
            "ok: web abns@doctor: lbctl (pid \(program.pid)) listens there itself",
            "ok: VI_1: lan is up, and advertisements come from 10.77.0.1",
        ] { #expect(own.lines.contains(line), "\(own.lines)") }

        let other = try examine(
            beside: program, control: folder.path + "/other", election, balancer)
        #expect(other.status == 1)
        let holder = other.lines.first { $0.hasPrefix("fail: web 127.0.0.1:8080: lbctl") }
        #expect(holder?.contains("listens there; stop it") == true, "\(other.lines)")
        #expect(
            other.lines.contains(
                "fail: lbctl: another one (pid \(program.pid)) has the virtual routers of this host;"
                    + " stop it, or name its control socket by --control"), "\(other.lines)")

        chmod(folder.path, 0o755)
        let plain = try examine(
            beside: program,
            as: ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"],
            election, balancer)
        #expect(plain.status == 1)
        for start in [
            "fail: privileges: may not move addresses (Operation not permitted (errno 1)); ",
            "fail: privileges: may not send advertisements (Operation not permitted (errno 1)); ",
            "fail: web 127.0.0.1:8080: somebody listens there whom this user may not see; ",
            "warn: lbctl: it is not known whether it runs: ",
        ] { #expect(plain.lines.contains { $0.hasPrefix(start) }, "\(start)\n\(plain.lines)") }
        #expect(!plain.lines.contains { $0.hasPrefix("ok: privileges") || $0.hasPrefix("ok: web") })
    }

    @Test func `a host before its first start, and with one thing after the other missing`() throws
    {
        let election = try folder.write(
            """
            vrrp_script chk {
                script "\(folder.path)/chk"
            }
            vrrp_instance VI_1 {
                interface lan
                virtual_router_id 51
                priority 100
                virtual_ipaddress { 10.77.0.9 }
                track_script { chk }
            }

            """, to: "election.conf")
        let balancer = try folder.write(
            balancerFile(
                port: 8080, server: 1, more: "    bind 10.77.0.9:80\n    bind 10.77.0.8:80"),
            to: "b.cfg")
        let doctor = "\(ProgramFolder.binary) doctor --control \(folder.control)"
        let script = """
            cd \(folder.path)
            ip link set lo up
            ip link add lan type veth peer name end
            ip link set end up
            ip link set lan up
            ip address add 10.77.0.1/24 dev lan
            status=0; \(doctor) \(election) \(balancer) || status=$?; echo "status $status"
            printf '#!/bin/sh\\n' >chk; chmod +x chk
            ip address add 10.77.0.9/32 dev lan
            sysctl -qw net.ipv4.conf.all.arp_ignore=8 net.core.somaxconn=5 || :
            cp /bin/sleep keepalived
            ./keepalived 30 & rival=$!
            status=0; \(doctor) --json --listen 0.05 \(election) \(balancer) >json || status=$?
            echo "status $status"
            kill $rival
            echo "rival $rival"
            """
        let result = try folder.run(command: ["unshare", "--net", "sh", "-ec", script])
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(
            lines.first
                == "fail: script chk: '\(folder.path)/chk' is not there, or cannot be run; its router"
                + " would count it as failed")
        for line in [
            "ok: VI_1: lan is up, and advertisements come from 10.77.0.1",
            "ok: privileges: may move addresses and send advertisements",
            "ok: web 127.0.0.1:8080: free",
            "ok: web 10.77.0.9:80: free, once VI_1 brings the address",
            "warn: web 10.77.0.8:80: no interface has this address, and no virtual router brings it:"
                + " nobody comes in; look for a mistyped digit, or give it to an interface",
        ] { #expect(lines.contains(line), "\(lines)") }
        #expect(lines.filter { $0.hasPrefix("status") } == ["status 1", "status 1"])

        let data = Data(folder.text(of: "json").utf8)
        let document = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        #expect(document?["can_run"] as? Bool == false)
        let findings = (document?["findings"] as? [[String: String]]) ?? []
        let texts = findings.map {
            "\($0["severity"] ?? "") \($0["place"] ?? ""): \($0["text"] ?? "")"
        }
        let rival = lines.last?.dropFirst("rival ".count) ?? ""
        for text in [
            "warn keepalived (pid \(rival)): elects here too: two would hold the same addresses",
            "fail VI_1: arp_ignore is 8 on lan: nobody would find the addresses",
            "warn VI_1: 10.77.0.9 is on lan, put there by somebody else",
            "warn VI_1: heard no other node", "ok programs: 1 of 1 there",
        ] { #expect(texts.contains(text), "\(texts)") }
    }

    @Test func `2: a file with an error is not looked at any further`() throws {
        let file = try folder.write("listen a 127.0.0.1:80\n balance sorce\n", to: "wrong.cfg")
        let result = try folder.run("doctor", file)
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.errors.contains("\(file):2:10: error: "))
        #expect(try folder.run("doctor", file, "--listen", "-1").status == 2)
    }
}
#endif
