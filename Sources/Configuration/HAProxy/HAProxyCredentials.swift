import Glibc

/// Files of certificates, keys, authorities and revocations.
extension Word {
    /// The path, below a folder if it is not absolute.
    func below(_ folder: String?) -> Word {
        guard let folder, !text.hasPrefix("/"), !text.hasPrefix("@") else { return self }
        return Word(text: "\(folder)/\(text)", position: position)
    }

    /// What is in a file of a certificate and its key; as haproxy has it, the key may stand in a file
    /// beside it, of the same name with `.key`.
    func credentials(of what: String) throws(Remark) -> [UInt8] {
        var bytes = try contents(of: what, limit: InputFile.sizeLimit)
        guard PEMText.holdsCertificates(bytes) else {
            throw .error(
                "\(what) \(text.quoted): must hold a certificate in PEM form, between 'BEGIN"
                    + " CERTIFICATE' and 'END CERTIFICATE', and its key", at: position)
        }
        var holder = self
        if PEMText.key(in: bytes) == .none {
            holder = Word(text: "\(text).key", position: position)
            guard access(holder.text, F_OK) == 0 else {
                throw .error(
                    "\(what) \(text.quoted): has no private key in it, nor is there a file"
                        + " \(holder.text.quoted); add the key, between 'BEGIN PRIVATE KEY' and 'END"
                        + " PRIVATE KEY'", at: position)
            }
            bytes.append(0x0A)
            bytes += try holder.contents(of: what, limit: InputFile.sizeLimit)
        }
        switch PEMText.key(in: bytes) {
        case .whole: return bytes
        case .encrypted:
            throw .error(
                "\(what) \(holder.text.quoted): its key is encrypted, and nobody is asked for a"
                    + " password; write it without one, as 'openssl pkey' does", at: position)
        case .none, .broken:
            throw .error(
                "\(what) \(holder.text.quoted): must hold a whole private key in PEM form, between"
                    + " 'BEGIN PRIVATE KEY' and 'END PRIVATE KEY'", at: position)
        }
    }

    /// The files of certificates that a path means: itself; all of a directory, in the order of their
    /// names, without what is no regular file, such as a folder in it, as haproxy has it; or, where there
    /// is none of this name, those of `PATH.rsa` and `PATH.ecdsa` that there are.
    ///
    /// - Throws: A remark, where a directory cannot be read or has none.
    func certificatePaths() throws(Remark) -> [Word] {
        var facts = stat()
        guard stat(text, &facts) == 0 else {
            let kinds = [".rsa", ".ecdsa"].map { Word(text: text + $0, position: position) }
            let present = kinds.filter { access($0.text, F_OK) == 0 }
            return present.isEmpty ? [self] : present
        }
        guard facts.st_mode & S_IFMT == S_IFDIR else { return [self] }
        let names = try fileNames().filter { name in
            !name.hasPrefix(".")
                && ![".key", ".issuer", ".ocsp", ".sctl", ".dh"].contains(where: name.hasSuffix)
                // A link to nothing stays, and is complained of as haproxy does.
                && (stat("\(text)/\(name)", &facts) != 0 || facts.st_mode & S_IFMT == S_IFREG)
        }
        guard !names.isEmpty else {
            throw .error("\(text.quoted): has no file of a certificate in it", at: position)
        }
        return names.sorted().map { Word(text: "\(text)/\($0)", position: position) }
    }

    private func fileNames() throws(Remark) -> [String] {
        guard let folder = unsafe opendir(text) else {
            throw .error("\(text.quoted): cannot be read as a directory", at: position)
        }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            names.append(name)
        }
        return names
    }

    /// What is in a file of trusted authorities.
    func authorities() throws(Remark) -> [UInt8] {
        let bytes = try contents(of: "ca-file", limit: InputFile.sizeLimit)
        guard PEMText.holdsCertificates(bytes) else {
            throw .error(
                "ca-file \(text.quoted): must hold certificates in PEM form, each between"
                    + " 'BEGIN CERTIFICATE' and 'END CERTIFICATE'", at: position)
        }
        return bytes
    }

    /// What is in a file of lists of revoked certificates.
    func revocationLists() throws(Remark) -> [UInt8] {
        let bytes = try contents(of: "crl-file", limit: InputFile.sizeLimit)
        let marks = ["-----BEGIN X509 CRL-----", "-----END X509 CRL-----"]
        let lines = bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
        guard marks.allSatisfy({ mark in lines.contains { $0.elementsEqual(mark.utf8) } }) else {
            throw .error(
                "crl-file \(text.quoted): must hold lists of revoked certificates in PEM form, each"
                    + " between 'BEGIN X509 CRL' and 'END X509 CRL'", at: position)
        }
        return bytes
    }

    /// The keys of tickets that stand in a file, a line of base 64 each.
    func ticketKeys() throws(Remark) -> [[UInt8]] {
        let bytes = try contents(of: "tls-ticket-keys", limit: InputFile.sizeLimit)
        var keys: [[UInt8]] = []
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            guard let key = PEMText.decode(line), key.count == 48 || key.count == 80 else {
                throw .error(
                    "tls-ticket-keys \(text.quoted): each line must be 48 or 80 bytes in base 64, as"
                        + " 'openssl rand -base64 48' writes", at: position)
            }
            keys.append(key)
        }
        guard keys.count >= 3 else {
            throw .error(
                "tls-ticket-keys \(text.quoted): must have three keys at least, the newest last",
                at: position)
        }
        return keys
    }
}
