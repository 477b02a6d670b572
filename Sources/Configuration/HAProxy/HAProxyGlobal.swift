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
            "maxconnrate": .line { draft, arguments throws(Remark) in
                let limit = try arguments.integer(in: .atLeast(0))
                draft.global.connectionRate = limit == 0 ? nil : limit
            },
            "maxsessrate": .line { draft, arguments throws(Remark) in
                let limit = try arguments.integer(in: .atLeast(0))
                draft.global.sessionRate = limit == 0 ? nil : limit
            },
            "maxsslconn": .line { draft, arguments throws(Remark) in
                let limit = try arguments.integer(in: .atLeast(0))
                draft.global.securedConnectionLimit = limit == 0 ? nil : limit
            },
            "maxsslrate": .line { draft, arguments throws(Remark) in
                let limit = try arguments.integer(in: .atLeast(0))
                draft.global.securedConnectionRate = limit == 0 ? nil : limit
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
            "user": .line { draft, arguments throws(Remark) in
                let account = try HAProxyAccount.user(try arguments.next("a user's name"))
                draft.global.userID = account.user
                // haproxy keeps root's group here, with what root's group may do.
                draft.global.groupID = draft.global.groupID ?? account.group
            },
            "group": .line { draft, arguments throws(Remark) in
                draft.global.groupID = try HAProxyAccount.group(
                    try arguments.next("a group's name"))
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
            "log-tag": .line { draft, arguments throws(Remark) in
                draft.global.logTag = try arguments.logName("a word such as lb1", upTo: 48)
            },
            "log-send-hostname": .line { draft, arguments throws(Remark) in
                draft.global.logHostName =
                    arguments.upcoming == nil
                    ? "" : try arguments.logName("a host's name", upTo: 255)
            },
            "ssl-server-verify": .line { draft, arguments throws(Remark) in
                let choices = ["none": false, "required": true]
                draft.verifiesServers = try arguments.choice(of: choices)
            },
            "ca-base": .line { draft, arguments throws(Remark) in
                draft.bindSurroundings.authoritiesFolder = try arguments.next("a directory").text
            },
            "tune.ssl.lifetime": .line { draft, arguments throws(Remark) in
                draft.global.securedSessionLife = try arguments.securedSessionLife()
            },
            "unix-bind": HAProxyUnixBind.rule,
            "stats": .line { draft, arguments throws(Remark) in
                try statistics.read(into: &draft, &arguments)
            },
            "no": .line { draft, arguments throws(Remark) in
                try negatable.read(into: &draft, &arguments)
            },
            // The loader carries it out, once all that there is to say is said.
            "zero-warning": .alwaysSo,
        ].merging(idle) { own, _ in own }
            .merging(HAProxyTLSDefaults.globalRules) { own, _ in own }
            .merging(HAProxyBindTLSDefaults.globalRules) { own, _ in own }
            .merging(
                // Files of haproxy's own language are read without these lines.
                HAProxyEnvironment.keywords.map {
                    ($0, .noEffect("no variable stands for anything in YAML; write the values"))
                }
            ) { own, _ in own },
        notYet: """
            anonkey close-spread-time cluster-secret default-path description
            dns-accept-family expose-deprecated-directives expose-experimental-directives
            fd-hard-limit force-cfg-parser-pause grace harden.reject-privileged-ports.quic
            harden.reject-privileged-ports.tcp insecure-setuid-wanted limited-quic no-quic
            node nogetaddrinfo noreuseport nosplice pp2-never-send-local prealloc-fd
            profiling.memory profiling.tasks set-dumpable set-var set-var-fmt setcap
            shm-stats-file ssl-engine ssl-mode-async ssl-propquery ssl-provider
            ssl-provider-path ssl-security-level ssl-skip-self-issued-ca stats-file
            strict-limits tune.fail-alloc tune.max-checks-per-thread
            tune.pattern.cache-size tune.peers.max-updates-at-once tune.rcvbuf.backend
            tune.rcvbuf.client tune.rcvbuf.frontend tune.rcvbuf.server tune.sndbuf.backend
            tune.sndbuf.client tune.sndbuf.frontend tune.sndbuf.server tune.ssl.keylog
            tune.stick-counters ssl-load-extra-del-ext ssl-load-extra-files
            issuers-chain-path ocsp-update.mode
            tune.ssl.hard-maxrecord tune.ssl.maxrecord
            """,
        neighbours: HAProxyReader.sections)

    /// Words that have nothing to act on here, by why.
    private static let idle: [String: Rule<Draft>] = [
        "chroot": "the program keeps its root directory",
        "daemon": "the program stays in the foreground",
        "pidfile": "no file is written, since who starts the program knows its process",
        "nbproc": "one process has a reactor per thread ('nbthread')",
        "master-worker mworker-max-reloads mworker-prog":
            "the program watches its processes itself, and a reload makes none",
        "quiet": "what there is to say of a file is always said",
        "ulimit-n": "the hard limit on open files is used whole",
        "server-state-file server-state-base":
            "what is known of servers outlasts a reload and an end of the balancer process by itself",
        placed: placing,
        "noepoll noevports nokqueue nopoll": "the reactors wait by epoll",
        """
        ssl-dh-param-file tune.ssl.default-dh-param
        """: "the parameters of a key exchange fit the certificate's key by themselves",
        """
        tune.ssl.cachesize tune.ssl.force-private-cache
        """: "clients keep their sessions themselves, as tickets",
        """
        tune.ssl.capture-buffer-size tune.ssl.capture-cipherlist-size
        tune.ssl.ssl-ctx-cache-size
        """: "nothing here asks for it",
        """
        maxpipes no-memory-trimming tune.buffers.limit tune.buffers.reserve tune.bufsize
        tune.bufsize.small tune.idletimer tune.maxrewrite tune.memory.hot-size
        tune.pipesize tune.recv_enough
        """:
            "buffers and pipes are lent to connections while bytes wait in them, and sized by themselves",
        """
        tune.applet.zero-copy-forwarding tune.disable-fast-forward
        tune.disable-zero-copy-forwarding tune.fd.edge-triggered
        tune.listener.default-shards tune.listener.multi-queue tune.maxaccept
        tune.maxpollevents tune.runqueue-depth tune.sched.low-latency
        """: "a reactor takes turns that are bounded by themselves",
        """
        tune.vars.check-max-size tune.vars.global-max-size tune.vars.proc-max-size
        tune.vars.reqres-max-size tune.vars.sess-max-size tune.vars.txn-max-size
        """: "a variable's text has 255 bytes at most",
        """
        lua-load lua-load-per-thread lua-prepend-path tune.lua.forced-yield tune.lua.maxmem
        tune.lua.service-timeout tune.lua.session-timeout tune.lua.task-timeout
        """: "no Lua is run here",
        """
        h1-accept-payload-with-any-method h1-case-adjust h1-case-adjust-file
        h1-do-not-close-on-insecure-transfer-encoding h2-workaround-bogus-websocket-clients
        maxcompcpuusage maxcomprate maxzlibmem tune.comp.maxlevel tune.h1.zero-copy-fwd-recv
        tune.h2.header-table-size tune.h2.initial-window-size tune.h2.max-concurrent-streams
        tune.h2.max-frame-size tune.http.cookielen tune.http.logurilen tune.http.maxhdr
        tune.zlib.memlevel tune.zlib.windowsize
        51degrees-cache-size 51degrees-data-file deviceatlas-json-file
        httpclient.resolvers.disabled httpclient.resolvers.id httpclient.resolvers.prefer
        httpclient.retries httpclient.ssl.ca-file httpclient.ssl.verify
        httpclient.timeout.connect wurfl-cache-size wurfl-data-file tune.idle-pool.shared
        tune.pool-high-fd-ratio tune.pool-low-fd-ratio
        """: "no HTTP is read here",
    ].reduce(into: [:]) { rules, group in
        for word in group.key.split(whereSeparator: \.isWhitespace) {
            rules[String(word)] = .noEffect(group.value)
        }
    }

    private static let placed =
        "cpu-map cpu-policy cpu-set numa-cpu-mapping thread-group thread-groups thread-hard-limit"
    private static let placing = "the kernel places the reactors on processors"

    /// haproxy's socket; its page has keywords of its own.
    private static let statistics = KeywordTable<Draft>(
        "stats keyword", scope: "in a global section",
        Dictionary(
            uniqueKeysWithValues: ["socket", "timeout", "maxconn", "bind-process"].map {
                ($0, .noEffect("there is lbctl's own control socket instead ('--control')"))
            }))

    private static let negatable = KeywordTable<Draft>(
        "keyword", scope: "after 'no'",
        [
            "numa-cpu-mapping": .noEffect(placing),
            "log": .line { draft, _ throws(Remark) in
                draft.global.logTargets = []
                draft.global.logsToSyslog = false
            },
            "busy-polling": .alwaysSo, "insecure-fork-wanted": .alwaysSo,
            "insecure-setuid-wanted": .alwaysSo,
        ], notYet: "memory-trimming quic set-dumpable strict-limits")
}
