import Control
import Testing

@Suite struct `Statistics as CSV` {
    /// The header line of haproxy 3.5, as its management guide and its answer have it.
    private let header = """
        # pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,\
        wredis,status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,\
        lbtot,tracked,type,rate,rate_lim,rate_max,check_status,check_code,check_duration,hrsp_1xx,\
        hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,\
        cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,\
        rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,\
        check_fall,check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,conn_rate,\
        conn_rate_max,conn_tot,intercepted,dcon,dses,wrew,connect,reuse,cache_lookups,cache_hits,\
        srv_icur,src_ilim,qtime_max,ctime_max,rtime_max,ttime_max,eint,idle_conn_cur,safe_conn_cur,\
        used_conn_cur,need_conn_est,uweight,agg_server_status,agg_server_check_status,\
        agg_check_status,srid,sess_other,h1sess,h2sess,h3sess,req_other,h1req,h2req,h3req,proto,\
        priv_idle_cur,reqbin,reqbout,resbin,resbout,cache_hint_hits,-,
        """

    private func fields(_ line: Substring) -> [String] {
        line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    @Test func `the header is haproxy's, column for column`() {
        let lines = StatisticsCSV.render(sampleNode()).split(separator: "\n")
        #expect(lines[0] == header)
    }

    @Test
    func `a proxy has a row for its frontend, each server and its pool, as long as the header`() {
        let lines = StatisticsCSV.render(sampleNode()).split(separator: "\n")
        let names = lines.dropFirst().map { fields($0)[0...1].joined(separator: "/") }
        #expect(
            names == [
                "stats/FRONTEND", "http/FRONTEND", "http/web01", "http/web02", "http/BACKEND",
            ])
        for line in lines { #expect(fields(line).count == fields(lines[0]).count) }
    }

    @Test func `a listener has a row where that is asked for, as in haproxy`() {
        var node = sampleNode()
        #expect(!StatisticsCSV.render(node).contains("sock-1"))
        node.proxies[1].frontend?.showsListeners = true
        let lines = StatisticsCSV.render(node).split(separator: "\n")
        let listener = fields(lines[3])
        #expect(listener.count == fields(lines[0]).count)
        #expect(
            listener[0...9] == ["http", "sock-1", "", "", "5", "6", "5", "400", "1000", "2000"])
        #expect(listener[10...12] == ["0", "0", "0"])
        #expect(listener[17] == "FULL")
        #expect(listener[26...28] == ["1", "2", "1"])
        #expect(listener[32...35] == ["3", "", "", ""])
        #expect(listener[73] == "172.17.0.5:80")
        #expect(fields(lines[4])[1] == "web01")
        #expect(StatusText.render(node).contains("sock-1"))
    }

    @Test func `the figures stand where haproxy's readers look for them`() throws {
        let lines = StatisticsCSV.render(sampleNode()).split(separator: "\n")
        let frontend = fields(lines[2])
        #expect(frontend[4...9] == ["7", "9", "10000", "1000", "123456", "7890123"])
        #expect(frontend[17] == "OPEN")
        #expect(frontend[32...35] == ["0", "3", "0", "12"])
        let place = try #require(fields(lines[0]).firstIndex(of: "conn_rate"))
        #expect(frontend[place...place + 2] == ["4", "15", "1006"])
        #expect(frontend[75] == "tcp")
        #expect(frontend[81] == "6")

        let server = fields(lines[3])
        #expect(server[2...7] == ["1", "8", "4", "0", "5000", "600"])
        #expect(server[13...18] == ["11", "0", "13", "14", "UP 2/3", "1"])
        #expect(server[19...24] == ["1", "0", "22", "17", "305", "18"])
        #expect(server[26...28] == ["1", "2", "1"])
        #expect(server[30] == "601")
        #expect(server[32] == "2")
        #expect(server[36...38] == ["L4CON", "", "1"])
        #expect(server[49...50] == ["15", "16"])
        #expect(server[55...56] == ["0", "Connection refused"])
        #expect(server[58...61] == ["19", "20", "0", "21"])
        #expect(server[65] == "Layer4 connection problem")
        #expect(server[67...69] == ["2", "3", "3"])
        #expect(server[73] == "10.0.0.6:8080")

        let backend = fields(lines[5])
        #expect(backend[2] == "2")
        #expect(backend[7] == "998")
        #expect(backend[17...20] == ["UP", "1", "1", "1"])
        #expect(backend[27...28] == ["2", "0"])
        #expect(backend[32] == "1")
        #expect(backend[76] == "source")
    }

    @Test func `a server without checks leaves the columns of checks empty`() {
        let server = fields(StatisticsCSV.render(sampleNode()).split(separator: "\n")[4])
        #expect(server[17] == "no check")
        #expect(server[19...22] == ["0", "1", "", ""])
        #expect(server[36...38] == ["", "", ""])
        #expect(server[55] == "-1")
    }

    @Test func `a field with commas, quotes or line ends is quoted`() {
        var status = sampleNode()
        status.proxies = [ProxyStatus(name: "a,\"b\"\n")]
        status.proxies[0].frontend = FrontendStatus()
        #expect(StatisticsCSV.render(status).contains("\n\"a,\"\"b\"\"\n\",FRONTEND,"))
    }
}
