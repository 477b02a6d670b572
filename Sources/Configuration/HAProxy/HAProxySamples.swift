import VRRPCore

/// What haproxy's access lists can ask about and ours cannot yet, so that it is not taken for a mistake, and
/// the lists that are there by themselves.
///
/// haproxy's configuration manual, sections 7.3 and 7.4.
enum HAProxySamples {
    /// Finds out what is the matter with a criterion that haproxy knows.
    ///
    /// - Parameter criterion: The criterion with what stands in its parentheses, and its converters.
    /// - Returns: The rest of a sentence about it; `nil`: haproxy knows none of this name.
    static func refusal(of criterion: String) -> String? {
        let name = String(criterion.prefix { $0 != "(" && $0 != "," })
        var rest = criterion.dropFirst(name.count)
        if rest.hasPrefix("(") { rest = rest.drop { $0 != ")" }.dropFirst() }
        if name.hasSuffix("_dn"), TLSText.sampleNames.contains(name) {
            return
                "is not offered; \(name), \(name)(cn) and the last one of a kind, \(name)(ou,-1), are"
        }
        let isOffered = HAProxyCriterion.names.contains(name)
        if isOffered, rest.hasPrefix(",") {
            let converters = rest.split(separator: ",").map { String($0.prefix { $0 != "(" }) }
            guard let first = converters.first else {
                return
                    "ends with a comma; a converter stands without spaces, as in req.ssl_sni,lower"
            }
            let unknown = converters.first { $0 != "lower" && $0 != "upper" } ?? first
            return
                "has the converter \(unknown.quoted), which is not offered; there are lower and upper"
        }
        guard !isOffered else { return nil }
        if ofConnections.contains(name) { return "is known but not implemented yet" }
        if name.hasPrefix("ssl_bc") || name.hasPrefix("ssl_s_") {
            return "asks about TLS to servers, which no rule looks at"
        }
        if name.hasPrefix("ssl_") {
            let offered = TLSText.sampleNames + TLSNumber.allCases.map(\.rawValue)
            return "is not offered; of clients' TLS there are \(offered.joined(separator: ", "))"
        }
        if isOfHTTP(name) { return "asks about HTTP, which lbctl does not read" }
        return isOfResponses(name) ? "asks what servers say, which no rule looks at" : nil
    }

    /// Whether haproxy has an access list of this name by itself, which needs HTTP.
    static func isListOfHTTP(_ name: some StringProtocol) -> Bool {
        listsOfHTTP.contains(String(name))
    }

    private static func isOfHTTP(_ name: String) -> Bool {
        if ofHTTP.contains(name) { return true }
        if name.contains("_http_"), name.hasPrefix("sc") || name.hasPrefix("src_") { return true }
        // `path_beg` and so on compare in a way of their own.
        guard let end = name.lastIndex(of: "_") else { return false }
        let ways = ["_beg", "_dir", "_dom", "_end", "_len", "_reg", "_sub"]
        return ways.contains(String(name[end...])) && ofHTTP.contains(String(name[..<end]))
    }

    private static func isOfResponses(_ name: String) -> Bool {
        ["res.", "bc_"].contains { name.hasPrefix($0) } || ofResponses.contains(name)
    }

    private static func words(_ text: String) -> Set<String> {
        Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
    }

    /// Of the process, of connections and of the first bytes of any protocol.
    static let ofConnections = words(
        """
        accept_date act_conn be_id be_name be_server_timeout
        be_tunnel_timeout bin bool bytes_in cpu_calls cpu_ns_avg cpu_ns_tot
        cur_client_timeout cur_server_timeout cur_tunnel_timeout date date_us distcc_body
        distcc_param dst_is_local env fc_dst fc_dst_is_local fc_dst_port fc_err
        fc_err_name fc_err_str fc_fackets fc_lost fc_rcvd_proxy fc_reordering fc_retrans fc_rtt fc_rttvar fc_sacked
        fc_saved_syn fc_src fc_src_is_local fc_src_port fc_timer_handshake fc_unacked
        fe_client_timeout fe_defbe fe_id fe_name fe_req_rate
        fe_tarpit_timeout hostname int ipv4 ipv6 last_rule_file last_rule_line lat_ns_avg
        lat_ns_tot payload_lv prio_class prio_offset proc quic_enabled
        req.payload_lv req.ssl_cipherlist req.ssl_ec_ext req.ssl_keyshare_groups
        req.ssl_sigalgs req.ssl_st_ext req.ssl_supported_groups so_name src_is_local
        srv_conn_free srv_id srv_iweight srv_name srv_uweight
        srv_weight stopping str table_avl table_cnt thread txn.conn_retries txn.id32
        txn.redispatched txn.timer.user unique-id uuid
        """)

    private static let ofHTTP = words(
        """
        base base32 base32+src baseq capture.req.hdr capture.req.method capture.req.uri
        capture.req.ver capture.res.hdr capture.res.ver cook cook_cnt cook_val cookie
        fc_http_major fcgi.docroot fcgi.index hdr hdr_cnt hdr_ip hdr_val http_auth
        http_auth_bearer http_auth_group http_auth_pass http_auth_type http_auth_user
        http_first_req meth method path pathq query req.body req.body_len req.body_param
        req.body_size req.cook req.cook_cnt req.cook_names req.cook_val req.fhdr
        req.fhdr_cnt req.hdr req.hdr_cnt req.hdr_ip req.hdr_names req.hdr_val req.hdrs
        req.hdrs_bin req.proto_http req.timer.hdr req.ver req_proto_http req_ver
        request_date txn.status url url32 url32+src url_ip url_param url_port urlp
        urlp_val
        """)

    private static let ofResponses = words(
        """
        rep_ssl_hello_type resp_ver response_date scook scook_cnt scook_val shdr shdr_cnt
        shdr_ip shdr_val status
        """)

    private static let listsOfHTTP = words(
        """
        HTTP HTTP_1.0 HTTP_1.1 HTTP_2.0 HTTP_3.0 HTTP_CONTENT HTTP_URL_ABS HTTP_URL_SLASH
        HTTP_URL_STAR METH_CONNECT METH_DELETE METH_GET METH_HEAD METH_OPTIONS METH_POST
        METH_PUT METH_TRACE
        """)

    /// The access lists that haproxy has by itself; its configuration manual, section 7.4.
    static let predefined: [String: [ConnectionQuestion]] = [
        "TRUE": [.constant(true)], "FALSE": [.constant(false)], "WAIT_END": [.waitIsOver],
        "LOCALHOST": [
            .source([
                AddressPrefix(address: .v4(.init(127, 0, 0, 0)), length: 8),
                AddressPrefix(address: .v6(.init(high: 0, low: 1)), length: 128),
            ])
        ],
        "REQ_CONTENT": [.byteCount([1...Int.max])],
        "RDP_COOKIE": [.rdpCookieCount("", [1...Int.max])],
    ]
}
