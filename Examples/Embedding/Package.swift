// swift-tools-version: 6.3
import PackageDescription

// A daemon of somebody else's that takes three libraries of lbctl. `traits: []` leaves out all that
// only the program needs: no other package is checked out (dev/check-embedding).

let package = Package(
    name: "embedding",
    dependencies: [
        .package(name: "lbctl", path: "../..", traits: [])
    ],
    targets: [
        .executableTarget(
            name: "embedding",
            dependencies: [
                .product(name: "Balancer", package: "lbctl"),
                .product(name: "LinuxIO", package: "lbctl"),
                .product(name: "Netlink", package: "lbctl"),
                .product(name: "VRRPCore", package: "lbctl"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)
