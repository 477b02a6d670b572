#if Program
/// The release.
enum Version {
    static let current = "0.1.0"
}
#endif
