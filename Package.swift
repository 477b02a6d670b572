// swift-tools-version: 6.3
import PackageDescription

// One target per room (ARCHITECTURE.md). What only the program needs hangs on the trait
// `Program`, so that a daemon which embeds VRRPCore, Netlink or Balancer checks out nothing else.

let program = TargetDependencyCondition.when(traits: ["Program"])
let probes = TargetDependencyCondition.when(traits: ["Probes"])
let yaml = TargetDependencyCondition.when(traits: ["YAML"])

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Rooms that touch raw memory say so at every place (`unsafe`).
let strictMemory: [SwiftSetting] = strict + [.strictMemorySafety()]

let package = Package(
    name: "lbctl",
    products: [
        .executable(name: "lbctl", targets: ["lbctl"]),
        .library(name: "VRRPCore", targets: ["VRRPCore"]),
        .library(name: "VRRPTestKit", targets: ["VRRPTestKit"]),
        .library(name: "LinuxIO", targets: ["LinuxIO"]),
        .library(name: "Reactor", targets: ["Reactor"]),
        .library(name: "Netlink", targets: ["Netlink"]),
        .library(name: "Failover", targets: ["Failover"]),
        .library(name: "Balancer", targets: ["Balancer"]),
        .library(name: "BalancerTLS", targets: ["BalancerTLS"]),
        .library(name: "TLSOptions", targets: ["TLSOptions"]),
        .library(name: "Expressions", targets: ["Expressions"]),
        .library(name: "HealthCheck", targets: ["HealthCheck"]),
        .library(name: "NodeConfiguration", targets: ["NodeConfiguration"]),
        .library(name: "Control", targets: ["Control"]),
    ],
    traits: [
        .trait(
            name: "Program",
            description:
                "Everything that only the lbctl program needs: NIO, HTTP, YAML, arguments.",
            enabledTraits: ["Probes", "YAML"]
        ),
        .trait(name: "Probes", description: "What asks targets in HealthCheck, by NIO."),
        .trait(name: "YAML", description: "What reads native YAML in NodeConfiguration."),
        .default(enabledTraits: ["Program"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(
            url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        .systemLibrary(
            name: "CNetlink", pkgConfig: "libnl-route-3.0",
            providers: [.apt(["libnl-3-dev", "libnl-route-3-dev"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(name: "VRRPCore", swiftSettings: strictMemory),
        .target(name: "VRRPTestKit", dependencies: ["VRRPCore"], swiftSettings: strictMemory),
        .target(name: "LinuxIO", dependencies: ["CLinux"], swiftSettings: strictMemory),
        .target(name: "Reactor", dependencies: ["LinuxIO"], swiftSettings: strictMemory),
        .target(
            name: "Netlink", dependencies: ["CNetlink", "LinuxIO", "Reactor"],
            swiftSettings: strictMemory),
        .target(
            name: "Failover",
            dependencies: [
                "VRRPCore", "Netlink", "Reactor", "LinuxIO",
                .product(name: "Crypto", package: "swift-crypto", condition: program),
            ],
            swiftSettings: strictMemory),
        .target(
            name: "Balancer", dependencies: ["Reactor", "LinuxIO"], swiftSettings: strictMemory),
        .target(
            name: "BalancerTLS", dependencies: ["Balancer", "COpenSSL", "LinuxIO", "TLSOptions"],
            swiftSettings: strictMemory),
        .target(name: "TLSOptions", swiftSettings: strictMemory),
        .target(name: "Expressions", swiftSettings: strictMemory),
        .target(
            name: "HealthCheck",
            dependencies: [
                "Expressions", "Reactor", "LinuxIO",
                .product(name: "Crypto", package: "swift-crypto", condition: probes),
                .product(name: "CryptoExtras", package: "swift-crypto", condition: probes),
                .product(name: "NIOCore", package: "swift-nio", condition: probes),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: probes),
                .product(name: "NIOPosix", package: "swift-nio", condition: probes),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: probes),
                .product(name: "NIOTLS", package: "swift-nio", condition: probes),
                .product(name: "Subprocess", package: "swift-subprocess", condition: probes),
                .product(name: "SystemPackage", package: "swift-system", condition: probes),
            ],
            swiftSettings: strict),
        // Not "Configuration": a package below hummingbird has a target of that name.
        .target(
            name: "NodeConfiguration",
            dependencies: [
                "Expressions", "TLSOptions", "VRRPCore",
                .product(name: "Yams", package: "Yams", condition: yaml),
            ],
            path: "Sources/Configuration", swiftSettings: strict),
        .target(
            name: "Control",
            dependencies: [
                "TLSOptions",
                .product(name: "HTTPTypes", package: "swift-http-types", condition: program),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: program),
                .product(name: "Logging", package: "swift-log", condition: program),
                .product(name: "Mustache", package: "swift-mustache", condition: program),
                .product(name: "NIOCore", package: "swift-nio", condition: program),
                .product(name: "NIOPosix", package: "swift-nio", condition: program),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: program),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "lbctl",
            dependencies: [
                "VRRPCore", "Failover", "Netlink", "Balancer", "BalancerTLS", "HealthCheck",
                "Expressions", "NodeConfiguration", "Control", "Reactor", "LinuxIO", "TLSOptions",
                .product(
                    name: "ArgumentParser", package: "swift-argument-parser", condition: program),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "VRRPCore", "VRRPTestKit", "Netlink", "Balancer", "BalancerTLS",
                "NodeConfiguration", "HealthCheck", "Reactor", "LinuxIO", "CLinux",
                .product(name: "NIOCore", package: "swift-nio", condition: program),
                .product(name: "NIOPosix", package: "swift-nio", condition: program),
            ],
            path: "Benchmarks", swiftSettings: strict),
        .executableTarget(
            name: "labprobe", dependencies: ["LinuxIO"], path: "Lab/Probe", swiftSettings: strict),
        .testTarget(
            name: "VRRPCoreTests", dependencies: ["VRRPCore", "VRRPTestKit"], swiftSettings: strict),
        .testTarget(
            name: "LinuxIOTests", dependencies: ["LinuxIO", "TestServers"], swiftSettings: strict),
        .testTarget(
            name: "ReactorTests", dependencies: ["Reactor", "LinuxIO"], swiftSettings: strict),
        .testTarget(
            name: "NetlinkTests", dependencies: ["Netlink", "LinuxIO", "Reactor"],
            swiftSettings: strict),
        .testTarget(
            name: "FailoverTests",
            dependencies: ["Failover", "VRRPCore", "Netlink", "Reactor", "LinuxIO"],
            swiftSettings: strict),
        .testTarget(
            name: "BalancerTests",
            dependencies: [
                "Balancer", "BalancerTLS", "COpenSSL", "Expressions", "LinuxIO", "Reactor",
                "TLSOptions", "VRRPTestKit",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ExpressionsTests", dependencies: ["Expressions"], swiftSettings: strict),
        .target(name: "TestServers", path: "Tests/TestServers", swiftSettings: strict),
        .testTarget(
            name: "HealthCheckTests",
            dependencies: [
                "HealthCheck", "Expressions", "LinuxIO", "TestServers", "VRRPTestKit",
                .product(name: "NIOCore", package: "swift-nio", condition: program),
                .product(name: "NIOPosix", package: "swift-nio", condition: program),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: ["NodeConfiguration", "TLSOptions", "VRRPCore", "VRRPTestKit"],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "ControlTests", dependencies: ["Control", "TLSOptions", "VRRPTestKit"],
            swiftSettings: strict),
        .testTarget(
            name: "LbctlTests",
            dependencies: [
                "lbctl", "Balancer", "BalancerTLS", "COpenSSL", "Control", "Failover",
                "HealthCheck",
                "LinuxIO", "Netlink", "NodeConfiguration", "Reactor", "TestServers", "TLSOptions",
                "VRRPCore",
                .product(name: "NIOCore", package: "swift-nio", condition: program),
            ],
            swiftSettings: strict),
        .testTarget(name: "LabTests", dependencies: ["LinuxIO"], swiftSettings: strict),
    ]
)
