import FuzzTargets

// libFuzzer's entry point; which target it feeds is named by `-D` when it is compiled.

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.feed(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

#if FUZZ_advertisement
private let target = FuzzTarget.advertisement
#elseif FUZZ_capture
private let target = FuzzTarget.capture
#elseif FUZZ_keepalived
private let target = FuzzTarget.keepalived
#elseif FUZZ_haproxy
private let target = FuzzTarget.haproxy
#elseif FUZZ_native
private let target = FuzzTarget.native
#elseif FUZZ_control
private let target = FuzzTarget.control
#elseif FUZZ_proxyheader
private let target = FuzzTarget.proxyheader
#elseif FUZZ_insertedheader
private let target = FuzzTarget.insertedheader
#elseif FUZZ_clienthello
private let target = FuzzTarget.clienthello
#elseif FUZZ_rdpcookie
private let target = FuzzTarget.rdpcookie
#elseif FUZZ_mqttconnect
private let target = FuzzTarget.mqttconnect
#elseif FUZZ_dnsanswer
private let target = FuzzTarget.dnsanswer
#elseif FUZZ_expression
private let target = FuzzTarget.expression
#elseif FUZZ_peers
private let target = FuzzTarget.peers
#endif
