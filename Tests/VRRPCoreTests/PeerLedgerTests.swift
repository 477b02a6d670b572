import Testing
import VRRPCore

@Suite struct `The ledger of peers` {
    private let wrong = AdvertisementRefusal.unauthentic(.wrongCode)

    private var received: ReceivedAdvertisement {
        get throws { try decodeMessage("313364010064a865c0000201") }
    }

    @Test func `what is taken and what is refused is kept for each station`() throws {
        var ledger = PeerLedger()
        ledger.accept(try received, at: second(1))
        _ = ledger.refuse(wrong, from: higherAddress, at: second(2))
        #expect(ledger.entries.map(\.address) == [ownAddress, higherAddress])
        #expect(ledger.entries.map(\.acceptedCount) == [1, 0])
        #expect(ledger.entries.map(\.refusals.total) == [0, 1])
        #expect(ledger.entries.map(\.refusal) == [nil, wrong])
        #expect(ledger.entries.map(\.lastHeardAt) == [second(1), second(2)])
        #expect(ledger.entries[0].advertisement?.priority == priority(100))
        #expect(ledger.entries[1].advertisement == nil)
    }

    @Test func `a refusal is news until it repeats`() throws {
        var ledger = PeerLedger()
        let other = AdvertisementRefusal.malformed(.zeroVRID)
        var news = [wrong, wrong, other].map { ledger.refuse($0, from: ownAddress, at: second(1)) }
        ledger.accept(try received, at: second(4))
        #expect(ledger.entries[0].refusal == nil)
        news.append(ledger.refuse(other, from: ownAddress, at: second(5)))
        #expect(news == [true, false, true, true])
        #expect(ledger.entries[0].refusals[.wrongCode] == 2)
    }

    @Test func `of strangers only the most recent sixteen are kept`() {
        var ledger = PeerLedger()
        for number in 1...17 as ClosedRange<UInt8> {
            _ = ledger.refuse(
                wrong, from: .v4(IPv4Address(10, 0, 0, number)), at: second(Double(number)))
        }
        #expect(ledger.entries.count == 16)
        #expect(ledger.entries.first?.address == .v4(IPv4Address(10, 0, 0, 2)))
        _ = ledger.refuse(wrong, from: .v4(IPv4Address(10, 0, 0, 2)), at: second(20))
        #expect(ledger.entries.last?.address == .v4(IPv4Address(10, 0, 0, 2)))
        #expect(ledger.entries.count == 16)
    }
}
