#if Program
import Foundation
import Glibc
import Synchronization

/// A server program of Debian, in a folder of its own, started and stopped by a test.
package final class RealServer: Sendable {
    package let port: Int
    private let files: TemporaryFolder
    private let process: Process
    private let isStopped = Atomic(false)

    /// Starts the program and waits until something accepts on the port.
    ///
    /// `dev/setup` installs the program. `user` runs it when the tests run as root, for programs
    /// that refuse to be root.
    package init(
        _ program: String, _ arguments: [String], in folder: TemporaryFolder, port: Int,
        as user: String? = nil
    ) async throws {
        files = folder
        self.port = port
        process = try Self.makeProcess(program, arguments, as: user)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: folder.write("stderr", ""))
        try process.run()
        for _ in 0..<400 {
            if accepts(port: port) { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(25))
        }
        let log = (try? String(contentsOfFile: "\(folder.path)/stderr", encoding: .utf8)) ?? ""
        throw ServerFailure(text: "\(program) did not start: \(log)")
    }

    /// Where a test threw, or the program did not come to accept.
    deinit { stop() }

    /// Ends the program; the folder goes when it has ended, at the latest when the tests end.
    package func stop() {
        guard !isStopped.exchange(true, ordering: .relaxed), process.isRunning else { return }
        process.terminate()
        ServersThatEnd.begin()
        Thread.detachNewThread { [process, files] in
            for _ in 0..<300 where process.isRunning { usleep(10_000) }
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            process.waitUntilExit()
            files.remove()
            ServersThatEnd.end()
        }
    }

    /// Runs a program to its end, on a thread of its own: tests have few threads to wait on.
    package static func run(
        _ program: String, _ arguments: [String], as user: String? = nil, input: String? = nil
    ) async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread {
                done.resume(
                    with: Result {
                        try runHere(program, arguments, as: user, input: input)
                    })
            }
        }
    }

    private static func runHere(
        _ program: String, _ arguments: [String], as user: String?, input: String?
    ) throws {
        let process = try makeProcess(program, arguments, as: user)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        let stdin = Pipe()
        process.standardInput = stdin
        try process.run()
        if let input { stdin.fileHandleForWriting.write(Data(input.utf8)) }
        try stdin.fileHandleForWriting.close()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ServerFailure(text: "\(program) \(arguments): \(text)")
        }
    }

    private static func makeProcess(
        _ program: String, _ arguments: [String], as user: String?
    ) throws -> Process {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw ServerFailure(text: "\(program) is missing: run dev/setup")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        if let user, geteuid() == 0 {
            process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
            process.arguments =
                ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", program] + arguments
        }
        return process
    }
}

package struct ServerFailure: Error, CustomStringConvertible {
    package let text: String
    package var description: String { text }
}

/// A folder that is gone when the test is.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init(for user: String? = nil) throws {
        path = "/tmp/lbctl-health-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        if let user, geteuid() == 0, let entry = getpwnam(user) {
            chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid)
        }
    }

    /// Writes a file that everybody may read, and says its path.
    @discardableResult
    package func write(_ name: String, _ text: String) -> String {
        let file = "\(path)/\(name)"
        _ = FileManager.default.createFile(
            atPath: file, contents: Data(text.utf8), attributes: [.posixPermissions: 0o644])
        return file
    }

    package func remove() { try? FileManager.default.removeItem(atPath: path) }

    deinit { remove() }
}

/// Keeps the tests from ending before the servers that they stopped have.
private enum ServersThatEnd {
    private static let count = Mutex(0)
    private static let waitsAtExit: Void = {
        atexit {
            for _ in 0..<400 where ServersThatEnd.count.withLock({ $0 > 0 }) { usleep(10_000) }
        }
        return
    }()

    package static func begin() {
        waitsAtExit
        count.withLock { $0 += 1 }
    }

    package static func end() { count.withLock { $0 -= 1 } }
}
#endif
