// swift-tools-version: 6.3
import PackageDescription

// What dev/check-guards builds a copy of: one room and the tests of its conformance, without what else
// the rooms need. Warnings are none here: a broken guard may leave code that can't be reached.

let isWire = Context.environment["GUARDS_ROOM"] == "wire"

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let core: [Target] = [
    .target(name: "VRRPCore", swiftSettings: settings),
    .testTarget(
        name: "VRRPCoreTests", dependencies: ["VRRPCore"],
        sources: ["ConformanceTests.swift", "Support.swift"], swiftSettings: settings),
]

let wire: [Target] = [
    .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
    .systemLibrary(name: "CNetlink", pkgConfig: "libnl-route-3.0"),
    .target(name: "VRRPCore", swiftSettings: settings),
    .target(name: "LinuxIO", dependencies: ["CLinux"], swiftSettings: settings),
    .target(name: "Reactor", dependencies: ["LinuxIO"], swiftSettings: settings),
    .target(
        name: "Netlink", dependencies: ["CNetlink", "LinuxIO", "Reactor"], swiftSettings: settings),
    .target(
        name: "Failover", dependencies: ["VRRPCore", "Netlink", "Reactor", "LinuxIO"],
        swiftSettings: settings),
    .testTarget(
        name: "FailoverTests",
        dependencies: ["Failover", "VRRPCore", "Netlink", "Reactor", "LinuxIO"],
        sources: [
            "ConformanceTests.swift", "WireRecord.swift", "ElectionTests.swift",
            "TestNetwork.swift", "TestNode.swift", "TestWire.swift",
        ],
        swiftSettings: settings),
]

let package = Package(name: "guards", targets: isWire ? wire : core)
