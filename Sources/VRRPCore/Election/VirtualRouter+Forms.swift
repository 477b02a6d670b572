extension VirtualRouter {
    /// What an advertisement says beside its priority, and what receivers may compare with their own.
    public struct Form: Hashable, Sendable {
        /// The sender's interval.
        public let interval: AdvertisementInterval
        /// The addresses that it lists.
        public let addresses: VirtualAddressList
    }

    /// The forms of routers that would drop this one's advertisements, by their senders.
    ///
    /// Deviation: RFC 3768 §7.1 has a receiver drop what carries another interval than its own, and
    /// keepalived 2.2 does, also what lists other addresses, in either version. Such a router of
    /// lower priority stays Active beside this one. So each advertisement is said once more in its
    /// form, before the own one: others count what they heard last.
    ///
    /// Who has yielded is silent, so a form is kept for as long as this router is Active, unless its
    /// sender is heard in another one, or resigns. Bounded: the most recent senders.
    struct HeardForms: Hashable, Sendable {
        private struct Entry: Hashable {
            let sender: IPAddress
            let form: Form
        }

        static let limit = 3
        private var entries: [Entry] = []

        /// The forms, each once.
        var forms: [Form] {
            var forms: [Form] = []
            for entry in entries where !forms.contains(entry.form) { forms.append(entry.form) }
            return forms
        }

        /// Remembers how a router speaks.
        ///
        /// - Parameters:
        ///   - form: Its form; `nil`: this router's own, or it stops.
        ///   - sender: The router.
        /// - Returns: Whether the form is another one than it was heard in before.
        mutating func note(_ form: Form?, from sender: IPAddress) -> Bool {
            let index = entries.firstIndex { $0.sender == sender }
            let known = index.map { entries.remove(at: $0).form }
            guard let form else { return false }
            if entries.count >= Self.limit { entries.removeFirst() }
            entries.append(Entry(sender: sender, form: form))
            return form != known
        }

        /// Forgets what is no other form any more.
        mutating func forget(_ own: Form) { entries.removeAll { $0.form == own } }
    }

    /// The forms in which an Active router says each word before its own: ``Action/echo(_:_:)``.
    public var spokenForms: [Form] {
        guard case .active(let tenure) = state else { return [] }
        return tenure.heardForms.forms
    }

    /// The message for ``Action/echo(_:_:)``.
    ///
    /// - Parameters:
    ///   - priority: The priority to say.
    ///   - form: The form to say it in.
    /// - Returns: The message.
    public func advertisement(priority: Priority, in form: Form) -> Advertisement {
        Advertisement(
            vrid: configuration.vrid, priority: priority, interval: form.interval,
            addresses: form.addresses)
    }

    /// This router's own form.
    var form: Form { Form(interval: configuration.interval, addresses: configuration.addresses) }

    /// The form that a router would not drop; `nil`: this router's own is one.
    func form(of peer: Peer) -> Form? {
        let own = form
        let message = peer.advertisement
        // In version 3 nobody minds another interval: receivers learn it.
        let interval = own.interval.version == .v2 ? message.interval : own.interval
        let isSameList = message.addresses.namesSameAddresses(as: own.addresses)
        guard interval != own.interval || !isSameList else { return nil }
        return Form(interval: interval, addresses: message.addresses)
    }

    /// Says a priority to all: to those who drop this router's form in their own, first.
    func speech(_ priority: Priority, to forms: [Form]) -> [Action] {
        guard !forms.isEmpty else { return [.advertise(priority)] }
        return forms.map { .echo(priority, $0) } + [.advertise(priority)]
    }

    /// Time between this router's advertisements: often enough for every interval that it speaks.
    func pace(speaking forms: [Form]) -> Duration {
        forms.map(\.interval.duration).reduce(configuration.interval.duration, min)
    }
}
