import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `The limits` {
        @Test func `grants no more than the least of the limits leaves`() {
            var admission = Admission(processLimit: 10, frontendLimits: [4, 20])
            let answer1 = admission.room(16, at: 0, for: 0)
            #expect(answer1 == 4)
            let answer2 = admission.room(1, at: 0, for: 1)
            #expect(answer2 == 0)
            let answer3 = admission.room(16, at: 1, for: 1)
            #expect(answer3 == 6)
            let answer4 = admission.room(1, at: 1, for: 1)
            #expect(answer4 == 0)
        }

        @Test func `grants nothing once closed, and counts what was granted before`() {
            var admission = Admission(processLimit: 10, frontendLimits: [4])
            let before = admission.room(3, at: 0, for: 0)
            #expect(before == 3)
            admission.isOpen = false
            let after = admission.room(1, at: 0, for: 1)
            #expect(after == 0)
            #expect(admission.process.taken == 3)
            _ = admission.settle(accepted: 1, reserved: 3, at: 0, by: 0, now: 0)
            #expect(admission.process.taken == 1)
        }

        @Test func `who leaves while others of his batch are accepted leaves nobody room for more`()
        {
            var admission = Admission(processLimit: .max, frontendLimits: [2])
            #expect(admission.room(2, at: 0, for: 0) == 2)
            // A rule has refused the first one at once.
            _ = admission.leave(0, by: 0)
            #expect(admission.room(1, at: 0, for: 1) == 1)
            _ = admission.leave(0, by: 0)
            _ = admission.settle(accepted: 2, reserved: 2, at: 0, by: 0, now: 0)
            _ = admission.settle(accepted: 1, reserved: 1, at: 0, by: 0, now: 0)
            #expect(admission.frontends[0].count == 1)
            #expect(admission.listeners[0].count == 1)
        }

        @Test func `tells those who wait when a reservation was not needed`() {
            var admission = Admission(processLimit: 10, frontendLimits: [1])
            let answer5 = admission.room(1, at: 0, for: 0)
            #expect(answer5 == 1)
            let answer6 = admission.room(1, at: 0, for: 3)
            #expect(answer6 == 0)
            let answer7 = admission.settle(accepted: 0, reserved: 1, at: 0, by: 0, now: 0)
            #expect(answer7 == .init(frontend: 0b1000))
            #expect(admission.frontends[0].total == 0)
            #expect(admission.frontends[0].peak == 0)
        }

        @Test func `the process's rate holds over all frontends`() {
            var admission = Admission(
                processLimit: 10, processRateLimit: 3, frontendLimits: [9, 9],
                rateLimits: [.max, 1])
            let first = admission.reserve(9, at: 0, by: 0, for: 0, now: 5000)
            #expect(first == .room(3))
            _ = admission.settle(accepted: 2, reserved: 3, at: 0, by: 0, now: 5000)
            let second = admission.reserve(9, at: 1, by: 1, for: 0, now: 5000)
            #expect(second == .room(1))
            _ = admission.settle(accepted: 1, reserved: 1, at: 1, by: 1, now: 5000)
            let third = admission.reserve(9, at: 0, by: 0, for: 0, now: 5000)
            #expect(third == .tooFast(until: 5333))
            let later = admission.reserve(9, at: 0, by: 0, for: 0, now: 7000)
            #expect(later == .room(3))
        }

        @Test func `room that another reactor reserved is asked for again at once`() {
            var admission = Admission(
                processLimit: 10, frontendLimits: [9], rateLimits: [4])
            #expect(admission.reserve(8, at: 0, by: 0, for: 0, now: 5000) == .room(4))
            // It may find one connection, or four.
            #expect(admission.reserve(1, at: 0, by: 0, for: 1, now: 5000) == .tooFast(until: 5001))
            _ = admission.settle(accepted: 1, reserved: 4, at: 0, by: 0, now: 5000)
            #expect(admission.reserve(9, at: 0, by: 0, for: 1, now: 5001) == .room(3))
            _ = admission.settle(accepted: 3, reserved: 3, at: 0, by: 0, now: 5001)
            #expect(admission.reserve(1, at: 0, by: 0, for: 0, now: 5001) == .tooFast(until: 5251))
        }

        @Test func `tells those who wait when a connection ends, once`() {
            var admission = Admission(processLimit: 10, frontendLimits: [1])
            let answer8 = admission.room(1, at: 0, for: 0)
            #expect(answer8 == 1)
            let answer9 = admission.settle(accepted: 1, reserved: 1, at: 0, by: 0, now: 0)
            #expect(answer9.isEmpty)
            for reactor in [0, 1, 63] {
                let room = admission.room(1, at: 0, for: reactor)
                #expect(room == 0)
            }
            let answer10 = admission.leave(0, by: 0)
            #expect(answer10 == .init(frontend: 0x8000_0000_0000_0003))
            let answer11 = admission.room(1, at: 0, for: 0)
            #expect(answer11 == 1)
            let answer12 = admission.settle(accepted: 1, reserved: 1, at: 0, by: 0, now: 0)
            #expect(answer12.isEmpty)
            let answer13 = admission.leave(0, by: 0)
            #expect(answer13.isEmpty)
        }

        @Test func `room in the process is news for every frontend`() {
            var admission = Admission(processLimit: 2, frontendLimits: [2, 2])
            for frontend in [0, 1] {
                let answer14 = admission.room(1, at: frontend, for: 0)
                #expect(answer14 == 1)
                let answer15 = admission.settle(
                    accepted: 1, reserved: 1, at: frontend, by: frontend, now: 0)
                #expect(answer15.isEmpty)
            }
            let answer16 = admission.room(1, at: 0, for: 5)
            #expect(answer16 == 0)
            // Another frontend's connection ends.
            let answer17 = admission.leave(1, by: 1)
            #expect(answer17 == .init(process: 0b100000))
        }

        @Test func `counts what passed, and the most at once`() {
            var admission = Admission(processLimit: 9, frontendLimits: [9])
            let answer18 = admission.room(3, at: 0, for: 0)
            #expect(answer18 == 3)
            _ = admission.settle(accepted: 3, reserved: 3, at: 0, by: 0, now: 1000)
            _ = admission.leave(0, by: 0)
            let answer19 = admission.room(1, at: 0, for: 0)
            #expect(answer19 == 1)
            _ = admission.settle(accepted: 1, reserved: 1, at: 0, by: 0, now: 1500)
            #expect(admission.process.total == 4)
            #expect(admission.process.peak == 3)
            #expect(admission.process.count == 3)
            #expect(admission.process.rate.rate(at: 1500) == 4)
        }
    }

    @Suite struct `A rate` {
        @Test func `is that of the last second, which slides`() {
            var rate = RateMeter()
            rate.note(100, at: 10_000)
            #expect(rate.rate(at: 10_999) == 100)
            #expect(rate.rate(at: 11_250) == 75)
            #expect(rate.rate(at: 11_999) == 0)
            rate.note(20, at: 11_500)
            #expect(rate.rate(at: 11_500) == 70)
            #expect(rate.rate(at: 13_000) == 0)
            #expect(rate.peak == 100)
        }

        @Test func `is not forgotten by a reactor whose turn began before`() {
            var rate = RateMeter()
            rate.note(10, at: 10_001)
            #expect(rate.rate(at: 9_999) == 10)
            rate.note(1, at: 9_999)
            #expect(rate.rate(at: 10_002) == 11)
        }

        @Test func `is not higher for a reactor whose turn began before in the same second`() {
            var rate = RateMeter()
            rate.note(20, at: 10_500)
            rate.note(10, at: 11_500)
            // Of the second before, half counts by now.
            #expect(rate.rate(at: 11_400) == 20)
            rate.note(1, at: 11_400)
            #expect(rate.rate(at: 11_500) == 21)
            #expect(rate.peak == 21)
        }
    }

    @Suite struct `A waiting line` {
        private func waiter(_ number: Int, _ turn: UInt32) -> Waiter {
            Waiter(reactor: 0, connection: number, generation: 1, turn: Turn(number: turn))
        }

        @Test func `keeps the order of arrival, whoever leaves`() {
            var line = WaitingLine()
            var tickets: [UInt32] = []
            for number in 0..<40 {
                tickets.append(line.insert(waiter(number, UInt32(number + 1))))
            }
            for number in stride(from: 0, to: 40, by: 2) {
                line.remove(ticket: tickets[number], turn: Turn(number: UInt32(number + 1)))
            }
            #expect(line.count == 20)
            let leftTwice = line.remove(ticket: tickets[0], turn: Turn(number: 1))
            #expect(!leftTwice)
            let first = line.popFirst()
            #expect(first?.connection == 1)
            for number in 40..<80 { _ = line.insert(waiter(number, UInt32(number + 1))) }
            // Its ticket is another one's by now.
            let leftLate = line.remove(ticket: tickets[1], turn: Turn(number: 2))
            #expect(!leftLate)
            var order: [Int] = []
            while let waiter = line.popFirst() { order.append(waiter.connection) }
            #expect(order == Array(stride(from: 3, to: 40, by: 2)) + Array(40..<80))
            #expect(line.count == 0)
            #expect(line.first == nil)
        }

        @Test func `gives whoever comes again the place of the old turn`() {
            var line = WaitingLine()
            for turn in [5, 6, 3, 7, 4] as [UInt32] { _ = line.insert(waiter(Int(turn), turn)) }
            var order: [Int] = []
            while let waiter = line.popFirst() { order.append(waiter.connection) }
            #expect(order == [3, 4, 5, 6, 7])
        }

        @Test func `goes by turns between those of whom rules say when they came and the others`() {
            let said = Waiter(
                reactor: 0, connection: 1, generation: 1, due: 5, turn: Turn(number: 2))
            #expect(waiter(2, 1).precedes(said) && !said.precedes(waiter(2, 1)))
            #expect(said.precedes(waiter(2, 3)) && !waiter(2, 3).precedes(said))
        }

        @Test func `goes on when the turns begin anew`() {
            let last = Turn(number: .max)
            #expect(last.next == Turn(number: 1))
            #expect(last.precedes(last.next) && !last.next.precedes(last))
        }
    }
}

extension Admission {
    /// How many connections may come in by the listener of the frontend's number.
    mutating func room(_ wanted: Int, at frontend: Int, for reactor: Int) -> Int {
        guard case .room(let room) = reserve(wanted, at: frontend, by: frontend, for: reactor)
        else { return 0 }
        return room
    }
}
