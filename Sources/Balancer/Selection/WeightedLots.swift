/// Draws servers by lot, each as often as its share of the sum, in O(log n) steps (`random`).
///
/// A binary indexed tree of the shares of the servers with room: the others are not drawn.
struct WeightedLots {
    /// Place `n` has the sum of the shares of as many servers before and with it as `n`'s lowest bit
    /// says; place 0 is not used.
    private var sums: [Int] = [0]
    private var shares: [Int] = []
    private(set) var total = 0

    init() {}

    /// Makes lots of a number of servers, none of which is drawn yet.
    init(count: Int) {
        sums = Array(repeating: 0, count: count + 1)
        shares = Array(repeating: 0, count: count)
    }

    /// The share by which a server is drawn.
    func share(of server: Int) -> Int { shares[server] }

    /// Changes the share by which a server is drawn; 0: never.
    mutating func set(_ server: Int, to share: Int) {
        let change = share - shares[server]
        guard change != 0 else { return }
        shares[server] = share
        total += change
        var place = server + 1
        while place < sums.count {
            sums[place] += change
            place += place & -place
        }
    }

    /// The server of a lot.
    ///
    /// - Parameter lot: 0 up to ``total``, exclusively.
    /// - Returns: The first server with which the sum of the shares exceeds it.
    func server(of lot: Int) -> Int {
        var (place, rest) = (0, lot)
        var step = 1 << (Int.bitWidth - 1 - sums.count.leadingZeroBitCount)
        while step > 0 {
            let next = place + step
            if next < sums.count, sums[next] <= rest {
                place = next
                rest -= sums[next]
            }
            step >>= 1
        }
        return place
    }

    /// The server of a lot of which another server's lots are none.
    ///
    /// - Parameters:
    ///   - lot: 0 up to ``total`` without the other one's share, exclusively.
    ///   - skipped: The other server.
    /// - Returns: A server that is not `skipped`.
    func server(of lot: Int, skipping skipped: Int) -> Int {
        lot < sum(before: skipped) ? server(of: lot) : server(of: lot + shares[skipped])
    }

    private func sum(before server: Int) -> Int {
        var (place, sum) = (server, 0)
        while place > 0 {
            sum += sums[place]
            place -= place & -place
        }
        return sum
    }
}
