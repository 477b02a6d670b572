internal import COpenSSL

/// The keys by which clients' tickets are encrypted and known again (`tls-ticket-keys`), so that nodes which
/// have the same ones understand each other's.
///
/// As haproxy's: of the last three the second encrypts. A new key, appended at the end, so gets known to all
/// nodes before one uses it.
public struct TicketKeys: Hashable, Sendable {
    /// One key: its name, by which tickets find it, and what encrypts and authenticates them.
    struct Key: Hashable, Sendable {
        let name: [UInt8]
        let hmacKey: [UInt8]
        let aesKey: [UInt8]

        /// Of 48 bytes (AES-128) or 80 (AES-256); `nil`: another number.
        init?(_ bytes: [UInt8]) {
            guard bytes.count == 48 || bytes.count == 80 else { return nil }
            let size = (bytes.count - 16) / 2
            name = Array(bytes[..<16])
            hmacKey = Array(bytes[16..<16 + size])
            aesKey = Array(bytes[(16 + size)...])
        }
    }

    /// How many there have to be, and are used.
    public static let count = 3

    let keys: [Key]
    /// The one that encrypts.
    var encryptionKey: Key { keys[TicketKeys.count - 2] }

    /// Takes the last ones.
    ///
    /// - Parameter keys: Each of 48 or 80 bytes, the newest last.
    /// - Throws: ``TLSSettingsError``, where there are too few, or one has another length.
    public init(_ keys: [[UInt8]]) throws(TLSSettingsError) {
        let last = keys.suffix(TicketKeys.count)
        guard last.count == TicketKeys.count else {
            throw TLSSettingsError("keys of tickets: \(keys.count); there must be 3 at least")
        }
        var known: [Key] = []
        for bytes in last {
            guard let key = Key(bytes) else {
                throw TLSSettingsError(
                    "keys of tickets: one of \(bytes.count) bytes; they have 48 or 80")
            }
            known.append(key)
        }
        self.keys = known
    }

    /// Prepares a ticket's encryption, or finds the key of one that came
    /// (`SSL_CTX_set_tlsext_ticket_key_evp_cb(3)`).
    ///
    /// - Returns: 1; 2: the ticket is to be made anew; 0: its key is unknown; -1: it did not work.
    @unsafe
    func protect(
        _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>,
        _ cipher: OpaquePointer, _ mac: OpaquePointer, encrypts: Bool
    ) -> Int32 {
        let found = unsafe UnsafeBufferPointer(start: name, count: 16)
        let known = keys.first { unsafe found.elementsEqual($0.name) }
        guard let key = encrypts ? encryptionKey : known else { return 0 }
        if encrypts {
            for index in 0..<16 { unsafe name[index] = key.name[index] }
            guard unsafe RAND_bytes(vector, 16) == 1 else { return -1 }
        }
        var hmacKey = key.hmacKey
        let method = unsafe key.aesKey.count == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc()
        guard
            unsafe copenssl_set_ticket_mac(mac, &hmacKey, Int32(hmacKey.count)) == 1,
            unsafe EVP_CipherInit_ex(
                cipher, method, nil, key.aesKey, vector, encrypts ? 1 : 0) == 1
        else { return -1 }
        return encrypts || key == encryptionKey ? 1 : 2
    }
}
