/// The section `global` of haproxy's language.
enum HAProxyGlobal {
    /// haproxy's configuration manual, section 3.
    static let table = KeywordTable<Draft>(
        "keyword", scope: "in a global section",
        [
            "nbthread": .integer(\.global.reactorCount, 1...GlobalSettings.mostReactors),
            "maxconn": .line { draft, arguments throws(Remark) in
                let limit = try arguments.integer(in: .atLeast(0))
                draft.global.connectionLimit = limit == 0 ? nil : limit
            },
            "log": log,
            "external-check": .set(\.global.allowsCommandChecks, to: true),
            // The programs are started without a fork of the whole process.
            "insecure-fork-wanted": .alwaysSo,
            "spread-checks": .integer(\.global.checkSpread, 0...50),
            "max-spread-checks": .line { _, arguments throws(Remark) in
                _ = try arguments.time()
                arguments.warn(
                    "'max-spread-checks' has no effect: the first checks are over within 50 ms, or"
                        + " 0.3 ms for each server")
            },
            "daemon": .notYet("the program stays in the foreground"),
            "user": .line { draft, arguments throws(Remark) in
                let account = try HAProxyAccount.user(try arguments.next("a user's name"))
                draft.global.userID = account.user
                // haproxy keeps root's group here, with what root's group may do.
                draft.global.groupID = draft.global.groupID ?? account.group
            },
            "group": .line { draft, arguments throws(Remark) in
                draft.global.groupID = try HAProxyAccount.group(try arguments.next("a group's name"))
            },
            "uid": .line { draft, arguments throws(Remark) in
                draft.global.userID = UInt32(try arguments.integer(in: 0...Int(Int32.max)))
            },
            "gid": .line { draft, arguments throws(Remark) in
                draft.global.groupID = UInt32(try arguments.integer(in: 0...Int(Int32.max)))
            },
            "hard-stop-after": .line { draft, arguments throws(Remark) in
                draft.global.hardStopTime = try arguments.time(isZeroAllowed: false)
            },
            "localpeer": .line { draft, arguments throws(Remark) in
                draft.global.localPeer = try arguments.next("the name of a peer").text
            },
            "ssl-server-verify": .line { draft, arguments throws(Remark) in
                let choices = ["none": false, "required": true]
                draft.verifiesServers = try arguments.choice(of: choices)
            },
            "ca-base": .line { draft, arguments throws(Remark) in
                draft.authoritiesFolder = try arguments.next("a directory").text
            },
            "crt-base": .noEffect("nothing here has a certificate of its own"),
            "chroot": .notYet("the program keeps its root directory"),
            "stats": .notYet("the control socket is lbctl's own"),
        ],
        notYet: """
            51degrees-cache-size 51degrees-data-file close-spread-time cluster-secret
            cpu-map cpu-policy cpu-set default-path description deviceatlas-json-file
            dns-accept-family expose-deprecated-directives expose-experimental-directives
            fd-hard-limit force-cfg-parser-pause grace
            h1-accept-payload-with-any-method h1-case-adjust h1-case-adjust-file
            h1-do-not-close-on-insecure-transfer-encoding h2-workaround-bogus-websocket-clients
            harden.reject-privileged-ports.quic harden.reject-privileged-ports.tcp
            httpclient.resolvers.disabled httpclient.resolvers.id httpclient.resolvers.prefer
            httpclient.retries httpclient.ssl.ca-file httpclient.ssl.verify
            httpclient.timeout.connect insecure-setuid-wanted
            issuers-chain-path log-send-hostname log-tag lua-load lua-load-per-thread
            lua-prepend-path master-worker maxcompcpuusage maxcomprate
            maxconnrate maxpipes maxsessrate maxsslconn maxsslrate maxzlibmem mworker-max-reloads
            mworker-prog nbproc no no-memory-trimming no-quic node noepoll noevports
            nogetaddrinfo nokqueue nopoll noreuseport nosplice numa-cpu-mapping ocsp-update.mode
            pidfile pp2-never-send-local presetenv prealloc-fd profiling.memory profiling.tasks
            quiet resetenv server-state-base server-state-file set-dumpable set-var set-var-fmt
            setcap setenv shm-stats-file ssl-default-bind-ciphers
            ssl-default-bind-ciphersuites ssl-default-bind-client-sigalgs
            ssl-default-bind-curves ssl-default-bind-options ssl-default-bind-sigalgs
            ssl-default-server-ciphers ssl-default-server-ciphersuites
            ssl-default-server-options ssl-dh-param-file ssl-engine ssl-load-extra-del-ext
            ssl-load-extra-files ssl-mode-async ssl-propquery ssl-provider ssl-provider-path
            ssl-security-level ssl-skip-self-issued-ca stats-file strict-limits
            thread-group thread-groups thread-hard-limit tune.applet.zero-copy-forwarding
            tune.buffers.limit tune.buffers.reserve tune.bufsize tune.bufsize.small
            tune.comp.maxlevel tune.disable-fast-forward tune.disable-zero-copy-forwarding
            tune.fail-alloc tune.fd.edge-triggered tune.h1.zero-copy-fwd-recv
            tune.h2.header-table-size tune.h2.initial-window-size tune.h2.max-concurrent-streams
            tune.h2.max-frame-size tune.http.cookielen tune.http.logurilen tune.http.maxhdr
            tune.idle-pool.shared tune.idletimer tune.listener.default-shards
            tune.listener.multi-queue tune.lua.forced-yield tune.lua.maxmem
            tune.lua.service-timeout tune.lua.session-timeout tune.lua.task-timeout
            tune.max-checks-per-thread tune.maxaccept tune.maxpollevents tune.maxrewrite
            tune.memory.hot-size tune.pattern.cache-size tune.peers.max-updates-at-once
            tune.pipesize tune.pool-high-fd-ratio tune.pool-low-fd-ratio tune.rcvbuf.backend
            tune.rcvbuf.client tune.rcvbuf.frontend tune.rcvbuf.server tune.recv_enough
            tune.runqueue-depth tune.sched.low-latency tune.sndbuf.backend tune.sndbuf.client
            tune.sndbuf.frontend tune.sndbuf.server tune.ssl.cachesize
            tune.ssl.capture-buffer-size tune.ssl.capture-cipherlist-size
            tune.ssl.default-dh-param tune.ssl.force-private-cache tune.ssl.hard-maxrecord
            tune.ssl.keylog tune.ssl.lifetime tune.ssl.maxrecord tune.ssl.ssl-ctx-cache-size
            tune.stick-counters tune.vars.check-max-size tune.vars.global-max-size
            tune.vars.proc-max-size tune.vars.reqres-max-size tune.vars.sess-max-size
            tune.vars.txn-max-size tune.zlib.memlevel tune.zlib.windowsize ulimit-n unix-bind
            unsetenv wurfl-cache-size wurfl-data-file zero-warning
            """,
        neighbours: HAProxyReader.sections)
}
