import Glibc

/// A file of the test's own.
enum InputFileFixture {
    struct Refused: Error {}

    static func write(_ text: String, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Refused() }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else { throw Refused() }
    }

    /// A path that no other test has, be it that they run at the same time.
    static func freePath() -> String {
        "/tmp/lbctl-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    }

    static func remove(_ path: String) { unlink(path) }
}
