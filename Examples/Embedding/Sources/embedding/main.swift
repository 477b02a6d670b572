// Uses VRRPCore alone: values of the protocol that refuse what the protocol does not allow.

import VRRPCore

let router = VRID(51)
let address = IPv4Address("172.17.0.5")
let priority = Priority(101)
guard let router, let address, let priority else { preconditionFailure("literals are in range") }
print("virtual router \(router.rawValue) at \(address), priority \(priority.rawValue)")
