import Glibc
import Testing

extension Tag {
    /// Makes namespaces and raw sockets, so it runs as root only.
    @Tag static var needsRoot: Self
}

extension Trait where Self == ConditionTrait {
    /// Runs a lab test where a lab can be made, and says loudly elsewhere that it was not run.
    static var inLab: Self {
        .enabled("NOT RUN: lab tests need root, for network namespaces") { geteuid() == 0 }
    }
}

/// All lab tests, one after the other: they measure times on the same processor cores.
@Suite(.serialized, .tags(.needsRoot), .inLab) struct InTheLab {}
