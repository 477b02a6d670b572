extension BalancerPlan {
    /// The numbers of servers, sections or listeners; as haproxy, one without its own has its
    /// position's, or the next that is free.
    ///
    /// - Parameter numbers: What each one's `id` says; `nil`: nothing.
    /// - Returns: As many, from 1.
    public static func numbers(own numbers: [Int?]) -> [Int] {
        var taken = Set(numbers.compactMap(\.self))
        var next = 0
        return numbers.map { number in
            next += 1
            if let number { return number }
            while !taken.insert(next).inserted { next += 1 }
            return next
        }
    }
}

extension PoolPlan {
    /// The servers' numbers; one that is there for its connections alone takes none from another one.
    var serverNumbers: [Int] {
        BalancerPlan.numbers(own: servers.map { $0.isLeaving ? nil : $0.number })
    }
}
