internal import Balancer
internal import COpenSSL
internal import Glibc

/// Reads what stands in a certificate, in haproxy's forms (its `ssl_utils.c`).
@safe struct CertificateReader {
    // SAFETY: whoever makes one holds the certificate for as long.
    private let certificate: OpaquePointer

    /// - Parameter certificate: The certificate; `nil`: there is none to read.
    @unsafe
    init?(_ certificate: OpaquePointer?) {
        guard let certificate = unsafe certificate else { return nil }
        unsafe self.certificate = certificate
    }

    /// What it says; empty where that is nothing, or longer than 255 bytes.
    func text(_ text: CertificateText) -> ShortText {
        switch text {
        case .subject(let part): unsafe name(X509_get_subject_name(certificate), part)
        case .issuer(let part): unsafe name(X509_get_issuer_name(certificate), part)
        case .serialNumber(let inDigits): serialNumber(inDigits: inDigits)
        case .digest(let inDigits): digest(inDigits: inDigits)
        case .start: unsafe time(X509_get0_notBefore(certificate))
        case .end: unsafe time(X509_get0_notAfter(certificate))
        case .keyAlgorithm: keyAlgorithm
        case .signatureAlgorithm: signatureAlgorithm
        }
    }

    /// A name: all parts as `/KIND=TEXT` in their order, or the text of one.
    @unsafe
    private func name(_ name: OpaquePointer?, _ part: CertificateNamePart?) -> ShortText {
        let count = unsafe X509_NAME_entry_count(name)
        var whole = ShortText()
        var (seen, wanted) = (0, part.map { Int($0.occurrence) } ?? 0)
        // The last ones are counted from the end.
        let isBackwards = wanted < 0
        wanted = abs(wanted)
        for place in 0..<count {
            let entry = unsafe X509_NAME_get_entry(name, isBackwards ? count - 1 - place : place)
            var length: Int32 = 0
            let start = unsafe copenssl_name_text(entry, &length)
            var kind = InlineArray<80, CChar>(repeating: 0)
            var room = kind.mutableSpan
            let kindLength = unsafe room.withUnsafeMutableBufferPointer {
                unsafe copenssl_name_kind(entry, $0.baseAddress, Int32($0.count))
            }
            // Below 0: of numbers so many that OpenSSL does not write them.
            let kindCount = max(0, min(Int(kindLength), kind.count - 1))
            if let part {
                let isMeant = unsafe kind.span.withUnsafeBytes { bytes in
                    part.isOf(
                        unsafe bytes.bindMemory(to: UInt8.self).span.extracting(0..<kindCount))
                }
                guard isMeant else { continue }
                seen += 1
                if seen == wanted { return unsafe ShortText(start, Int(length)) }
                continue
            }
            guard whole.append(0x2F) else { return ShortText() }
            for index in 0..<kindCount {
                guard whole.append(UInt8(bitPattern: kind[index])) else { return ShortText() }
            }
            guard whole.append(0x3D) else { return ShortText() }
            for index in 0..<Int(length) {
                guard let start = unsafe start, unsafe whole.append(start[index]) else {
                    return ShortText()
                }
            }
        }
        return whole
    }

    private func serialNumber(inDigits: Bool) -> ShortText {
        let number = unsafe X509_get0_serialNumber(certificate)
        return unsafe ShortText(
            ASN1_STRING_get0_data(number), Int(ASN1_STRING_length(number)), inDigits: inDigits)
    }

    private func digest(inDigits: Bool) -> ShortText {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard unsafe X509_digest(certificate, EVP_sha1(), &bytes, &count) == 1 else {
            return ShortText()
        }
        return unsafe bytes.withUnsafeBufferPointer {
            unsafe ShortText($0.baseAddress, Int(count), inDigits: inDigits)
        }
    }

    private var keyAlgorithm: ShortText {
        var kind: OpaquePointer?
        let key = unsafe X509_get_X509_PUBKEY(certificate)
        guard unsafe X509_PUBKEY_get0_param(&kind, nil, nil, nil, key) == 1 else {
            return ShortText()
        }
        return unsafe shortName(kind)
    }

    private var signatureAlgorithm: ShortText {
        var kind: OpaquePointer?
        unsafe X509_ALGOR_get0(&kind, nil, nil, X509_get0_tbs_sigalg(certificate))
        return unsafe shortName(kind)
    }

    /// OpenSSL's short name of a kind; `UNDEF` of one that it does not know.
    @unsafe
    private func shortName(_ kind: OpaquePointer?) -> ShortText {
        guard let name = unsafe OBJ_nid2sn(OBJ_obj2nid(kind)) else { return ShortText() }
        return unsafe ShortText(
            UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self), strlen(name))
    }

    /// A time: as it stands there, of one with four digits of the year the last two.
    @unsafe
    private func time(_ time: UnsafePointer<ASN1_TIME>?) -> ShortText {
        let length = unsafe Int(ASN1_STRING_length(time))
        guard let start = unsafe ASN1_STRING_get0_data(time) else { return ShortText() }
        // As haproxy: of this century alone.
        if unsafe ASN1_STRING_type(time) == V_ASN1_GENERALIZEDTIME {
            guard length >= 12, unsafe start[0] == 0x32, unsafe start[1] == 0x30 else {
                return ShortText()
            }
            return unsafe ShortText(start + 2, length - 2)
        }
        guard length >= 10, unsafe start[0] < 0x35 else { return ShortText() }
        return unsafe ShortText(start, length)
    }
}

extension ShortText {
    /// A text of bytes, or of two hexadecimal digits for each; what is too long is none, since its beginning
    /// is somebody else's.
    @unsafe
    init(_ start: UnsafePointer<UInt8>?, _ count: Int, inDigits: Bool = false) {
        self.init()
        guard let start = unsafe start, count > 0 else { return }
        guard inDigits else {
            self =
                unsafe ShortText(UnsafeBufferPointer(start: start, count: count).span)
                ?? ShortText()
            return
        }
        guard count * 2 <= 255 else { return }
        for index in 0..<count {
            let byte = unsafe start[index]
            for digit in [byte >> 4, byte & 15] {
                _ = append(digit + (digit < 10 ? 0x30 : 0x37))
            }
        }
    }
}
