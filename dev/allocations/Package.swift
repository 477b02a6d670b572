// swift-tools-version: 6.3
import PackageDescription

// Counts what the relay allocates per connection, built for release: dev/check-allocations.

let package = Package(
    name: "allocations",
    dependencies: [.package(name: "lbctl", path: "../..", traits: [])],
    targets: [
        .target(name: "CAllocationCounter"),
        .executableTarget(
            name: "allocations",
            dependencies: [
                "CAllocationCounter",
                .product(name: "Balancer", package: "lbctl"),
                .product(name: "LinuxIO", package: "lbctl"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
