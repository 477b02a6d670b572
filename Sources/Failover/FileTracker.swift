internal import LinuxIO
internal import Reactor
internal import Synchronization

/// A file that somebody writes a number to, and the number: keepalived's `track_file`.
///
/// The kernel tells of each change, also where the path is a symbolic link: of the link and of what it
/// leads to. Where it does not (a directory is missing, the link leads nowhere, or there are too many
/// watches) the file is read once a second, until it does. A file that is missing or holds no number
/// counts as 0.
///
/// A file that is being written to is read when its writer closes it: between the cut and the number it
/// is empty, and would count as 0. Who keeps it open is read a second after having begun to write.
///
/// Where the file is and what it holds is found out beside the loop, by one look at a time, since any
/// file system may hang; until it answers, the last number holds.
final class FileTracker {
    let settings: TrackedFileSettings
    private(set) var number: Int

    /// When what was seen counts.
    private enum Care: Comparable {
        /// If nothing has happened to the file since, and it holds something.
        case careful
        /// If nothing has happened to it since.
        case settled
        /// However its writer goes on.
        case anyway
    }

    private let loop: EventLoop
    private let onChange: (FileTracker) -> Void
    private let onFailure: (SystemError) -> Void
    private var places: [FilePlace.Entry] = []
    private var directories: [FollowedDirectory] = []
    private var poll: EventLoop.Deadline?
    /// How often the kernel has told of something that happened to the file.
    private var changeCount = 0
    /// When the file is read however its writer goes on.
    private var patience: EventLoop.Deadline?
    private var isLooking = false
    /// The look that is to follow the one that is under way.
    private var next: (care: Care, anew: Bool)?
    private var isStopped = false

    /// Makes a tracker that does not read yet.
    ///
    /// - Parameters:
    ///   - settings: Which file, and what it holds at first.
    ///   - number: What it counts as before the first look.
    ///   - loop: The loop that it is watched on.
    ///   - onChange: Called when the number is another.
    ///   - onFailure: Called when the first number can't be written; the file is followed anyway.
    init(
        settings: TrackedFileSettings, number: Int = 0, loop: EventLoop,
        onChange: @escaping (FileTracker) -> Void, onFailure: @escaping (SystemError) -> Void
    ) {
        self.settings = settings
        self.number = number
        self.loop = loop
        self.onChange = onChange
        self.onFailure = onFailure
    }

    /// Writes the first number if asked to, reads the file, and follows it from now on.
    ///
    /// - Parameter waits: Whether it has been read when this returns, for who holds nothing yet.
    func start(waits: Bool) {
        guard waits else { return look(.anyway, anew: true, isFirst: true) }
        let sight = FileSight(of: settings, opens: true, writes: true)
        follow(sight)
        number = sight.number ?? 0
        sight.failure.map(onFailure)
    }

    /// Follows the file no more.
    func stop() {
        isStopped = true
        unfollow()
    }

    private func unfollow() {
        directories.forEach { $0.stop() }
        directories = []
        if let poll { loop.cancel(poll) }
        poll = nil
        endPatience()
    }

    /// Looks at the file, once the look that is under way has come to its end.
    ///
    /// - Parameters:
    ///   - care: When what is seen counts.
    ///   - anew: Whether its directories are to be opened again.
    ///   - isFirst: Whether the first number is to be written.
    private func look(_ care: Care, anew: Bool = false, isFirst: Bool = false) {
        guard !isLooking else {
            next = (max(care, next?.care ?? care), anew || next?.anew == true)
            return
        }
        if anew { unfollow() }
        isLooking = true
        let count = changeCount
        loop.aside { [settings] in
            FileSight(of: settings, opens: anew, writes: isFirst)
        } then: { [weak self] sight in
            guard let self, !isStopped else { return }
            isLooking = false
            sight.failure.map(onFailure)
            if anew { follow(sight) }
            judge(sight, care, since: count)
            guard let (care, anew) = next else { return }
            next = nil
            look(care, anew: anew)
        }
    }

    /// Takes in what a look has found, unless the file has changed since.
    private func judge(_ sight: FileSight, _ care: Care, since count: Int) {
        guard care != .anyway else { return apply(sight.number) }
        let stage = takeChanges()
        guard isWhereItWas, places == sight.place.entries else { return followAnew() }
        switch stage {
        case .unfinished: beginPatience()
        case .whole:
            beginPatience()
            look(.careful)
        // It was told of already, and is looked at again.
        case .same where changeCount != count: break
        // A file is cut off shortly before the kernel tells of it.
        case .same where sight.number == nil && care == .careful: lookWhenSettled()
        case .same: apply(sight.number)
        }
    }

    private func follow(_ sight: FileSight) {
        places = sight.place.entries
        directories = sight.opened.compactMap { opened in
            try? FollowedDirectory(opened, loop: loop) { [weak self] in self?.directoryChanged() }
        }
        guard sight.place.leadsNowhere || directories.count < places.count else { return }
        poll = loop.schedule(after: Self.pollInterval) { [weak self] in self?.followAnew() }
    }

    private func directoryChanged() {
        let stage = takeChanges()
        guard isWhereItWas else { return followAnew() }
        switch stage {
        case .same: break
        case .unfinished: beginPatience()
        case .whole: look(.careful)
        }
    }

    /// Whether the directories still are what was opened.
    ///
    /// Made anew, as a service manager does with a service's own, it is another directory.
    private var isWhereItWas: Bool { directories.allSatisfy(\.isThere) }

    private func followAnew() { look(.anyway, anew: true) }

    /// How far the file's last change has come; ``isWhereItWas`` may be another afterwards.
    private func takeChanges() -> FollowedDirectory.Stage {
        let stage = directories.map { $0.takeStage() }.max() ?? .same
        if stage != .same { changeCount += 1 }
        return stage
    }

    private func lookWhenSettled() {
        beginPatience()
        let count = changeCount
        loop.schedule(after: Self.settlingTime) { [weak self] in
            // Otherwise it was read meanwhile, or is about to be.
            guard let self, patience != nil, changeCount == count else { return }
            look(.settled)
        }
    }

    private func beginPatience() {
        guard patience == nil else { return }
        patience = loop.schedule(after: Self.pollInterval) { [weak self] in self?.look(.anyway) }
    }

    private func endPatience() {
        if let patience { loop.cancel(patience) }
        patience = nil
    }

    private func apply(_ next: Int?) {
        endPatience()
        let next = next ?? 0
        guard next != number else { return }
        number = next
        onChange(self)
    }

    private static let pollInterval = Duration.seconds(1)
    /// How long an empty file is given to become a number.
    private static let settlingTime = Duration.milliseconds(200)
}

/// What one look at a file has found; made on any thread.
private struct FileSight: Sendable {
    let place: FilePlace
    /// The directories to be followed, as far as they could be opened, if asked for.
    let opened: [OpenedDirectory]
    /// What the file holds; `nil`: it is empty.
    let number: Int?
    /// Why the first number was not written.
    private(set) var failure: SystemError?

    /// Looks.
    ///
    /// - Parameters:
    ///   - settings: Which file.
    ///   - opens: Whether its directories are opened, which tell of all that happens after the look.
    ///   - writes: Whether the first number is written, if there is one.
    init(of settings: TrackedFileSettings, opens: Bool, writes: Bool) {
        let path = settings.path
        if writes, let initial = settings.initialNumber,
            settings.overwrites || SmallFile.read(path) == nil
        {
            do throws(SystemError) {
                try SmallFile.write("\(initial)\n", to: path)
            } catch { failure = error }
        }
        place = FilePlace(of: path)
        opened = opens ? place.entries.compactMap { try? OpenedDirectory($0) } : []
        number = Self.number(in: path)
    }

    private static func number(in path: String) -> Int? {
        guard let bytes = SmallFile.read(path, limit: 64) else { return 0 }
        guard !bytes.isEmpty else { return nil }
        let digits = bytes.drop { isSpace($0) }.prefix { !isSpace($0) }
        return Int(String(decoding: digits, as: UTF8.self)) ?? 0
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}

/// Where a file is, as far as the kernel has to be asked to tell of it.
private struct FilePlace: Sendable {
    /// A name in a directory.
    struct Entry: Equatable, Sendable {
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

/// A directory that was opened, and the name in it that matters.
private final class OpenedDirectory: Sendable {
    let name: String
    let watch: Mutex<DirectoryWatch>

    init(_ entry: FilePlace.Entry) throws(SystemError) {
        name = entry.name
        watch = Mutex(try DirectoryWatch(path: entry.directory))
    }
}

/// A directory whose changes are told of on a loop.
private final class FollowedDirectory {
    /// How far the last change of the file has come.
    enum Stage: Comparable { case same, whole, unfinished }

    private let directory: OpenedDirectory
    private let loop: EventLoop
    private var watch: EventLoop.Watch?

    init(
        _ directory: OpenedDirectory, loop: EventLoop, onChange: @escaping () -> Void
    ) throws(SystemError) {
        self.directory = directory
        self.loop = loop
        let number = directory.watch.withLock { $0.descriptor.rawValue }
        watch = try loop.watch(number, for: .readable) { _ in onChange() }
    }

    /// Whether it still is what was opened.
    var isThere: Bool { directory.watch.withLock { $0.isThere } }

    /// Takes what has happened so far; other files do not matter.
    func takeStage() -> Stage {
        var stage = Stage.same
        for change in directory.watch.withLock({ $0.takeChanges() }) {
            switch change {
            case .written(directory.name): stage = .unfinished
            case .finished(directory.name), .placed(directory.name), .lost: stage = .whole
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
