import Control

/// The bytes of a control socket, in two pieces: what is found may not depend on where they were cut.
func feedControl(_ bytes: [UInt8]) {
    let cut = Int(bytes.first ?? 0) % (bytes.count + 1)
    let requests = read(ControlDecoder<ControlRequest>(), [bytes[...]])
    require(
        requests == read(ControlDecoder(), [bytes[..<cut], bytes[cut...]]),
        "the requests depend on where the bytes were cut")
    for request in requests {
        let again = read(ControlDecoder<ControlRequest>(), [ControlCodec.encode(request)[...]])
        require(again == [request], "\(request) was read again as \(again)")
    }
    _ = read(ControlDecoder<ControlResponse>(), [bytes[...]])
}

private func read<Message>(
    _ decoder: ControlDecoder<Message>, _ pieces: [ArraySlice<UInt8>]
) -> [Message] {
    var decoder = decoder
    var messages: [Message] = []
    for piece in pieces {
        decoder.append(piece)
        do {
            while let message = try decoder.next() { messages.append(message) }
        } catch { return messages }
    }
    return messages
}
