#if Program
/// A status, or another answer, that arrives in pieces, so that it holds nothing up that comes meanwhile.
///
/// Each piece is the number of the request (4 bytes, network order; 0: unasked), whether it is the
/// last (1 byte), and bytes of JSON.
struct StatusPieces {
    private var pieces: [[UInt8]] = []

    /// Cuts a status into pieces.
    static func cut(_ status: [UInt8], for request: Int?) -> [[UInt8]] {
        let number = (0..<4).map { UInt8(truncatingIfNeeded: (request ?? 0) >> (24 - 8 * $0)) }
        return stride(from: 0, to: max(1, status.count), by: pieceSize).map { start in
            let end = min(start + pieceSize, status.count)
            return number + [end == status.count ? 1 : 0] + status[start..<end]
        }
    }

    /// Takes in the next piece.
    ///
    /// - Returns: The whole and the request that it answers, with its last piece.
    mutating func append(_ piece: [UInt8]) -> (request: Int?, status: [[UInt8]])? {
        guard piece.count >= StatusPieces.headerSize else { return nil }
        pieces.append(Array(piece.dropFirst(StatusPieces.headerSize)))
        guard piece[4] == 1 else { return nil }
        defer { pieces = [] }
        let number = piece[..<4].reduce(0) { $0 << 8 | Int($1) }
        return (number == 0 ? nil : number, pieces)
    }

    private static let headerSize = 5
    private static let pieceSize = 32_768
}
#endif
