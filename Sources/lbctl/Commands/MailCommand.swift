#if Program
internal import ArgumentParser
internal import Glibc

/// Sends one mail about a new state: `lbctl mail`, which the failover process starts.
struct MailCommand: ParsableCommand {
    static let name = "mail"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Send one mail; 'lbctl run' does so.", shouldDisplay: false)

    @Option var server: String
    @Option var port: UInt16
    @Option var helo: String
    @Option var from: String
    @Option var timeout: Double
    @Option var to: [String] = []
    @Argument var subject: String
    @Argument var text: String

    func run() throws {
        let session = try MailSession(server: server, port: port, timeout: timeout)
        defer { session.close() }
        try session.expect("220", after: nil)
        try session.expect("250", after: "EHLO \(helo)")
        try session.expect("250", after: "MAIL FROM:<\(from)>")
        for recipient in to { try session.expect("25", after: "RCPT TO:<\(recipient)>") }
        try session.expect("354", after: "DATA")
        try session.expect("250", after: message + "\r\n.")
        // It has the mail now; what it says to good-bye changes nothing.
        try? session.expect("221", after: "QUIT")
    }

    private var message: String {
        var present = time(nil)
        var parts = tm()
        localtime_r(&present, &parts)
        var date = [CChar](repeating: 0, count: 64)
        let count = strftime(&date, date.count, "%a, %d %b %Y %H:%M:%S %z", &parts)
        let stamp = String(
            decoding: date.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // A line that begins with a dot would end the message (RFC 5321 §4.5.2).
        let body = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(".") ? "." + $0 : String($0) }.joined(separator: "\r\n")
        return [
            "Date: \(stamp)", "From: \(from)", "Subject: \(subject)",
            "To: \(to.joined(separator: ", "))", "X-Mailer: lbctl \(Version.current)", "", body,
        ].joined(separator: "\r\n")
    }
}

/// One connection to a mail server, with calls that wait: its process does nothing else.
///
/// RFC 5321.
struct MailSession {
    private let descriptor: Int32
    private let server: String

    init(server: String, port: UInt16, timeout: Double) throws(Failure) {
        self.server = "\(server) port \(port)"
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(server, "\(port)", &hints, &found)
        guard result == 0, let first = found else {
            throw Failure(
                .systemRefused, "\(server): \(String(cString: gai_strerror(result)))")
        }
        defer { freeaddrinfo(first) }
        var connected: Int32 = -1
        var candidate: UnsafeMutablePointer<addrinfo>? = first
        while connected < 0, let address = candidate {
            connected = Self.connect(address.pointee, timeout)
            candidate = address.pointee.ai_next
        }
        guard connected >= 0 else {
            throw Failure(
                .systemRefused, "connect \(self.server): \(String(cString: strerror(errno)))")
        }
        descriptor = connected
    }

    /// A connected socket, or -1 and `errno`.
    private static func connect(_ address: addrinfo, _ timeout: Double) -> Int32 {
        let descriptor = socket(
            address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue),
            address.ai_protocol)
        guard descriptor >= 0 else { return -1 }
        let whole = max(1, Int(timeout))
        var limit = timeval(tv_sec: whole, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        guard Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 else {
            let reason = errno
            Glibc.close(descriptor)
            errno = reason
            return -1
        }
        return descriptor
    }

    /// Says something, and reads the answer.
    ///
    /// - Throws: `Failure` with the server's words when the answer is another.
    func expect(_ code: String, after command: String?) throws(Failure) {
        if let command { try send(command + "\r\n") }
        let answer = try readAnswer()
        guard answer.hasPrefix(code) else {
            let said = command?.split(separator: "\r\n").first.map(String.init) ?? "the connection"
            throw Failure(.systemRefused, "\(server) answered '\(answer)' to \(said)")
        }
    }

    private func send(_ text: String) throws(Failure) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else {
                throw Failure(.systemRefused, "\(server): \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// The last line of the answer: those before it have a hyphen after the code.
    private func readAnswer() throws(Failure) -> String {
        let lengthLimit = 65_536
        var bytes: [UInt8] = []
        while bytes.count < lengthLimit {
            var byte: UInt8 = 0
            let count = recv(descriptor, &byte, 1, 0)
            guard count == 1 else {
                let reason = count == 0 ? "closed the connection" : String(cString: strerror(errno))
                throw Failure(.systemRefused, "\(server): \(reason)")
            }
            bytes.append(byte)
            guard byte == UInt8(ascii: "\n") else { continue }
            let line = bytes.dropLast().filter { $0 != UInt8(ascii: "\r") }
            guard line.count > 3, line[3] == UInt8(ascii: "-") else {
                return String(decoding: line, as: UTF8.self)
            }
            bytes = []
        }
        throw Failure(.systemRefused, "\(server): its answer has no end")
    }

    func close() { Glibc.close(descriptor) }
}
#endif
