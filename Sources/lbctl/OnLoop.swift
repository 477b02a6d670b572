#if Program
/// Lets another thread name an object of a loop's, for what it posts to that loop.
final class OnLoop<Object: AnyObject>: @unchecked Sendable {
    // SAFETY: set before it is shared, and read by what runs on the loop's thread alone, which is
    // also where the object ends.
    private(set) weak var object: Object?

    init(_ object: Object) { self.object = object }
}
#endif
