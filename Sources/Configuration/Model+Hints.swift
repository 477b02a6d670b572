import VRRPCore

extension Model {
    /// What works as it is written and could be better, for `lbctl check`; each a sentence for people.
    public var hints: [String] {
        virtualRouters.compactMap { router in
            guard case .unicast = router.transport, router.authentication == nil else { return nil }
            return
                "\(router.name): unicast without auth_hmac: whoever can send in a peer's name can"
                + " take the addresses"
        }
    }
}
