internal import LinuxIO
internal import Synchronization

/// Where servers are that are not where the plan has them, or have a name there, for all reactors.
///
/// A connection costs one load, and no lock unless its server is elsewhere than before. A reactor that sees a server
/// ready sees the address that was written before: both go through memory in that order.
@safe final class AddressBook: @unchecked Sendable {
    // SAFETY: the memory is allocated for as long as this object lives, and all access is atomic.
    private let editions: UnsafeMutablePointer<Atomic<UInt32>>
    private let count: Int
    private let addresses: Mutex<[Int: StreamAddress]>

    init(serverCount: Int) {
        count = max(1, serverCount)
        addresses = Mutex([:])
        unsafe editions = .allocate(capacity: count)
        for number in 0..<count { unsafe (editions + number).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe editions.deinitialize(count: count)
        unsafe editions.deallocate()
    }

    /// Goes on with what was written before.
    ///
    /// - Parameters:
    ///   - former: Where.
    ///   - places: For each server's number there, its number here.
    func goOn(from former: AddressBook, places: [Int?]) {
        for (number, address) in former.addresses.withLock({ $0 }) {
            if let place = places[number] { set(address, of: place) }
        }
    }

    /// Writes a server's address down.
    func set(_ address: StreamAddress, of number: Int) {
        guard number < count else { return }
        addresses.withLock { addresses in
            addresses[number] = address
            unsafe editions[number].add(1, ordering: .releasing)
        }
    }

    /// Which address of a server is the present one, counted from 0 for that of the plan.
    func edition(of number: Int) -> UInt32 {
        number < count ? unsafe editions[number].load(ordering: .acquiring) : 0
    }

    /// The present address; `nil`: that of the plan.
    func address(of number: Int) -> StreamAddress? { addresses.withLock { $0[number] } }

    /// The first server of some that is written down and is at a place.
    ///
    /// - Parameters:
    ///   - numbers: Those servers.
    ///   - isThere: Whether an address is that place.
    /// - Returns: Its number; `nil`: none is there.
    func first(of numbers: Range<Int>, where isThere: (StreamAddress) -> Bool) -> Int? {
        addresses.withLock { addresses in
            addresses.filter { numbers.contains($0.key) && isThere($0.value) }.keys.min()
        }
    }
}
