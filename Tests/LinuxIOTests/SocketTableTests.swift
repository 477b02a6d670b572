import Testing

@testable import LinuxIO

@Suite struct `The kernel's list of sockets` {
    @Test func `listening sockets of both versions, and no others`() {
        let four = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0 0 10 0
               1: 0100007F:1F90 0200007F:ABCD 01 00000000:00000000 00:00000000 00000000     0        0 12346 1 0 20 4 30 10 -1
            """
        #expect(
            SocketTable.entries(in: four, state: "0A") == [
                .init(octets: [127, 0, 0, 1], port: 8080, inode: 12345)
            ])
        let six = """
              sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0 100 0 0 10 0
            """
        #expect(
            SocketTable.entries(in: six, state: "0A") == [
                .init(
                    octets: [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], port: 80,
                    inode: 77)
            ])
        #expect(SocketTable.entries(in: "header\nnonsense\n", state: "0A") == [])
    }

    @Test func `Unix sockets that have a name, with blanks in it too`() {
        let text = """
            Num       RefCount Protocol Flags    Type St Inode Path
            0000000037d2df3e: 00000003 00000000 00000000 0001 03 17
            00000000af61ac03: 00000002 00000000 00010000 0001 01 18 /run/a b.sock
            00000000af61ac04: 00000002 00000000 00000000 0002 01 19 @an/abstract
            """
        #expect(
            SocketTable.namedEntries(in: text) == [
                .init(name: "/run/a b.sock", isListening: true, inode: 18),
                .init(name: "@an/abstract", isListening: false, inode: 19),
            ])
    }

    @Test func `packet sockets, with the frames that they are given`() {
        let text = """
            sk               RefCnt Type Proto  Iface R Rmem   User   Inode
            000000000d34fb53 3      2    88b5   0     1 0      0      358287041
            00000000e62c0518 3      3    0003   2     1 0      0      358287042
            """
        #expect(
            SocketTable.packetEntries(in: text) == [
                .init(etherType: 0x88B5, inode: 358_287_041),
                .init(etherType: 3, inode: 358_287_042),
            ])
    }

    @Test func `whose a socket is`() throws {
        let socket = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 1)
        let target = try #require(
            ProcessTable.target(ofLink: "/proc/self/fd/\(socket.rawValue)"))
        let inode = try #require(UInt64(target.dropFirst("socket:[".count).dropLast()))
        #expect(SocketTable.holders(of: [inode]).contains(SystemLimits.processID))
        #expect(SocketTable.waiting(isDatagram: false).contains { $0.inode == inode })
        #expect(SocketTable.holders(of: []) == [])
    }

    @Test func `an address that somebody listens on cannot be bound, and a try takes nobody`()
        throws
    {
        let free = StreamAddress.ipv4(SocketAddress(address: 0x7f00_0009, port: 19))
        try Socket.tryBinding(to: free, options: ListeningOptions(backlog: 1), isDatagram: false)
        let socket = try Socket.listening(on: free, options: ListeningOptions(backlog: 1))
        #expect(throws: SystemError(call: "bind", errno: .addressInUse, subject: "127.0.0.9:19")) {
            try Socket.tryBinding(
                to: free, options: ListeningOptions(backlog: 1), isDatagram: false)
        }
        _ = consume socket
    }

    @Test func `a kernel's version`() {
        #expect(KernelSettings.version(of: "6.1.0-13-amd64\n")! == (6, 1))
        #expect(KernelSettings.version(of: "5.15+\n")! == (5, 15))
        #expect(KernelSettings.version(of: "new\n") == nil)
        #expect(KernelSettings.version != nil)
    }
}
