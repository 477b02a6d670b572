#if Program
extension `Sticky clients beside haproxy` {
    /// Sections, named by the case and `x`, `y`, `z`, which client says what to which of them, and whom each
    /// one gets.
    struct Case: Sendable {
        let name: String
        /// `@a` stands for the address of the server that answers `a`, `#` for the case's name.
        let sections: [String]
        /// Section, last octet and what is said, of each connection; `@a` says by RDP that the server which
        /// answers `a` was the client's.
        let clients: String
        /// `?`: none.
        let servers: String
    }

    static let cases = [
        Case(
            name: "named",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a
                server b @b
                server c @c
                """,
                """
                stick on src table #x
                server c @c
                server b @b
                server a @a
                """,
            ], clients: "x1 x2 y1 y3 x3 y2", servers: "abaccb"),
        Case(
            name: "numbered",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a
                server b @b
                """,
                """
                stick on src table #x
                server d @d
                server e @e
                """,
            ], clients: "x1 x2 y2 y1 y2 x2", servers: "abedeb"),
        Case(
            name: "unknown",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a
                server b @b
                """,
                """
                stick on src table #x
                server f @f id 9
                server g @g id 10
                """,
            ], clients: "x1 y1 y1 x1 y1", servers: "affbg"),
        Case(
            name: "alone",
            sections: [
                """
                stick store-request src table #t
                server a @a
                server b @b
                """,
                """
                stick match src table #t
                server b @b
                server a @a
                backend #t
                stick-table type ip size 9
                """,
            ], clients: "y1 x1 x1 y1 y1 x1 y1", servers: "babbbaa"),
        Case(
            name: "precise",
            sections: [
                """
                tcp-request inspect-delay 5s
                tcp-request content accept if { req.len gt 0 }
                stick-table type ip size 9
                stick on req.payload(0,1) table #t
                stick on src
                server a @a
                server b @b
                server c @c
                backend #t
                stick-table type string size 9
                """
            ], clients: "x1k x2k x1m x3z x3k x3y x2z", servers: "aaabaab"),
        Case(
            name: "either",
            sections: [
                """
                tcp-request inspect-delay 200ms
                tcp-request content accept if { req.len gt 0 }
                stick-table type string size 9
                stick on req.payload(2,1)
                stick on req.payload(0,1)
                server a @a
                server b @b
                server c @c
                """
            ], clients: "x1pqr x1r x1p x1p x1ssr", servers: "aabba"),
        Case(
            name: "counted",
            sections: [
                """
                tcp-request inspect-delay 5s
                tcp-request content accept if { req.len gt 0 }
                stick-table type string size 9
                stick on req.payload_lv(0,1,+1)
                stick on payload_lv(1,1,+1) table #t
                server a @a
                server b @b
                server c @c
                backend #t
                stick-table type string size 9
                """
            ],
            clients:
                "x1\u{1}\u{2}p_q x2\u{2}\u{1}pq x3\u{1}\0pz x3\u{2}\u{1}pqz x3\0\u{1}pqz x3\0\u{1}__q",
            servers: "ababbc"),
        Case(
            name: "down",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a
                server b @b
                """,
                """
                stick match src table #x
                stick match src table #z
                server a @a disabled
                server b @b
                server c @c
                """,
                """
                stick-table type ip size 9
                stick on src
                server b @b
                server c @c
                """,
            ], clients: "x1 z2 z1 y1 y1", servers: "abccc"),
        Case(
            name: "chosen",
            sections: [
                """
                stick-table type ip size 9
                acl odd src 127.0.0.1 127.0.0.3
                stick on src if odd
                server a @a
                server b @b
                server c @c
                """
            ], clients: "x1 x2 x2 x1 x3 x3", servers: "abcaaa"),
        Case(
            name: "unless",
            sections: [
                """
                stick-table type ip size 9
                stick match src unless { src 127.0.0.2 } or { nbsrv lt 3 }
                stick store-request src
                server a @a
                server b @b
                server c @c
                """
            ], clients: "x1 x2 x1 x2 x2", servers: "abaca"),
        Case(
            name: "said",
            sections: [
                """
                tcp-request inspect-delay 5s
                tcp-request content accept if { req.len gt 0 }
                acl known req.payload(0,1) -m str k
                stick-table type ip size 9
                stick on req.payload(1,1) table #t if known
                stick on src unless known
                server a @a
                server b @b
                server c @c
                backend #t
                stick-table type string size 9
                """
            ], clients: "x1kp x2kp x2mp x2kq x2mq x1mp x1kq", servers: "aabcbac"),
        Case(
            name: "first",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                use-server b if { src 127.0.0.2 }
                server a @a
                server b @b
                """,
                """
                stick match src table #x if { src 127.0.0.1 127.0.0.2 }
                server c @c
                server b @b
                server a @a
                """,
            ], clients: "x1 x2 y2 y1 x3 y3", servers: "abbabc"),
        Case(
            name: "asked",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a
                server b @b id 7
                """,
                """
                tcp-request content reject if { src,table_server_id(#x) 7 }
                server c @c
                """,
                """
                stick-table type ip size 9
                tcp-request connection track-sc0 src
                tcp-request content reject if { src,table_server_id(#z) ge 0 }
                use-server e unless { src,table_server_id(#x) 0 }
                server d @d
                server e @e weight 0
                """,
            ], clients: "x1 x2 y1 y2 y3 z1 z3", servers: "abc?ced"),
        Case(
            name: "passed",
            sections: [
                """
                tcp-request inspect-delay 5s
                tcp-request content accept if { req.len gt 0 }
                stick-table type string size 9
                stick on req.payload(0,1) if { req.payload(0,1) -m str p }
                stick on req.payload(1,1)
                server a @a
                server b @b
                server c @c
                """
            ], clients: "x1pq x1zq x1pr x1zr x1zq", servers: "abacb"),
        Case(
            name: "forced",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a
                server b @b
                """,
                """
                stick on src table #x
                force-persist if { src 127.0.0.1 }
                server a @a disabled
                server b @b
                server c @c
                """,
            ], clients: "x1 x2 x3 y1 y3 y1", servers: "abaaba"),
        Case(
            name: "kept",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a
                server b @b
                """,
                """
                option persist
                stick match src table #x
                use-server d if { src 127.0.0.4 }
                server a @a disabled
                server b @b
                server c @c
                server d @d disabled
                """,
            ], clients: "x1 x2 y1 y2 y3 y4", servers: "ababbd"),
        // Who is led to a server that is down goes on to the next rule.
        Case(
            name: "passing",
            sections: [
                """
                force-persist if { src 127.0.0.5 }
                use-server a if { src 127.0.0.1 127.0.0.5 }
                use-server b if { src 127.0.0.1 }
                server a @a disabled
                server b @b weight 0
                server c @c
                """,
                """
                stick match src table namedx
                use-server a if { src 127.0.0.2 }
                server a @a disabled
                server b @b weight 0
                server c @c
                """,
            ], clients: "x1 x5 x3 y2", servers: "bacb"),
        Case(
            name: "excepted",
            sections: [
                """
                ignore-persist if { src 127.0.0.1 }
                force-persist unless { src 127.0.0.3 }
                use-server a if TRUE
                server a @a disabled
                server c @c
                """
            ], clients: "x1 x5 x3", servers: "cac"),
        Case(
            name: "ignored",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                ignore-persist if { src 127.0.0.1 }
                server a @a
                server b @b
                """
            ], clients: "x1 x1 x2 x1", servers: "aaba"),
        Case(
            name: "forgotten",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a non-stick
                server b @b
                """
            ], clients: "x1 x1 x1 x2 x2", servers: "abbab"),
        Case(
            name: "heard",
            sections: [
                """
                tcp-request inspect-delay 5s
                tcp-request content accept if { req.len gt 0 }
                force-persist if { req.payload(0,1) -m str k }
                use-server a if TRUE
                server a @a disabled
                server c @c
                """
            ], clients: "x1k x1x", servers: "ac"),
        Case(
            name: "behind",
            sections: [
                """
                use_backend #y if TRUE
                server c @c
                """,
                """
                force-persist if { src 127.0.0.1 }
                use-server a if TRUE
                server a @a disabled
                server b @b
                """,
            ], clients: "x1 x2", servers: "ab"),
        // Nobody listens at port 1. Who is forced never leaves a server, be it not his own.
        Case(
            name: "leaving",
            sections: [
                """
                option persist
                option redispatch
                retries 1
                timeout connect 50ms
                use-server x if TRUE
                server x 127.0.0.1:1
                server c @c
                """,
                """
                force-persist if TRUE
                option redispatch
                retries 1
                timeout connect 50ms
                use-server x if { src 127.0.0.1 }
                server x 127.0.0.1:1
                server c @c
                """,
            ], clients: "x1 y1 y2 y2", servers: "c??c"),
        // A key without a server has the number 0 where numbers have room, and none elsewhere.
        Case(
            name: "numbers",
            sections: [
                """
                stick-table type ip size 9 store server_id,conn_cnt
                tcp-request connection track-sc0 src if { src 127.0.0.1 }
                tcp-request content reject if { src,table_server_id(#x) 0 }
                server a @a
                """,
                """
                stick-table type ip size 9 store conn_cnt
                tcp-request connection track-sc0 src if { src 127.0.0.1 }
                tcp-request content reject if { src,table_server_id(#y) 0 }
                server a @a
                """,
            ], clients: "x1 x2 y1 y2", servers: "??a?"),
        Case(
            name: "told",
            sections: [
                """
                tcp-request inspect-delay 5s
                tcp-request content accept if RDP_COOKIE
                persist rdp-cookie
                force-persist if TRUE
                server c @c
                server a @a disabled
                """,
                """
                tcp-request inspect-delay 5s
                tcp-request content accept if RDP_COOKIE
                persist rdp-cookie
                option persist
                server c @c
                server a @a disabled
                """,
                """
                tcp-request inspect-delay 5s
                tcp-request content accept if RDP_COOKIE
                persist rdp-cookie
                use-server a if TRUE
                server c @c
                server a @a disabled
                server b @b weight 0
                """,
            ], clients: "x1@a y1@a z1@b", servers: "cab"),
    ]
}
#endif
