/// An address that a name stands for, as the answer has it.
struct AddressOffer: Hashable, Sendable {
    /// 4 or 16 bytes.
    let bytes: [UInt8]
    /// The port, where the answer names one (SRV).
    var port: UInt16?
    /// The share, 1 to 256, where the answer names one (SRV).
    var weight: Int?
}

/// Which of the addresses of a name each of the servers gets that share it.
///
/// Pure. As haproxy: who has an address of the answer keeps it; others get the best of those that no
/// server of the same group has, by network and family, and in the order of the answer.
enum AddressChoice {
    /// A server and what it wishes for.
    struct Slot: Hashable {
        /// Within a group no address is given twice (a backend).
        var group = ""
        var port: UInt16 = 0
        var prefersIPv6 = true
        /// Better than any other (`resolve-net`).
        var networks: [AddressNetwork] = []
        /// Whether it may have the address of another (`resolve-opts allow-dup-ip`).
        var allowsDuplicates = false
        var current: ResolvedAddress?
    }

    /// What a slot gets.
    struct Given: Hashable {
        let address: ResolvedAddress
        let weight: Int?
    }

    /// Gives each slot its address.
    ///
    /// - Parameters:
    ///   - slots: The servers, in the order of the file.
    ///   - offers: The addresses of the answer, in its order.
    /// - Returns: For each slot what it gets; `nil`: there is nothing for it.
    static func addresses(for slots: [Slot], of offers: [AddressOffer]) -> [Given?] {
        var taken: [String: Set<ResolvedAddress>] = [:]
        var given = [Given?](repeating: nil, count: slots.count)
        func give(_ choice: Given?, to index: Int) {
            guard let choice else { return }
            given[index] = choice
            taken[slots[index].group, default: []].insert(choice.address)
        }
        func free(for slot: Slot) -> [Given] {
            offers.map {
                Given(
                    address: ResolvedAddress($0.bytes, port: $0.port ?? slot.port),
                    weight: $0.weight)
            }.filter {
                slot.allowsDuplicates || !taken[slot.group, default: []].contains($0.address)
            }
        }
        for (index, slot) in slots.enumerated() where slot.current != nil {
            give(free(for: slot).first { $0.address == slot.current }, to: index)
        }
        for (index, slot) in slots.enumerated() where given[index] == nil {
            let best = free(for: slot).enumerated().min {
                slot.rank($0.element, $0.offset) < slot.rank($1.element, $1.offset)
            }
            give(best?.element, to: index)
        }
        return given
    }
}

extension AddressChoice.Slot {
    /// The lower the better.
    fileprivate func rank(_ offer: AddressChoice.Given, _ place: Int) -> (Int, Int, Int) {
        let isNear = networks.contains { $0.contains(offer.address.bytes) }
        // The hosts of a service come in its order, each already by its better address.
        let isLiked = offer.weight != nil || offer.address.isIPv6 == prefersIPv6
        return (isNear ? 0 : 1, isLiked ? 0 : 1, place)
    }
}
