import Glibc
import LinuxIO
import Testing

@Suite struct `What the kernel allows` {
    @Test func `the range of local ports is the one that the kernel shows`() throws {
        let file = try #require(fopen("/proc/sys/net/ipv4/ip_local_port_range", "r"))
        defer { fclose(file) }
        var low: Int32 = 0
        var high: Int32 = 0
        _ = withUnsafeMutablePointer(to: &low) { low in
            withUnsafeMutablePointer(to: &high) { high in
                withVaList([low, high]) { vfscanf(file, "%d %d", $0) }
            }
        }
        #expect(KernelSettings.localPortRange == UInt16(low)...UInt16(high))
    }

    @Test func `the limit on descriptors can be raised to the hard limit`() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 100, rlim_max: 300)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            precondition(KernelSettings.openFileLimit == 100)
            precondition(KernelSettings.raiseOpenFileLimit() == 300)
            precondition(KernelSettings.openFileLimit == 300)
        }
    }

    @Test func `reserved memory is zero and can be written`() throws {
        // Far more than the machine has: only what is touched counts.
        let memory = try ReservedMemory(byteCount: 1 << 40)
        let last = memory.base + (1 << 40) - 8
        #expect(last.load(as: UInt64.self) == 0)
        last.storeBytes(of: 42, as: UInt64.self)
        #expect(last.load(as: UInt64.self) == 42)
    }

    @Test func `a reset is a reset, and a close an end`() throws {
        for resets in [true, false] {
            let listener = try Socket.listening(
                on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 1)
            let address = try Socket.localAddress(of: listener.rawValue)
            let client = Int32(StreamSocket.open())
            #expect(StreamSocket.connect(client, to: address.raw) == -Int(EINPROGRESS))
            var peer = RawPeerAddress()
            let server = Int32(StreamSocket.accept(from: listener.rawValue, peer: &peer))
            let own = try Socket.localAddress(of: client)
            #expect(peer.endpoint == IPEndpoint(ipv4: own.address, port: own.port))
            resets ? StreamSocket.reset(server) : StreamSocket.close(server)
            var byte: UInt8 = 0
            let transfer = unsafe StreamSocket.receive(from: client, into: &byte, upTo: 1)
            #expect(transfer == (resets ? .failed(.connectionReset) : .moved(0)))
            StreamSocket.close(client)
        }
    }

    @Test func `a port range of one is the port that is taken`() throws {
        let listener = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 1)
        let address = try Socket.localAddress(of: listener.rawValue)
        let highest = UInt32(KernelSettings.localPortRange.upperBound)
        // Somebody else on this host may hold one of them; nobody holds twenty in a row.
        for port in (highest - 120)..<(highest - 100) {
            let client = Int32(StreamSocket.open())
            defer { StreamSocket.close(client) }
            let result = StreamSocket.restrictLocalPorts(of: client, to: port << 16 | port)
            if result == -Int(ENOPROTOOPT) { return }  // Before Linux 6.3.
            #expect(result == 0)
            let connected = StreamSocket.connect(client, to: address.raw)
            if connected == -Int(EADDRNOTAVAIL) { continue }
            #expect(connected == -Int(EINPROGRESS))
            #expect(try Socket.localAddress(of: client).port == UInt16(port))
            return
        }
        Issue.record("no port was free")
    }
}
