#if Program
import Foundation

/// Exim, which greets as `mail.example.test`.
package struct Exim: Sendable {
    package let server: RealServer

    package init() async throws {
        let folder = try TemporaryFolder(for: "nobody")
        let port = try closedPort()
        let user = geteuid() == 0 ? "nobody" : NSUserName()
        let group = geteuid() == 0 ? "nogroup" : String(getegid())
        let configuration = folder.write(
            "exim.conf",
            """
            spool_directory = \(folder.path)/spool
            log_file_path = \(folder.path)/%slog
            pid_file_path = \(folder.path)/pid
            exim_user = \(user)
            exim_group = \(group)
            primary_hostname = mail.example.test
            local_interfaces = 127.0.0.1
            daemon_smtp_ports = \(port)
            keep_environment =
            host_lookup =
            rfc1413_query_timeout = 0s
            acl_smtp_helo = check_helo
            begin acl
            check_helo:
              deny condition = ${if eq{$sender_helo_name}{refused}}
                   message = not you
              accept
            begin routers
            begin transports

            """)
        server = try await RealServer(
            "/usr/sbin/exim4", ["-bdf", "-C", configuration], in: folder, port: port)
    }
}

/// OpenLDAP with the administrator `cn=admin,dc=example`, password `secret`.
package struct OpenLDAP: Sendable {
    package let server: RealServer

    package init(allowsAnonymous: Bool = true) async throws {
        let folder = try TemporaryFolder()
        let port = try closedPort()
        let configuration = folder.write(
            "slapd.conf",
            """
            include /etc/ldap/schema/core.schema
            pidfile \(folder.path)/pid
            \(allowsAnonymous ? "" : "disallow bind_anon")
            modulepath /usr/lib/ldap
            moduleload back_mdb
            database mdb
            suffix "dc=example"
            rootdn "cn=admin,dc=example"
            rootpw secret
            directory \(folder.path)

            """)
        server = try await RealServer(
            "/usr/sbin/slapd",
            ["-d", "0", "-f", configuration, "-h", "ldap://127.0.0.1:\(port)/"], in: folder,
            port: port)
    }
}

/// Unbound with the zone `example`, which can be changed, and no way out.
package struct Unbound: Sendable {
    package let server: RealServer
    private let configuration: String

    package init() async throws {
        let folder = try TemporaryFolder()
        let port = try closedPort()
        configuration = folder.write(
            "unbound.conf",
            Self.configuration(
                in: folder.path, port: port,
                data: """
                      local-data: ". SOA root.example. admin.example. 1 2 3 4 5"
                      local-data: "web.example. A 192.0.2.7"
                      local-zone: "secret.example." refuse
                    """))
        server = try await RealServer(
            "/usr/sbin/unbound", ["-d", "-c", configuration], in: folder, port: port)
    }

    /// A file for Unbound on the loopback that knows nothing but `data`, and what it is told later.
    package static func configuration(in folder: String, port: Int, data: String = "") -> String {
        """
        server:
          interface: 127.0.0.1
          port: \(port)
          do-daemonize: no
          use-syslog: no
          username: ""
          chroot: ""
          directory: "\(folder)"
          pidfile: "\(folder)/unbound-pid"
          module-config: "iterator"
          num-threads: 1
          local-zone: "." static
        \(data)
        remote-control:
          control-enable: yes
          control-use-cert: no
          control-interface: \(folder)/unbound-control

        """
    }

    /// Replaces what a name stands for: `web.example A 192.0.2.7` and so on; without records, nothing.
    package func set(_ name: String, _ records: String...) async throws {
        try await set(name, records)
    }

    package func set(_ name: String, _ records: [String]) async throws {
        let control = ["-c", configuration]
        try await RealServer.run(
            "/usr/sbin/unbound-control", control + ["local_data_remove", name])
        guard !records.isEmpty else { return }
        let lines = records.map { "\(name) \($0)\n" }.joined()
        try await RealServer.run(
            "/usr/sbin/unbound-control", control + ["local_datas"], input: lines)
    }
}
#endif
