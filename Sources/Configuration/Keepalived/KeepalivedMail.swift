/// What `global_defs` says about mail.
struct KeepalivedMail: Sendable {
    private var recipients: [String] = []
    private var sender: String?
    private var server: String?
    private var port: UInt16 = 25
    private var heloName: String?
    private var timeout: Duration?
    private var omitsFaults = false

    /// The keywords.
    static func rules<Target>(_ field: Field<Target, KeepalivedMail>) -> [String: Rule<Target>] {
        [
            "notification_email": .block { target, arguments throws(Remark) in
                for word in arguments.block?.directives.flatMap(\.words) ?? [] {
                    do throws(Remark) {
                        target[keyPath: field].recipients.append(try word.mailAddress())
                    } catch { arguments.add(error) }
                }
            },
            "notification_email_from": .line { target, arguments throws(Remark) in
                target[keyPath: field].sender = try arguments.next("an address").mailAddress()
            },
            "smtp_server": .line { target, arguments throws(Remark) in
                target[keyPath: field].server = try arguments.next("a server").text
                guard arguments.upcoming != nil else { return }
                target[keyPath: field].port = UInt16(try arguments.integer(in: 1...65_535))
            },
            "smtp_helo_name": .line { target, arguments throws(Remark) in
                target[keyPath: field].heloName = try arguments.next("a name").text
            },
            "smtp_connect_timeout": .line { target, arguments throws(Remark) in
                target[keyPath: field].timeout = try arguments.seconds(
                    in: .seconds(1)...(.seconds(3600)))
            },
            "no_email_faults": .line { target, _ throws(Remark) in
                target[keyPath: field].omitsFaults = true
            },
        ]
    }

    /// The settings; `nil` where nobody is named. keepalived's server is this host.
    var settings: MailConfiguration? {
        guard !recipients.isEmpty else { return nil }
        var settings = MailConfiguration(server: server ?? "127.0.0.1", recipients: recipients)
        settings.port = port
        settings.heloName = heloName
        settings.sender = sender
        settings.timeout = timeout ?? settings.timeout
        settings.omitsFaults = omitsFaults
        return settings
    }
}

extension Word {
    /// The word as a mail address; what the server makes of it is its matter.
    fileprivate func mailAddress() throws(Remark) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7F }
        guard isPlain, !text.contains("<"), !text.contains(">"), text.utf8.count <= 254 else {
            throw .error(
                "\(text.quoted): must be a mail address, such as admin@example.test", at: position)
        }
        return text
    }
}
