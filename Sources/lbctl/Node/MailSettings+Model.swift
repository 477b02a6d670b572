#if Program
internal import Failover
internal import LinuxIO
internal import NodeConfiguration

extension MailSettings {
    /// Mail as the model has it: this program itself sends it, as a process for each.
    init(_ mail: MailConfiguration, node: String?) {
        let host = HostName.current
        let program = [
            "/proc/self/exe", MailCommand.name, "--server", mail.server, "--port", "\(mail.port)",
            "--helo", mail.heloName ?? host, "--from", mail.sender ?? "keepalived@\(host)",
            "--timeout", "\(mail.timeout / .seconds(1))",
        ]
        let recipients = mail.recipients.flatMap { ["--to", $0] }
        self.init(program: program + recipients + ["--"], nodeName: node ?? host)
        omitsFaults = mail.omitsFaults
    }
}
#endif
