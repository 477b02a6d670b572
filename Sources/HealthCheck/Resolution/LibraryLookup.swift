#if Probes
import Glibc
import NIOCore

/// Asks the host's own resolver for a name, on a thread of its own: it may take as long as the host's
/// name servers let it.
enum LibraryLookup {
    /// Asks for the addresses of a name.
    typealias Asking =
        @Sendable (_ name: DomainName, _ eventLoop: any EventLoop) -> EventLoopFuture<
            [AddressOffer]
        >

    /// The addresses of a name, in the library's order; empty where there are none.
    ///
    /// getaddrinfo(3).
    static func addresses(
        of name: DomainName, on eventLoop: any EventLoop
    ) -> EventLoopFuture<[AddressOffer]> {
        let promise = eventLoop.makePromise(of: [AddressOffer].self)
        let code = DetachedThread.start { promise.succeed(lookUp(name.description)) }
        if code != 0 { promise.succeed([]) }
        return promise.futureResult
    }

    private static func lookUp(_ name: String) -> [AddressOffer] {
        var wishes = addrinfo()
        wishes.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &wishes, &found) == 0 else { return [] }
        defer { freeaddrinfo(found) }
        var offers: [AddressOffer] = []
        var next = found
        while let entry = next?.pointee {
            // The address stands after the family and the port, in IPv6 after 4 further bytes.
            let (start, count) = entry.ai_family == AF_INET6 ? (8, 16) : (4, 4)
            if let address = entry.ai_addr, Int(entry.ai_addrlen) >= start + count {
                let bytes = UnsafeRawBufferPointer(start: address, count: start + count)
                offers.append(AddressOffer(bytes: Array(bytes[start...])))
            }
            next = entry.ai_next
        }
        return offers
    }
}
#endif
