internal import LinuxIO
internal import Netlink
public import Reactor
internal import VRRPCore

/// What is to be done for a node that ends without resigning, by a process that outlives it.
///
/// Says priority 0 for each virtual router that is Active here, and takes off what the node had put
/// there (addresses, links, rules, routes), so that another node takes over as if it had been stopped.
/// What is signed is signed ahead; the keys stay where they are.
public struct LastWill: Hashable, Sendable, Codable {
    private var words: [String: [Word]] = [:]
    /// The addresses that they hold: before Linux 5.18 no tag tells whose they are.
    private var places: [String: [Place]] = [:]

    /// The virtual routers that are Active here.
    public var routers: [String] { words.keys.sorted() }

    private struct Word: Hashable, Codable {
        let interface: String
        let interfaceIndex: Int32
        let source: IPAddress
        let destination: IPAddress
        let hopLimit: UInt8
        let message: Octets
        /// What is said the second time, where it is signed anew.
        let signedAgain: Octets?
    }

    private struct Place: Hashable, Codable {
        let interfaceIndex: Int32
        let address: IPAddress
        let prefixLength: UInt8

        var placed: InterfaceAddress {
            InterfaceAddress(
                InternetAddress(address), prefixLength: prefixLength,
                interfaceIndex: interfaceIndex)
        }
    }

    /// A will by which nothing is to be done.
    public init() {}

    /// Whether nothing is to be done.
    public var isEmpty: Bool { words.isEmpty }

    /// Has it say for some of its virtual routers what another one says.
    public mutating func amend(by other: LastWill) {
        words.merge(other.words) { $1 }
        places.merge(other.places) { $1 }
    }

    /// Does it, once the process of the node is gone, and with it the lock.
    ///
    /// - Parameter loop: The loop of the calling thread, for sockets; it need not run.
    /// - Returns: What could not be done; nothing is taken off where another run has begun, since
    ///   that one does so itself.
    public func execute(on loop: EventLoop) -> [FailoverError] {
        var errors = say(on: loop)
        do throws(FailoverError) {
            let lock = try NodeLock()
            errors += removeLeftovers()
            _ = consume lock
        } catch { errors.append(error) }
        return errors
    }

    /// The addresses first: two nodes have them now.
    private func removeLeftovers() -> [FailoverError] {
        Self.attempt { () throws(NetlinkError) in
            let manager = try AddressManager()
            _ = try manager.removeLeftovers(tag: .lbctl)
            let held = places.values.flatMap(\.self).map(\.placed)
            for result in try manager.remove(held) { _ = try result.get() }
        } + Self.attempt { () throws(NetlinkError) in _ = try Macvlans().removeLeftovers() }
            + Self.attempt { () throws(NetlinkError) in
                _ = try Rules().removeLeftovers(tag: .lbctl)
            }
            + Self.attempt { () throws(NetlinkError) in
                _ = try Routes().removeLeftovers(tag: .lbctl)
            }
    }

    private static func attempt(_ step: () throws(NetlinkError) -> Void) -> [FailoverError] {
        do throws(NetlinkError) { try step() } catch { return [.system(.netlink(error))] }
        return []
    }

    private func say(on loop: EventLoop) -> [FailoverError] {
        var sockets: [String: [AddressFamily: AdvertisementSocket]] = [:]
        var errors: [FailoverError] = []
        let ordered = words.sorted { $0.key < $1.key }.flatMap(\.value)
        // Twice, as whoever leaves does: the one that is lost costs the peers three intervals.
        let first = ordered.map { (word: $0, message: $0.message) }
        let second = ordered.map { (word: $0, message: $0.signedAgain ?? $0.message) }
        for (word, message) in first + second {
            let family = word.source.family
            do throws(SystemError) {
                let socket =
                    if let open = sockets[word.interface]?[family] { open } else {
                        try AdvertisementSocket(
                            interface: word.interface, index: word.interfaceIndex, family: family,
                            loop: loop, onDatagram: { _, _ in })
                    }
                sockets[word.interface, default: [:]][family] = socket
                let header = IPHeader(
                    source: word.source, destination: word.destination, hopLimit: word.hopLimit)
                if case .failed(let errno) = socket.send(message.bytes, header: header) {
                    throw SystemError(call: "send", errno: errno, subject: word.interface)
                }
            } catch { errors.append(.system(.system(error))) }
        }
        return errors
    }

    fileprivate mutating func add(_ router: RouterDriver) {
        guard router.state == .active, let election = router.election,
            let interface = router.host.interfaces[router.settings.sender]
        else { return }
        // As whoever resigns does: to those who drop the router's own form in theirs, first.
        let releases =
            election.spokenForms.map { election.advertisement(priority: .release, in: $0) }
            + [election.advertisement(priority: .release)]
        // A copy, which goes on after all that the router says in this second.
        var speaker = router.channel
        speaker?.skipToLastNumbers(2 * UInt16(releases.count))
        let time = speaker?.lastSigned ?? .now
        let keys = router.settings.authentication?.keys
        func said() -> [OutgoingMessage] {
            releases.flatMap { (try? speaker?.messages(for: $0, at: time, using: keys)) ?? [] }
        }
        let messages = said()
        let again = keys == nil ? nil : said()
        words[router.settings.name] = messages.enumerated().map { index, message in
            Word(
                interface: router.settings.sender, interfaceIndex: interface.link.index,
                source: message.source, destination: message.destination,
                hopLimit: router.settings.hopLimit, message: Octets(bytes: message.payload),
                signedAgain: (again?[index].payload).map(Octets.init))
        }
        places[router.settings.name] = router.heldAddresses.compactMap { placed in
            guard let interface = router.host.interfaceInUse(placed.interface),
                interface.sourceAddress(placed.address.family) != placed.address
            else { return nil }
            let address = InterfaceAddress(placed.held, on: interface.link)
            return Place(
                interfaceIndex: address.interfaceIndex, address: placed.address,
                prefixLength: address.prefixLength)
        }
    }
}

extension FailoverNode {
    /// What is to be done if this node ends without resigning; another after each change of state.
    public var lastWill: LastWill { lastWill(of: nil) }

    /// The part of it for some virtual routers, after ``RouterEvent/lastWordsChanged``.
    ///
    /// - Parameter names: Their names; `nil`: all.
    /// - Returns: What is to be done for those of them that are Active.
    public func lastWill(of names: Set<String>?) -> LastWill {
        var will = LastWill()
        for driver in drivers.values where names?.contains(driver.settings.name) != false {
            will.add(driver)
        }
        return will
    }
}

/// Octets that are written as hexadecimal digits: one word for the encoder, not one for each octet.
private struct Octets: Hashable, Codable {
    let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is not pairs of hexadecimal digits")
        }
        bytes = stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    func encode(to encoder: any Encoder) throws {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        var container = encoder.singleValueContainer()
        try container.encode(String(decoding: text, as: UTF8.self))
    }
}
