import VRRPCore

/// What a `vrrp_instance` says about authentication, before defaults.
struct KeepalivedAuthentication: Sendable {
    /// `auth_type` of `authentication`.
    private var type: Word?
    /// Whether ``type`` is one that is known.
    private var isPassword = false
    /// `auth_pass` of `authentication`.
    private var password: Word?
    /// The block `auth_hmac`.
    private var trailer: KeepalivedTrailer?

    /// The keywords of a `vrrp_instance`; keepalived.conf(5), "VRRP instance(s)".
    static let rules: [String: Rule<KeepalivedInstance>] = [
        "authentication": .block { instance, arguments throws(Remark) in
            arguments.readBlock(with: table, into: &instance.authentication)
        },
        "auth_hmac": .block { instance, arguments throws(Remark) in
            var trailer =
                instance.authentication.trailer ?? KeepalivedTrailer(keyword: arguments.keyword)
            arguments.readBlock(with: KeepalivedTrailer.table, into: &trailer)
            instance.authentication.trailer = trailer
        },
    ]

    private static let table = KeywordTable<KeepalivedAuthentication>(
        "keyword", scope: "in authentication",
        [
            "auth_type": .line { authentication, arguments throws(Remark) in
                let word = try arguments.next("PASS")
                // Also a wrong one is one: what it makes of a password is not said too.
                authentication.type = word
                guard word.text != "AH" else {
                    throw .error(
                        "auth_type AH is not supported: RFC 3768 took it back in 2004, and its"
                            + " HMAC-MD5 protects little; write auth_hmac, or auth_type PASS",
                        at: word.position)
                }
                guard word.text == "PASS" else {
                    throw .error(
                        "auth_type \(word.text.quoted): must be PASS", at: word.position,
                        suggestion: word.text.uppercased() == "PASS" ? "PASS" : nil)
                }
                authentication.isPassword = true
            },
            "auth_pass": .line { authentication, arguments throws(Remark) in
                authentication.password = try arguments.next("a password of 1 to 8 characters")
            },
        ])

    /// Gives a virtual router what it authenticates with.
    func apply(to settings: inout VirtualRouterSettings, remarks: inout [Remark]) throws(Remark) {
        settings.authentication = try trailer?.finished(settings)
        guard let type else {
            if let password {
                remarks.append(
                    .warning(
                        "'auth_pass' without 'auth_type': nothing is authenticated, as in"
                            + " keepalived; add auth_type PASS on all nodes",
                        at: password.position))
            }
            return
        }
        guard let password else {
            guard isPassword else { return }
            remarks.append(
                .warning(
                    "'auth_type PASS' without 'auth_pass': nothing is authenticated, as in"
                        + " keepalived", at: type.position))
            return
        }
        guard settings.version == .v2 else {
            remarks.append(
                .warning(
                    "'authentication' has no effect in version 3, which has no field for it (RFC"
                        + " 9568 §9); auth_hmac has", at: type.position))
            return
        }
        let bytes = password.text.utf8.prefix(8)
        if bytes.count < password.text.utf8.count {
            remarks.append(
                .warning(
                    "auth_pass: only the first 8 characters count, as in keepalived",
                    at: password.position))
        }
        guard let value = Password(String(decoding: bytes, as: UTF8.self)) else {
            throw .error(
                "auth_pass: must be 1 to 8 characters, none of them cut in two or zero",
                at: password.position)
        }
        settings.password = value
    }
}

/// The block `auth_hmac` of keepalived 2.4.3.
struct KeepalivedTrailer: Sendable {
    private let keyword: Word
    private var keys: [UInt8: [UInt8]] = [:]
    /// Whether keys were written, be they wrong ones.
    private var listsKeys = false
    private var activeKey: Word?
    private var antiReplay = MessageAuthentication.AntiReplay.time
    private var windowSeconds: Int?
    private var mode = MessageAuthentication.Mode.enforce

    init(keyword: Word) { self.keyword = keyword }

    static let table = KeywordTable<KeepalivedTrailer>(
        "keyword", scope: "in auth_hmac",
        [
            "key": .each { trailer, arguments throws(Remark) in
                trailer.listsKeys = true
                let id = UInt8(try arguments.integer(in: 0...255))
                let word = try arguments.next("a key: hex:…, file:… or 32 to 64 characters")
                guard trailer.keys.updateValue(try word.key(), forKey: id) == nil else {
                    throw .error("key \(id) is given twice", at: word.position)
                }
            },
            "active_key": .line { trailer, arguments throws(Remark) in
                trailer.activeKey = arguments.upcoming
                _ = try arguments.integer(in: 0...255)
            },
            "anti_replay": .line { trailer, arguments throws(Remark) in
                trailer.antiReplay = try arguments.choice([
                    "time": .time, "monotonic": .monotonic,
                ])
            },
            "time_window": .line { trailer, arguments throws(Remark) in
                trailer.windowSeconds = try arguments.integer(in: 1...300)
            },
            "mode": .line { trailer, arguments throws(Remark) in
                trailer.mode = try arguments.choice([
                    "enforce": .enforce, "permissive": .permissive, "receive-only": .receiveOnly,
                ])
            },
        ])

    /// The settings, with keepalived's defaults; of a single key, its number is the active one.
    fileprivate func finished(
        _ settings: VirtualRouterSettings
    ) throws(Remark) -> AuthenticationTrailerSettings? {
        guard let anyKey = keys.keys.first else {
            if listsKeys { return nil }
            throw .error("'auth_hmac' needs a 'key'", at: keyword.position)
        }
        var active = anyKey
        if let activeKey {
            active = UInt8(activeKey.text) ?? anyKey
        } else if keys.count > 1 {
            throw .error(
                "'auth_hmac' has several keys: say with 'active_key' which one signs",
                at: keyword.position)
        }
        guard keys[active] != nil else {
            throw .error(
                "active_key \(active): no key has this number",
                at: activeKey?.position ?? keyword.position)
        }
        let interval = settings.advertisementInterval
        return AuthenticationTrailerSettings(
            settings: MessageAuthentication(
                activeKeyID: active, mode: mode, antiReplay: antiReplay,
                windowSeconds: windowSeconds
                    ?? MessageAuthentication.defaultWindowSeconds(for: interval)),
            keys: keys)
    }
}

extension Arguments {
    fileprivate mutating func choice<Value>(_ values: [String: Value]) throws(Remark) -> Value {
        let names = values.keys.sorted()
        let word = try next(names.joined(separator: " or "))
        guard let value = values[word.text] else {
            throw .error(
                "\(label) \(word.text.quoted): must be \(names.joined(separator: " or "))",
                at: word.position, suggestion: names.nearest(to: word.text))
        }
        return value
    }
}

extension Word {
    /// The word as a key of 32 to 64 bytes; no message shows it.
    fileprivate func key() throws(Remark) -> [UInt8] {
        var written = Array(text.utf8)
        if text.hasPrefix("file:") {
            let path = String(text.dropFirst("file:".count))
            do throws(Diagnostic) {
                written = try InputFile(reading: path, waits: false).bytes
            } catch {
                throw .error("key file \(path.quoted): \(error.message)", at: position)
            }
        }
        let bytes = try Self.key(in: written, position)
        guard (32...64).contains(bytes.count) else {
            throw .error("the key has \(bytes.count) bytes, must have 32 to 64", at: position)
        }
        return bytes
    }

    /// The key that a text says: `hex:` and digits, or the characters themselves.
    private static func key(in text: [UInt8], _ position: Position) throws(Remark) -> [UInt8] {
        let line = text.last == 0x0A ? text.dropLast() : text[...]
        let prefix = Array("hex:".utf8)
        guard line.starts(with: prefix) else { return Array(line) }
        let digits = line.dropFirst(prefix.count).map {
            Character(UnicodeScalar($0)).hexDigitValue.map(UInt8.init)
        }
        guard digits.count.isMultiple(of: 2), !digits.contains(nil) else {
            throw .error(
                "the key after 'hex:' must be pairs of hexadecimal digits", at: position)
        }
        let values = digits.compactMap(\.self)
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}
