import VRRPCore

/// SHA-256 as FIPS 180-4 describes it, slow and independent of everything that is tested.
func sha256(_ message: [UInt8]) -> [UInt8] {
    let primes: [UInt64] = (2...311).filter { number in
        !(2..<number).contains { number % $0 == 0 }
    }
    // The first 32 bits of the fractions of cube and square roots.
    let constants = primes.map { fraction(of: $0, power: 3) }
    var hash = primes.prefix(8).map { fraction(of: $0, power: 2) }
    var padded = message + [0x80]
    while padded.count % 64 != 56 { padded.append(0) }
    padded += stride(from: 56, through: 0, by: -8).map { UInt8((message.count * 8) >> $0 & 255) }
    for start in stride(from: 0, to: padded.count, by: 64) {
        var words = (0..<16).map { index in
            (0..<4).reduce(0) { $0 << 8 | UInt32(padded[start + 4 * index + $1]) }
        }
        for index in 16..<64 {
            let (early, late) = (words[index - 15], words[index - 2])
            let first = turned(early, 7) ^ turned(early, 18) ^ early >> 3
            let second = turned(late, 17) ^ turned(late, 19) ^ late >> 10
            words.append(words[index - 16] &+ first &+ words[index - 7] &+ second)
        }
        var state = hash
        for index in 0..<64 {
            let (a, e) = (state[0], state[4])
            let choice = (e & state[5]) ^ (~e & state[6])
            let sumE = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)
            let step = state[7] &+ sumE &+ choice &+ constants[index] &+ words[index]
            let majority = (a & state[1]) ^ (a & state[2]) ^ (state[1] & state[2])
            let sumA = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)
            state[3] = state[3] &+ step
            state.removeLast()
            state.insert(step &+ sumA &+ majority, at: 0)
        }
        hash = zip(hash, state).map { $0 &+ $1 }
    }
    return hash.flatMap { word in
        stride(from: 24 as UInt32, through: 0, by: -8).map { UInt8(word >> $0 & 255) }
    }
}

private func turned(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word >> count | word << (32 - count)
}

/// The first 32 bits after the point of the square or cube root of a small number.
private func fraction(of number: UInt64, power: Int) -> UInt32 {
    // The greatest r with r^power <= number · 2^(32·power), bit by bit, in 128-bit arithmetic.
    let target = UInt128(number) << UInt128(32 * power)
    var root: UInt128 = 0
    for bit in stride(from: 37, through: 0, by: -1) {
        let candidate = root | 1 << UInt128(bit)
        let value = (1..<power).reduce(candidate) { product, _ in product * candidate }
        if value <= target { root = candidate }
    }
    return UInt32(truncatingIfNeeded: root)
}

/// HMAC-SHA-256 of RFC 2104, with a key of at most 64 bytes.
func hmacSHA256(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    let block = key + Array(repeating: 0, count: 64 - key.count)
    let inner = sha256(block.map { $0 ^ 0x36 } + message)
    return sha256(block.map { $0 ^ 0x5C } + inner)
}

/// Keys by their numbers.
struct TestKeys: MessageAuthenticator {
    var keys: [UInt8: [UInt8]] = [1: Array(0...31)]

    func authenticationCode(of message: [UInt8], keyID: UInt8) -> [UInt8]? {
        keys[keyID].map { hmacSHA256(message, key: $0) }
    }
}
