import Glibc
import LinuxIO
import Testing

@Suite struct `Descriptors that travel` {
    @Test(arguments: [0, 1, 2, 3, 250])
    func `arrive with the bytes, as duplicates`(count: Int) throws {
        let (near, far) = try Socket.pair()
        defer {
            close(near)
            close(far)
        }
        let source = try KernelPipe(capacity: 4096)
        let sent = DescriptorPassing.send(
            Array("model".utf8), descriptors: Array(repeating: source.writeEnd, count: count),
            to: near)
        #expect(sent == .moved(5))
        var bytes: [UInt8] = []
        var descriptors: [Int32] = []
        let received = DescriptorPassing.receive(
            into: &bytes, descriptors: &descriptors, from: far)
        defer { for number in descriptors { close(number) } }
        #expect(received == .moved(5))
        #expect(bytes == Array("model".utf8))
        #expect(descriptors.count == count)
        for number in descriptors {
            #expect(number != source.writeEnd)
            #expect(fcntl(number, F_GETFD) & FD_CLOEXEC == FD_CLOEXEC)
            #expect(write(number, "x", 1) == 1)
        }
        var buffer = [UInt8](repeating: 0, count: 512)
        if count > 0 { #expect(read(source.readEnd, &buffer, 512) == count) }
    }

    @Test func `the end of the other side is 0 bytes, and nothing yet is no failure`() throws {
        let (near, far) = try Socket.pair()
        defer { close(far) }
        var bytes: [UInt8] = []
        var descriptors: [Int32] = []
        let early = DescriptorPassing.receive(into: &bytes, descriptors: &descriptors, from: far)
        #expect(early == .wouldBlock)
        close(near)
        let late = DescriptorPassing.receive(into: &bytes, descriptors: &descriptors, from: far)
        #expect(late == .moved(0))
        #expect(DescriptorPassing.send([1], to: far) == .failed(.brokenPipe))
    }
}
