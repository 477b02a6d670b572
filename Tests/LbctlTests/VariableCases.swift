#if Program
extension `Sticky clients beside haproxy` {
    /// What variables lead to; a configuration may have 16.
    static let variableCases = [
        // A value becomes what it is compared with.
        Case(
            name: "values",
            sections: [
                """
                tcp-request connection set-var(sess.from) src
                tcp-request connection set-var(sess.count) int(17)
                tcp-request connection set-var(sess.digits) str(17)
                tcp-request connection set-var(sess.below) str(-5x)
                tcp-request connection set-var(sess.other) ipv4(192.0.2.9)
                tcp-request session set-var(sess.copy) var(sess.from)
                tcp-request content reject unless { var(sess.from) -m found } { var(sess.from) -m ip 127.0.0.0/8 }
                tcp-request content reject unless { var(sess.from) -m beg 127.0.0. } { var(sess.from) -m sub 7.0.0 }
                tcp-request content reject unless { var(sess.from) -m reg ^127 } { var(sess.from) -m int gt 2130706432 }
                tcp-request content reject unless { var(sess.count) -m str 17 } { var(sess.count) -m int 17 }
                tcp-request content reject unless { var(sess.count) -m ip 0.0.0.17 } !{ var(sess.count) -m str 1 }
                tcp-request content reject unless { var(sess.digits) -m int gt 16 } { var(sess.digits) -m str 17 }
                tcp-request content reject unless { var(sess.below) -m int lt 0 } !{ var(sess.below) -m int ge 0 } !{ var(sess.below) -m ip 0.0.0.0/0 }
                tcp-request content reject unless { var(sess.below) -m int :5 } !{ var(sess.below) -m int 0:5 } !{ var(sess.below) -m int 5: }
                tcp-request content reject unless { var(sess.count) -m int :17 } { var(sess.count) -m int 17: } !{ var(sess.count) -m int :16 }
                tcp-request content reject unless { var(sess.other) -m ip 192.0.2.0/24 } { var(sess.other) -m end .9 }
                use-server b if { var(sess.copy) -m str 127.0.0.2 }
                server a @a
                server b @b weight 0
                """
            ], clients: "x1 x2 x1", servers: "aba"),
        Case(
            name: "spoken",
            sections: [
                """
                tcp-request inspect-delay 5s
                tcp-request content set-var(txn.first) req.payload(0,1) if { req.len ge 1 }
                tcp-request content set-var(req.second) req.payload(1,1)
                tcp-request content unset-var(txn.first) if { var(txn.first) -m str u }
                tcp-request content reject unless { var(txn.first) -m found }
                use-server b if { var(txn.first) -i -m str B }
                use-server c if { var(req.second) -m bin 63 }
                server a @a
                server b @b weight 0
                server c @c weight 0
                """
            ], clients: "x1b x1xc x1u x1x x1bc", servers: "bc?ab"),
        // What is not known leaves it as it is.
        Case(
            name: "left",
            sections: [
                """
                tcp-request connection set-var(sess.left) int(5)
                tcp-request content set-var(sess.left) req.payload(900,3)
                tcp-request content set-var(sess.left) var(txn.early)
                tcp-request connection set-var(txn.early) src
                tcp-request content reject unless { var(sess.left) -m int 5 } !{ var(txn.early) -m found }
                server a @a
                """
            ], clients: "x1", servers: "a"),
        Case(
            name: "common",
            sections: [
                """
                tcp-request connection set-var(proc.seen) src if { src 127.0.0.2 }
                tcp-request connection unset-var(proc.seen) if { src 127.0.0.3 }
                use-server b if { var(proc.seen) -m ip 127.0.0.2 }
                server a @a
                server b @b weight 0
                """
            ], clients: "x1 x2 x1 x3 x1", servers: "abbaa"),
        Case(
            name: "handed",
            sections: [
                """
                tcp-request session set-var(sess.way) str(y) if { src 127.0.0.2 }
                use_backend #y if { var(sess.way) -m str y }
                server a @a
                """,
                """
                tcp-request content set-var(txn.tier) str(Gold)
                use-server c if { var(txn.tier) -i -m str gold } { var(sess.way) -m found }
                server b @b
                server c @c weight 0
                """,
            ], clients: "x1 x2 y1", servers: "acb"),
    ]
}
#endif
