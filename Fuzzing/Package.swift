// swift-tools-version: 6.3
import PackageDescription

// What `dev/fuzz` feeds with hostile bytes. A package of its own, so that no other build gets the
// sanitizers; of the traits it takes `YAML` alone, which leaves out what no parser needs. A static
// library, since the entry point is libFuzzer's, and SwiftPM's executables want their own.

let package = Package(
    name: "Fuzzing",
    products: [.library(name: "FuzzTargets", type: .static, targets: ["FuzzTargets"])],
    dependencies: [.package(name: "lbctl", path: "..", traits: ["YAML"])],
    targets: [
        .target(
            name: "FuzzTargets",
            dependencies: [
                .product(name: "Balancer", package: "lbctl"),
                .product(name: "Control", package: "lbctl"),
                .product(name: "Expressions", package: "lbctl"),
                .product(name: "HealthCheck", package: "lbctl"),
                .product(name: "NodeConfiguration", package: "lbctl"),
                .product(name: "VRRPCore", package: "lbctl"),
            ],
            path: "Targets",
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)])
    ]
)
