#if Program
import Foundation
import LinuxIO
import Reactor
import Testing

@testable import lbctl

/// A number that lost its owner on purpose: closed by hand.
private func openNull() throws -> Int32 { try Descriptor.nullDevice().release() }

private func inode(_ number: Int32) -> UInt {
    var information = stat()
    return fstat(number, &information) == 0 ? UInt(information.st_ino) : 0
}

/// A text as JSON; what begins with "bulk" may wait.
private struct Note: LinkMessage, Equatable, ExpressibleByStringLiteral {
    let text: String

    init(_ text: String) { self.text = text }
    init(stringLiteral text: String) { self.text = text }

    init?(payload: [UInt8]) {
        guard let text = try? JSONDecoder().decode(String.self, from: Data(payload)) else {
            return nil
        }
        self.text = text
    }

    var payload: [UInt8] { Array((try? JSONEncoder().encode(text)) ?? Data()) }
    var isBulk: Bool { text.hasPrefix("bulk") }
}

/// One end with frames, the other as raw bytes.
private final class Ends {
    let loop: EventLoop
    let link: Link<Note, Note>
    let raw: Descriptor
    var messages: [Note] = []
    var descriptors: [Int32] = []
    var endCount = 0

    init() throws {
        loop = try EventLoop()
        let (one, other) = try Socket.pair()
        raw = Descriptor(owning: other)
        link = try Link(owning: one, loop: loop)
        link.onMessage = { [unowned self] message, descriptors in
            messages.append(message)
            self.descriptors += descriptors
        }
        link.onEnd = { [unowned self] in endCount += 1 }
    }

    deinit { for number in descriptors { close(number) } }

    func give(_ bytes: [UInt8], descriptors: [Int32] = []) {
        #expect(
            DescriptorPassing.send(bytes, descriptors: descriptors, to: raw.rawValue)
                == .moved(bytes.count))
        loop.turn(longestWait: .milliseconds(200))
    }
}

@Suite struct `The link between the processes` {
    // "a" and "bc" as JSON strings: `"a"` is 3 bytes, `"bc"` is 4.
    private let frameA: [UInt8] = [0, 0, 0, 3, 0, 0, 0, 0] + Array(#""a""#.utf8)
    private let frameBC: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0] + Array(#""bc""#.utf8)

    @Test func `a frame that comes byte by byte is one message`() throws {
        let ends = try Ends()
        for byte in frameA.dropLast() { ends.give([byte]) }
        #expect(ends.messages == [])
        ends.give([frameA[10]])
        #expect(ends.messages == ["a"])
        #expect(ends.endCount == 0)
    }

    @Test func `frames that come together are messages in order`() throws {
        let ends = try Ends()
        ends.give(frameA + frameBC + frameA + frameBC.prefix(5))
        #expect(ends.messages == ["a", "bc", "a"])
        ends.give(Array(frameBC.dropFirst(5)))
        #expect(ends.messages == ["a", "bc", "a", "bc"])
    }

    @Test func `descriptors come with their own message, in order`() throws {
        let ends = try Ends()
        let pipe = try OutputPipe()
        let null = try Descriptor.nullDevice()
        let files = [pipe.readEnd.rawValue, null.rawValue]
        ends.give([0, 0, 0, 0, 0, 0, 0, 0], descriptors: files)
        ends.give(frameA)
        #expect(ends.descriptors == [])
        ends.give([0, 0, 0, 4, 0, 0, 0, 2] + Array(#""bc""#.utf8))
        #expect(ends.descriptors.map(inode) == files.map(inode))
    }

    @Test func `three hundred descriptors travel in batches`() throws {
        let loop = try EventLoop()
        let (one, other) = try Socket.pair()
        let sender = try Link<Note, Note>(owning: one, loop: loop)
        let receiver = try Link<Note, Note>(owning: other, loop: loop)
        var received: [Int32] = []
        receiver.onMessage = { _, descriptors in received = descriptors }
        let sent = try (0..<300).map { _ in try openNull() }
        sender.send("all", descriptors: sent)
        for _ in 0..<10 where received.isEmpty { loop.turn(longestWait: .milliseconds(100)) }
        #expect(received.count == 300)
        for number in sent + received { close(number) }
    }

    @Test func `a message of many megabytes arrives whole, in pieces`() throws {
        let loop = try EventLoop()
        let (one, other) = try Socket.pair()
        let sender = try Link<Note, Note>(owning: one, loop: loop)
        let receiver = try Link<Note, Note>(owning: other, loop: loop)
        var received: [Note] = []
        var drainCount = 0
        receiver.onMessage = { message, _ in received.append(message) }
        sender.onDrained = { drainCount += 1 }
        let text = String(repeating: "0123456789", count: 800_000)
        sender.send(Note(text))
        #expect(sender.hasBacklog)
        sender.send("next")
        for _ in 0..<5000 where received.count < 2 { loop.turn(longestWait: .milliseconds(100)) }
        #expect(received.count == 2 && received.first?.text.utf8.count == 8_000_000)
        #expect(received.last == "next")
        #expect(!sender.hasBacklog && drainCount >= 1)
    }

    @Test func `a message that is too long for a frame is not sent, and disturbs no other`() throws
    {
        let loop = try EventLoop()
        let (one, other) = try Socket.pair()
        let sender = try Link<Parcel<String>, Parcel<String>>(owning: one, loop: loop)
        let receiver = try Link<Parcel<String>, Parcel<String>>(owning: other, loop: loop)
        var (received, refused, endCount): ([Int], [Int], Int) = ([], [], 0)
        receiver.onMessage = { parcel, _ in
            if case .bytes(_, let bytes) = parcel { received.append(bytes.count) }
        }
        receiver.onEnd = { endCount += 1 }
        sender.onTooLong = { refused.append($0) }
        // With the byte that says what it is, one more than 256 MiB.
        sender.send(.bytes(.model, [UInt8](repeating: 0, count: 268_435_456)))
        #expect(refused == [268_435_457])
        sender.send(.bytes(.model, [1, 2, 3]))
        for _ in 0..<10 where received.isEmpty { loop.turn(longestWait: .milliseconds(100)) }
        #expect(received == [3])
        #expect(endCount == 0)
    }

    @Test func `what is urgent passes what may wait, and breaks into no message`() throws {
        let loop = try EventLoop()
        let (one, other) = try Socket.pair()
        let sender = try Link<Note, Note>(owning: one, loop: loop)
        let receiver = try Link<Note, Note>(owning: other, loop: loop)
        var received: [String] = []
        receiver.onMessage = { message, _ in received.append(String(message.text.prefix(5))) }
        let rest = String(repeating: ".", count: 2_000_000)
        sender.send(Note("bulk1" + rest))
        sender.send(Note("bulk2" + rest))
        sender.send("fact1")
        sender.send("fact2")
        for _ in 0..<5000 where received.count < 4 { loop.turn(longestWait: .milliseconds(100)) }
        #expect(received == ["bulk1", "fact1", "fact2", "bulk2"])
    }

    @Test func `what a process is to know comes before the word that has it serve`() throws {
        let loop = try EventLoop()
        let (one, other) = try Socket.pair()
        let sender = try Link<Parcel<String>, Parcel<String>>(owning: one, loop: loop)
        let receiver = try Link<Parcel<String>, Parcel<String>>(owning: other, loop: loop)
        var received: [String] = []
        receiver.onMessage = { parcel, _ in
            switch parcel {
            case .word(let word): received.append(word)
            case .bytes(let kind, _): received.append("\(kind)")
            }
        }
        // More than the socket takes before anybody reads.
        sender.send(.bytes(.model, [UInt8](repeating: 0, count: 1_000_000)))
        sender.send(.bytes(.heritage, [1]))
        sender.send(.bytes(.memories, [2]))
        sender.send(.word("serve"))
        for _ in 0..<5000 where received.count < 4 { loop.turn(longestWait: .milliseconds(100)) }
        #expect(received == ["model", "heritage", "serve", "memories"])
    }

    @Test func `a flood is taken in shares, and the loop does what is due between them`() throws {
        let ends = try Ends()
        ends.give(Array(repeating: frameA, count: 100).flatMap(\.self))
        #expect(ends.messages.count < 100)
        var turns = 1
        while ends.messages.count < 100, turns < 50 {
            var wasRun = false
            ends.loop.schedule(at: .now) { wasRun = true }
            ends.loop.turn(longestWait: .zero)
            #expect(wasRun)
            turns += 1
        }
        #expect(ends.messages.count == 100)
        #expect(turns >= 4)
        // What comes after it is read again.
        ends.give(frameBC)
        #expect(ends.messages.last == "bc")
    }

    @Test(
        arguments: [
            [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],  // 4 GiB of payload
            [0, 0, 0, 1, 0, 0, 0, 1, 0x31],  // a descriptor that did not come
            [0, 0, 0, 1, 0, 0, 0, 0, 0x31],  // a number where a string belongs
            [0, 0, 0, 2, 0, 0, 0, 0, 0x7b, 0x7b],  // no JSON
        ] as [[UInt8]])
    func `what is no frame ends the link once`(bytes: [UInt8]) throws {
        let ends = try Ends()
        ends.give(bytes)
        ends.give(frameA)
        #expect(ends.messages == [])
        #expect(ends.endCount == 1)
    }

    @Test func `descriptors of a malformed frame and of none are closed`() throws {
        let ends = try Ends()
        let reader = try giveWriteEnd(to: ends)
        var bytes: [UInt8] = []
        #expect(UnixSocket.read(from: reader.rawValue, into: &bytes) == .wouldBlock)
        ends.give([0, 0, 0, 1, 0, 0, 0, 1, 0x31])
        #expect(ends.endCount == 1)
        // Whoever holds the other end would keep this one open.
        #expect(UnixSocket.read(from: reader.rawValue, into: &bytes) == .moved(0))
    }

    /// Sends one end of a pair, and keeps the other alone.
    private func giveWriteEnd(to ends: Ends) throws -> Descriptor {
        let (one, other) = try Socket.pair()
        let given = Descriptor(owning: other)
        ends.give([0, 0, 0, 0, 0, 0, 0, 0], descriptors: [given.rawValue, given.rawValue])
        return Descriptor(owning: one)
    }

    @Test func `an end that is let go closes its socket and leaves the loop`() throws {
        let loop = try EventLoop()
        let (one, other) = try Socket.pair()
        let otherEnd = Descriptor(owning: other)
        do {
            let link = try Link<Note, Note>(owning: one, loop: loop)
            link.send("last words")
        }
        var bytes: [UInt8] = []
        #expect(UnixSocket.read(from: otherEnd.rawValue, into: &bytes) == .moved(20))
        #expect(UnixSocket.read(from: otherEnd.rawValue, into: &bytes) == .moved(0))
        loop.turn(longestWait: .zero)
    }
}
#endif
