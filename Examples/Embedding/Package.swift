// swift-tools-version: 6.3
import PackageDescription

// A daemon of somebody else's that takes one library of lbctl. `traits: []` leaves out all that
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
                .product(name: "VRRPCore", package: "lbctl")
            ])
    ]
)
