internal import LinuxIO
internal import Reactor

/// A file that somebody writes a number to, and the number: keepalived's `track_file`.
///
/// The kernel tells of each change, also where the path is a symbolic link: of the link and of what it
/// leads to. Where it does not (a directory is missing, the link leads nowhere, or there are too many
/// watches) the file is read once a second, until it does. A file that is missing or holds no number
/// counts as 0.
final class FileTracker {
    let settings: TrackedFileSettings
    private(set) var number = 0

    private let loop: EventLoop
    private let onChange: (FileTracker) -> Void
    private var directories: [FollowedDirectory] = []
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
        directories.forEach { $0.stop() }
        directories = []
        if let poll { loop.cancel(poll) }
        poll = nil
    }

    private func follow() {
        let place = FilePlace(of: settings.path)
        var isFollowed = !place.leadsNowhere
        for path in place.directories {
            do throws(SystemError) {
                let directory = try FollowedDirectory(path, loop: loop) { [weak self] in
                    self?.directoryChanged()
                }
                directories.append(directory)
            } catch { isFollowed = false }
        }
        guard !isFollowed else { return }
        poll = loop.schedule(after: Self.pollInterval) { [weak self] in
            self?.stop()
            self?.follow()
            self?.look()
        }
    }

    private func directoryChanged() {
        directories.forEach { $0.clear() }
        // Made anew, as a service manager does with a service's own, it is another directory; and a
        // link may lead elsewhere now.
        let isSame = directories.map(\.path) == FilePlace(of: settings.path).directories
        if !isSame || !directories.allSatisfy(\.isThere) {
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

/// Where a file is, as far as the kernel has to be asked to tell of it.
private struct FilePlace {
    /// The directory that the path names, and that of the file that a link there leads to.
    let directories: [String]
    /// Whether it is a link to what does not exist.
    let leadsNowhere: Bool

    init(of path: String) {
        let named = Self.parent(of: path)
        guard SmallFile.isLink(path) else {
            (directories, leadsNowhere) = ([named], false)
            return
        }
        let target = SmallFile.resolved(path)
        directories = [named] + (target.map { [Self.parent(of: $0)] } ?? [])
        leadsNowhere = target == nil
    }

    private static func parent(of path: String) -> String {
        "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    }
}

/// A directory whose changes are told of on a loop.
private final class FollowedDirectory {
    let path: String
    private let loop: EventLoop
    private var directory: DirectoryWatch
    private var watch: EventLoop.Watch?

    init(_ path: String, loop: EventLoop, onChange: @escaping () -> Void) throws(SystemError) {
        self.path = path
        self.loop = loop
        let made = try DirectoryWatch(path: path)
        let watch = try loop.watch(made.descriptor.rawValue, for: .readable) { _ in onChange() }
        directory = consume made
        self.watch = watch
    }

    /// Whether it still is what was opened.
    var isThere: Bool { directory.isThere }

    /// Takes what has happened so far.
    func clear() { directory.clear() }

    func stop() {
        if let watch { loop.unwatch(watch) }
        watch = nil
    }

    deinit { stop() }
}
