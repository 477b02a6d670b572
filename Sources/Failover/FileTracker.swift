internal import LinuxIO
internal import Reactor

/// A file that somebody writes a number to, and the number: keepalived's `track_file`.
///
/// The kernel tells of each change, also where the path is a symbolic link: of the link and of what it
/// leads to. Where it does not (a directory is missing, the link leads nowhere, or there are too many
/// watches) the file is read once a second, until it does. A file that is missing or holds no number
/// counts as 0.
///
/// A file that is being written to is read when its writer closes it: between the cut and the number it
/// is empty, and would count as 0. Who keeps it open is read a second after having begun to write.
final class FileTracker {
    let settings: TrackedFileSettings
    private(set) var number = 0

    private let loop: EventLoop
    private let onChange: (FileTracker) -> Void
    private var places: [FilePlace.Entry] = []
    private var directories: [FollowedDirectory] = []
    private var poll: EventLoop.Deadline?
    /// How often the kernel has told of something that happened to the file.
    private var changeCount = 0
    /// When the file is read however its writer goes on.
    private var patience: EventLoop.Deadline?

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
        number = read() ?? 0
        if let failure { throw .system(failure) }
    }

    /// Follows the file no more.
    func stop() {
        directories.forEach { $0.stop() }
        directories = []
        if let poll { loop.cancel(poll) }
        poll = nil
        endPatience()
    }

    private func follow() {
        let place = FilePlace(of: settings.path)
        places = place.entries
        var isFollowed = !place.leadsNowhere
        for entry in places {
            do throws(SystemError) {
                let directory = try FollowedDirectory(entry, loop: loop) { [weak self] in
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
        let stage = takeChanges()
        guard isWhereItWas else { return followAnew() }
        switch stage {
        case .same: break
        case .unfinished: beginPatience()
        case .whole: readWhole()
        }
    }

    /// Whether the directories still are what was opened, and the file is there.
    ///
    /// Made anew, as a service manager does with a service's own, it is another directory; and a link may
    /// lead elsewhere now.
    private var isWhereItWas: Bool {
        directories.allSatisfy(\.isThere) && places == FilePlace(of: settings.path).entries
    }

    private func followAnew() {
        stop()
        follow()
        look()
    }

    /// How far the file's last change has come; ``isWhereItWas`` may be another afterwards.
    private func takeChanges() -> FollowedDirectory.Stage {
        let stage = directories.map { $0.takeStage() }.max() ?? .same
        if stage != .same { changeCount += 1 }
        return stage
    }

    /// Reads what has been written to its end, unless the next one has begun meanwhile: the end of that
    /// is told as well.
    ///
    /// - Parameter isSettled: Whether nothing has happened for a while.
    private func readWhole(isSettled: Bool = false) {
        let next = read()
        let stage = takeChanges()
        guard isWhereItWas else { return followAnew() }
        switch stage {
        // A file is cut off shortly before the kernel tells of it.
        case .same where next == nil && !isSettled:
            readAgain(after: Self.settlingTime, isSettled: true)
        case .same: apply(next)
        case .unfinished: beginPatience()
        case .whole: readAgain(after: .zero, isSettled: false)
        }
    }

    private func readAgain(after time: Duration, isSettled: Bool) {
        beginPatience()
        let count = changeCount
        loop.schedule(after: time) { [weak self] in
            // Otherwise it was read meanwhile, or is about to be.
            guard let self, patience != nil, changeCount == count else { return }
            readWhole(isSettled: isSettled)
        }
    }

    private func beginPatience() {
        guard patience == nil else { return }
        patience = loop.schedule(after: Self.pollInterval) { [weak self] in self?.look() }
    }

    private func endPatience() {
        if let patience { loop.cancel(patience) }
        patience = nil
    }

    private func look() { apply(read()) }

    private func apply(_ next: Int?) {
        endPatience()
        let next = next ?? 0
        guard next != number else { return }
        number = next
        onChange(self)
    }

    /// - Returns: What the file holds; `nil`: it is empty.
    private func read() -> Int? {
        guard let bytes = SmallFile.read(settings.path, limit: 64) else { return 0 }
        guard !bytes.isEmpty else { return nil }
        let digits = bytes.drop { Self.isSpace($0) }.prefix { !Self.isSpace($0) }
        return Int(String(decoding: digits, as: UTF8.self)) ?? 0
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    private static let pollInterval = Duration.seconds(1)
    /// How long an empty file is given to become a number.
    private static let settlingTime = Duration.milliseconds(200)
}

/// Where a file is, as far as the kernel has to be asked to tell of it.
private struct FilePlace {
    /// A name in a directory.
    struct Entry: Equatable {
        let directory: String
        let name: String

        init(_ path: String) {
            let parts = path.split(separator: "/")
            directory = "/" + parts.dropLast().joined(separator: "/")
            name = parts.last.map(String.init) ?? ""
        }
    }

    /// What the path names, and the file that a link there leads to.
    let entries: [Entry]
    /// Whether it is a link to what does not exist.
    let leadsNowhere: Bool

    init(of path: String) {
        let target = SmallFile.isLink(path) ? SmallFile.resolved(path) : nil
        entries = [Entry(path)] + (target.map { [Entry($0)] } ?? [])
        leadsNowhere = target == nil && SmallFile.isLink(path)
    }
}

/// A directory whose changes are told of on a loop.
private final class FollowedDirectory {
    /// How far the last change of the file has come.
    enum Stage: Comparable { case same, whole, unfinished }

    private let name: String
    private let loop: EventLoop
    private var directory: DirectoryWatch
    private var watch: EventLoop.Watch?

    init(
        _ entry: FilePlace.Entry, loop: EventLoop, onChange: @escaping () -> Void
    ) throws(SystemError) {
        name = entry.name
        self.loop = loop
        let made = try DirectoryWatch(path: entry.directory)
        let watch = try loop.watch(made.descriptor.rawValue, for: .readable) { _ in onChange() }
        directory = consume made
        self.watch = watch
    }

    /// Whether it still is what was opened.
    var isThere: Bool { directory.isThere }

    /// Takes what has happened so far; other files do not matter.
    func takeStage() -> Stage {
        var stage = Stage.same
        for change in directory.takeChanges() {
            switch change {
            case .written(name): stage = .unfinished
            case .finished(name), .placed(name), .lost: stage = .whole
            default: break
            }
        }
        return stage
    }

    func stop() {
        if let watch { loop.unwatch(watch) }
        watch = nil
    }

    deinit { stop() }
}
