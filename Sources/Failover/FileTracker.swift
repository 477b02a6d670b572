internal import LinuxIO
internal import Reactor

/// A file that somebody writes a number to, and the number: keepalived's `track_file`.
///
/// The kernel tells of each change; where it does not (the directory is missing, or there are too
/// many watches) the file is read once a second, until it does. A file that is missing or holds no number counts
/// as 0.
final class FileTracker {
    let settings: TrackedFileSettings
    private(set) var number = 0

    private let loop: EventLoop
    private let onChange: (FileTracker) -> Void
    private var directory: DirectoryWatch?
    private var watch: EventLoop.Watch?
    private var poll: EventLoop.Deadline?

    /// Makes a tracker that does not read yet.
    ///
    /// - Parameters:
    ///   - settings: Which file, and what it holds at first.
    ///   - loop: The loop that it is watched on.
    ///   - onChange: Called when the number is another.
    init(
        settings: TrackedFileSettings, loop: EventLoop, onChange: @escaping (FileTracker) -> Void
    ) {
        self.settings = settings
        self.loop = loop
        self.onChange = onChange
    }

    /// Writes the first number if asked to, reads the file, and follows it from now on.
    ///
    /// - Throws: `HostError` when the first number can't be written; the file is followed anyway.
    func start() throws(HostError) {
        var failure: SystemError?
        if let initial = settings.initialNumber,
            settings.overwrites || SmallFile.read(settings.path) == nil
        {
            do throws(SystemError) {
                try SmallFile.write("\(initial)\n", to: settings.path)
            } catch { failure = error }
        }
        follow()
        number = read()
        if let failure { throw .system(failure) }
    }

    /// Follows the file no more.
    func stop() {
        if let watch { loop.unwatch(watch) }
        if let poll { loop.cancel(poll) }
        watch = nil
        poll = nil
        directory = nil
    }

    private func follow() {
        let parent = settings.path.split(separator: "/").dropLast().joined(separator: "/")
        do throws(SystemError) {
            let made = try DirectoryWatch(path: "/" + parent)
            watch = try loop.watch(made.descriptor.rawValue, for: .readable) { [weak self] _ in
                self?.directoryChanged()
            }
            directory = consume made
        } catch {
            directory = nil
            poll = loop.schedule(after: Self.pollInterval) { [weak self] in
                self?.follow()
                self?.look()
            }
        }
    }

    private func directoryChanged() {
        directory?.clear()
        // Made anew, as a service manager does with a service's own, it is another directory.
        if directory?.isThere == false {
            stop()
            follow()
        }
        look()
    }

    private func look() {
        let next = read()
        guard next != number else { return }
        number = next
        onChange(self)
    }

    private func read() -> Int {
        guard let bytes = SmallFile.read(settings.path, limit: 64) else { return 0 }
        let digits = bytes.drop { Self.isSpace($0) }.prefix { !Self.isSpace($0) }
        return Int(String(decoding: digits, as: UTF8.self)) ?? 0
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    private static let pollInterval = Duration.seconds(1)
}
